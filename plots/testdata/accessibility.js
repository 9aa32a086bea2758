// What is wrong with the page for those who see little, hear it or hold a small screen: a list of sentences.
(() => {
	const problems = new Set();
	const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
	const luminance = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const contrast = (a, b) => {
		const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
		return (high + 0.05) / (low + 0.05);
	};
	const ground = (node) => {
		for (; node; node = node.parentElement) {
			const colour = channels(getComputedStyle(node).backgroundColor);
			if (colour.length === 3 || colour[3] > 0) return colour;
		}
		return [255, 255, 255];
	};
	for (const details of document.querySelectorAll("details")) details.open = true;

	// WCAG 2.2, 1.4.3: 4.5 to 1 for text. Words inside a chart stand on its white card and are tested with the palette.
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const holder = texts.currentNode.parentElement;
		if (texts.currentNode.data.trim() === "") continue;
		if (holder.closest("svg, script") || !holder.checkVisibility()) continue;
		const ratio = contrast(channels(getComputedStyle(holder).color), ground(holder));
		if (ratio < 4.5) problems.add(`contrast ${ratio.toFixed(2)} of ${holder.tagName} ${holder.className}`);
	}
	let level = 0;
	for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
		const now = Number(heading.tagName[1]);
		if (now > level + 1) problems.add(`heading ${heading.tagName} "${heading.textContent}" follows level ${level}`);
		level = now;
	}
	if (document.querySelectorAll("h1").length !== 1) problems.add("heading: not exactly one h1");
	for (const th of document.querySelectorAll("th:not([scope])")) problems.add(`th without scope: ${th.textContent}`);
	for (const table of document.querySelectorAll("table")) if (!table.tHead) problems.add("scope: a table without headings");
	for (const control of document.querySelectorAll("a[href], button, summary, [tabindex='0']")) {
		if ((control.ariaLabel || control.textContent).trim() === "") problems.add(`no name: ${control.outerHTML.slice(0, 80)}`);
	}
	for (const image of document.querySelectorAll("svg:not([aria-hidden])")) {
		if (image.getAttribute("role") !== "img" || !image.querySelector("title")) problems.add("no name: a picture");
	}
	for (const nav of document.querySelectorAll("nav:not([aria-label])")) problems.add("no name: " + nav.outerHTML.slice(0, 40));
	const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	if (over > 0) problems.add(`sticks out sideways by ${over} pixels`);
	return [...problems];
})()
