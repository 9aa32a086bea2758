// Sorting, filters that stand in the address, and values on pointing. The page says everything without this.
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

// Filters: what is shown follows from the address alone, so a link, a reload and the way back show what their sender saw. Each chip is
// a link to the state that it leads to.
const chips = [...document.querySelectorAll(".chips a")];
const offered = (filter) => chips.filter((chip) => chip.dataset.filter === filter).map((chip) => chip.dataset.value);

function stateOf(hash) {
	const given = new URLSearchParams(hash.includes("=") ? hash.slice(1) : "");
	const known = (filter) => (given.get(filter) || "").split(",").filter((value) => value !== "" && offered(filter).includes(value));
	return { workload: known("workload").slice(0, 1), servers: known("servers"), sound: known("sound").slice(0, 1) };
}

function addressOf(state) {
	const parts = Object.entries(state).filter(([, values]) => values.length > 0);
	return "#" + (parts.map(([filter, values]) => filter + "=" + values.map(encodeURIComponent).join(",")).join("&") || "all");
}

// Servers add up, since one compares several; of the others one is chosen. "All" takes back what its row has chosen.
function after(state, filter, value) {
	if (value === "") return filter === "servers" ? { ...state, servers: [], sound: [] } : { ...state, [filter]: [] };
	const chosen = state[filter], without = chosen.filter((other) => other !== value);
	const values = without.length < chosen.length ? without : filter === "servers" ? [...chosen, value] : [value];
	return { ...state, [filter]: values };
}

function isChosen(state, filter, value) {
	if (value !== "") return state[filter].includes(value);
	return state[filter].length === 0 && (filter !== "servers" || state.sound.length === 0);
}

function applyAddress() {
	const state = stateOf(location.hash);
	const shows = (server) => {
		const { impl, sound } = server.dataset, kin = impl.split("/")[0];
		return kin === "bare" || ((state.servers.length === 0 || state.servers.includes(kin)) && (state.sound.length === 0 || sound !== undefined));
	};
	for (const part of document.querySelectorAll(".workload")) {
		part.hidden = state.workload.length > 0 && part.dataset.workload !== state.workload[0];
	}
	for (const row of document.querySelectorAll("tr[data-impl]")) row.hidden = !shows(row);
	for (const chip of chips) {
		const { filter, value } = chip.dataset;
		chip.href = addressOf(after(state, filter, value));
		if (isChosen(state, filter, value)) chip.setAttribute("aria-current", "true");
		else chip.removeAttribute("aria-current");
	}
	showColumns(shows);
}

// The columns of the matrix are places in many grids; one rule hides a place in all of them.
const columnRules = document.head.appendChild(document.createElement("style"));

function showColumns(shows) {
	const servers = [...document.querySelectorAll(".matrix .server")], matrix = document.querySelector(".matrix");
	const gone = servers.flatMap((server, column) => shows(server) ? [] : `.line > :nth-child(${column + 2})`);
	columnRules.textContent = gone.length > 0 ? `@media screen { ${gone.join(", ")} { display: none; } }` : "";
	if (matrix) matrix.style.setProperty("--columns", servers.length - gone.length);
}
addEventListener("hashchange", applyAddress);
applyAddress();
if (stateOf(location.hash).workload.length > 0) document.querySelector(".workload:not([hidden])").scrollIntoView();

// The matrix: a click on a server's failure opens the check at what that server did.
for (const summary of document.querySelectorAll(".check > summary")) {
	summary.addEventListener("click", (event) => {
		const column = [...summary.children].indexOf(event.target.closest(".line > .bad, .line > .doubt"));
		if (column < 1) return;
		event.preventDefault();
		const check = summary.parentElement, { impl } = document.querySelectorAll(".matrix .server")[column - 1].dataset;
		const outcome = [...check.querySelectorAll(".outcome")].find((one) => one.dataset.impl === impl);
		check.open = true;
		outcome.focus({ preventScroll: true });
		outcome.scrollIntoView({ block: "nearest" });
	});
}

// A link to what lies in closed details opens them, also in browsers that do not do so by themselves.
function reveal() {
	const target = document.querySelector(":target");
	if (!target) return;
	for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
	target.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("load", reveal);

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
	tip.setAttribute("role", "status"); // read aloud when its text changes, if it was there before
	tip.hidden = ring.hidden = true;
	plot.append(ring, tip);
	plot.tabIndex = 0;
	plot.setAttribute("role", "group");
	plot.setAttribute("aria-label", svg.querySelector("title").textContent + " Arrow keys step through the values.");
	let current = -1;

	function show(index) {
		current = index;
		const spot = spots[index], scale = svg.clientWidth / frame.width;
		const name = document.createElement("b");
		name.textContent = spot.n;
		tip.hidden = ring.hidden = false;
		tip.replaceChildren(name, spot.s);
		ring.style.left = spot.x * scale + "px";
		ring.style.top = tip.style.top = spot.y * scale + "px";
		const half = tip.offsetWidth / 2 + 4;
		tip.style.left = Math.min(Math.max(spot.x * scale, half), svg.clientWidth - half) + "px";
		tip.classList.toggle("below", spot.y * scale < tip.offsetHeight + 16);
	}
	function hide() {
		current = -1;
		tip.hidden = ring.hidden = true;
		tip.replaceChildren();
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
		const last = spots.length - 1, next = (current + 1) % spots.length, previous = (current + last) % spots.length;
		const index = { ArrowRight: next, ArrowDown: next, ArrowLeft: previous, ArrowUp: previous, Home: 0, End: last }[event.key];
		if (event.key === "Escape") hide();
		if (index === undefined) return;
		event.preventDefault();
		show(index);
	});
}

// Paper has no clicks: while printing every detail is open, except of checks that nobody fails.
let folded = [];
addEventListener("beforeprint", () => {
	folded = [...document.querySelectorAll("details:not([open]):not(.clean)")];
	folded.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
