// Reads the logs that are named and prints, as one JSON document, what hdr-histogram-js finds in each: its intervals one by one, and the
// table of all of them added up, in µs.
const { readFileSync } = require("node:fs");
const hdr = require("hdr-histogram-js");

function read(path) {
  const reader = new hdr.HistogramLogReader(readFileSync(path, "utf8"), 64, false);
  const intervals = [];
  let sum = null;
  for (let h = reader.nextIntervalHistogram(); h != null; h = reader.nextIntervalHistogram()) {
    intervals.push({
      tag: h.tag, count: h.totalCount, start_ms: h.startTimeStampMsec, end_ms: h.endTimeStampMsec, max: h.maxValue,
      percentiles: Object.fromEntries([50, 90, 99, 99.9].map((p) => [String(p), h.getValueAtPercentile(p)])),
    });
    if (sum === null) sum = h;
    else sum.add(h);
  }
  return { intervals, table: sum === null ? "" : sum.outputPercentileDistribution(5, 1000, false) };
}

console.log(JSON.stringify(Object.fromEntries(process.argv.slice(2).map((path) => [path, read(path)]))));
