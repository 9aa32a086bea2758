// What a reader does to the page, run behind the page's own script by TestBrowser. Its findings go into #outcome.
{
	const outcome = {};
	const first = (selector) => document.querySelector(selector);
	const names = (table) => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim().split(/\s/)[0]);

	// The address chose a workload before the script ran.
	outcome.shown = [...document.querySelectorAll(".workload:not([hidden])")].map((part) => part.dataset.workload);
	outcome.chip = first('.chips a[data-filter="workload"][aria-current]').textContent;
	location.hash = "#cost";
	dispatchEvent(new HashChangeEvent("hashchange"));
	outcome.shownAfterwards = document.querySelectorAll(".workload:not([hidden])").length;

	// A click on a heading sorts, a second one turns the order.
	const table = first(".workload table.sortable");
	const heading = table.tHead.rows[0].cells[1];
	outcome.unsorted = names(table);
	heading.querySelector("button").click();
	outcome.ascending = names(table);
	heading.querySelector("button").click();
	outcome.descending = names(table);
	outcome.sorted = heading.getAttribute("aria-sort");

	// Pointing at a value shows it, and the ring lies on it.
	const plot = first('figure[data-chart="cpu-closed-64"] .plot'), svg = plot.querySelector("svg");
	const spot = hotspots["cpu-closed-64"][2];
	const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
	const pointAt = (x, y) => plot.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x * scale, clientY: box.top + y * scale }));
	pointAt(spot.x + 40, spot.y + 3);
	outcome.tip = plot.querySelector(".tip").textContent;
	outcome.wanted = spot.n + spot.s;
	const ring = plot.querySelector(".ring").getBoundingClientRect();
	outcome.ringOff = Math.hypot(ring.left + ring.width / 2 - box.left - spot.x * scale, ring.top + ring.height / 2 - box.top - spot.y * scale);
	pointAt(spot.x, 5);
	outcome.tipGone = plot.querySelector(".tip").hidden;

	// The keyboard steps through the values.
	for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) plot.dispatchEvent(new KeyboardEvent("keydown", { key }));
	outcome.keyed = plot.querySelector(".tip b").textContent;
	outcome.keyedWanted = hotspots["cpu-closed-64"][0].n;

	// Paper shows everything.
	dispatchEvent(new Event("beforeprint"));
	outcome.foldedInPrint = document.querySelectorAll("details:not([open]):not(.clean)").length;
	dispatchEvent(new Event("afterprint"));
	outcome.foldedAgain = document.querySelectorAll("details:not([open])").length > 0;

	outcome.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	const note = document.createElement("pre");
	note.id = "outcome";
	note.textContent = JSON.stringify(outcome);
	document.body.append(note);
}
