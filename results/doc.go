// Package results is what a run leaves behind, and the only way to read it.
//
// A run is a folder, results/<utc>-<shortcommit>:
//
//	records.jsonl      one line a cell: a fresh server, one workload, one block
//	env.json           the machine, kernel, settings and versions that the figures belong to
//	conformance.json   whether each server is right at all
//	hdr/*.hlog         the histograms once more, for the tools of HdrHistogram
//
// and, where they were asked for, records.csv, benchmarks.txt, github-*.json and hdr/*.hgrm: see Export.
//
// Records are appended and never edited. Each goes out in one write, so a run that is interrupted keeps every cell
// that it finished, and a reader skips (and reports) the half line that a power cut may leave:
//
//	w, err := results.Append(dir)
//	err = w.Write(record)
//
//	run, err := results.Open(dir)
//	for _, s := range results.Summarise(run.Records()) { ... }
//
// Every name carries its unit, and a figure that was not measured is absent, which is not the same as zero. schema.json says
// it to programs in other languages.
package results
