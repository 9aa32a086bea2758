// Sorting, one workload at a time, and values on pointing. The page says everything without this.
"use strict";
document.documentElement.classList.add("js");

// Tables: a click on a heading sorts by it, a second click turns the order. Rows without a value stay last.
for (const table of document.querySelectorAll("table.sortable")) {
	const headings = [...table.tHead.rows[0].cells];
	headings.forEach((heading, column) => {
		const button = document.createElement("button");
		button.className = "sort";
		button.append(...heading.childNodes);
		heading.append(button);
		button.addEventListener("click", () => {
			const descending = heading.getAttribute("aria-sort") === "ascending";
			headings.forEach((other) => other.removeAttribute("aria-sort"));
			heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
			sortRows(table.tBodies[0], column, descending);
		});
	});
}

function sortRows(body, column, descending) {
	const key = (row) => {
		const cell = row.cells[column];
		return column === 0 ? cell.textContent.trim() : cell.dataset.sort === "" ? null : Number(cell.dataset.sort);
	};
	const compare = (a, b) => {
		const x = key(a), y = key(b);
		if (x === null || y === null) return (x === null) - (y === null);
		const order = column === 0 ? x.localeCompare(y) : x - y;
		return descending ? -order : order;
	};
	body.append(...[...body.rows].sort(compare));
}

// Chips: the chosen workload stands in the address, so that a link shows what its sender saw.
const chips = [...document.querySelectorAll(".chips a")];

function showWorkload() {
	const [, chosen = ""] = decodeURIComponent(location.hash).match(/^#workload=(.*)$/s) || [];
	const known = chips.some((chip) => chip.dataset.show === chosen);
	for (const part of document.querySelectorAll(".workload")) {
		part.hidden = known && chosen !== "" && part.dataset.workload !== chosen;
	}
	for (const chip of chips) {
		chip.toggleAttribute("aria-current", chip.dataset.show === (known ? chosen : ""));
	}
}
addEventListener("hashchange", showWorkload);
showWorkload();

// Charts: the nearest value answers the pointer; with the keyboard, arrows step through the values.
const hotspots = JSON.parse(document.getElementById("hotspots").textContent);

for (const figure of document.querySelectorAll("figure[data-chart]")) {
	const spots = hotspots[figure.dataset.chart] || [];
	if (spots.length > 0) answer(figure.querySelector(".plot"), spots, "rows" in figure.dataset);
}

function answer(plot, spots, rows) {
	const svg = plot.querySelector("svg"), frame = svg.viewBox.baseVal;
	const ring = document.createElement("div"), tip = document.createElement("div");
	ring.className = "ring";
	tip.className = "tip";
	tip.setAttribute("role", "status");
	plot.tabIndex = 0;
	plot.setAttribute("aria-label", svg.querySelector("title").textContent + " Arrow keys step through the values.");
	let current = -1;

	function show(index) {
		current = index;
		const spot = spots[index], scale = svg.clientWidth / frame.width;
		const name = document.createElement("b");
		name.textContent = spot.n;
		tip.replaceChildren(name, spot.s);
		plot.append(ring, tip);
		ring.style.left = spot.x * scale + "px";
		ring.style.top = tip.style.top = spot.y * scale + "px";
		const half = tip.offsetWidth / 2 + 4;
		tip.style.left = Math.min(Math.max(spot.x * scale, half), svg.clientWidth - half) + "px";
		tip.classList.toggle("below", spot.y * scale < tip.offsetHeight + 16);
	}
	function hide() {
		current = -1;
		ring.remove();
		tip.remove();
	}
	function nearest(event) {
		const box = svg.getBoundingClientRect(), scale = frame.width / box.width;
		const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
		const reach = rows ? 11 : 26; // in points of the chart: half a row, or a fingertip
		let best = -1, closest = Infinity;
		spots.forEach((spot, index) => {
			const distance = rows ? Math.abs(spot.y - y) : Math.hypot(spot.x - x, spot.y - y);
			if (distance < closest) [best, closest] = [index, distance];
		});
		return closest <= reach ? best : -1;
	}
	function point(event) {
		const index = nearest(event);
		if (index < 0) hide();
		else if (index !== current) show(index);
	}
	plot.addEventListener("pointermove", point);
	plot.addEventListener("pointerdown", point);
	plot.addEventListener("pointerleave", hide);
	plot.addEventListener("blur", hide);
	plot.addEventListener("focus", () => { if (current < 0 && plot.matches(":focus-visible")) show(0); });
	plot.addEventListener("keydown", (event) => {
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
		if (event.key === "Escape") hide();
		if (!step) return;
		event.preventDefault();
		show((current + step + spots.length) % spots.length);
	});
}

// Paper has no clicks: while printing every detail is open, except of checks that everyone passes.
let folded = [];
addEventListener("beforeprint", () => {
	folded = [...document.querySelectorAll("details:not([open]):not(.clean)")];
	folded.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
