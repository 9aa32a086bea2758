package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"reactorbench/results"
)

// committedRun is the run that the gallery is made from. It holds no sweep, no traces, few numbers of connections and no latencies
// over time; short runs for these lie in testdata/gallery.
const committedRun = "../results/2026-11-25T19-21-51Z-e0d0093"

const (
	loadRun        = "testdata/gallery/2026-11-25T17-28-23Z-89ee473"
	callsRun       = "testdata/gallery/2026-11-25T17-13-17Z-f35bbee"
	connectionsRun = "testdata/gallery/2026-11-25T17-32-14Z-89ee473"
	overTimeRun    = "testdata/gallery/2026-11-25T17-27-44Z-89ee473"
	noRun          = ""
)

// gallery is one chart of each kind, how to read it and how to get one.
var gallery = []struct {
	run, chart string
	heading    string
	reads      string
	again      string
}{
	{committedRun, "cpu-closed-64", "CPU per request", "The figure that survives a busy machine. A row whose interval crosses the dashed line is grey: no difference can be claimed.", "loadgen -suite quick"},
	{committedRun, "latency-closed-64", "Response percentiles", "Each step to the right is ten times rarer. A family has a panel; grey lines are the others, dashed is bare.", "loadgen -suite quick"},
	{committedRun, "throughput-pipelined-16", "Throughput", "Hollow where the client was the limit: a lower bound, compared with nothing.", "loadgen -suite quick"},
	{committedRun, "memory-idle-2000", "Bytes per idle connection", "Counted by factors, since a few bytes and many kilobytes stand in one picture.", "loadgen -suite quick"},
	{loadRun, "latency-by-load-open-5k", "Latency against offered load", "The ring is the last load that was sustained, and the figure beside the name is that load; past it points are crossed out and no line leads on. " +
		"A short run on two shared cores while they had other work: the client was the limit throughout, so the points are hollow, the figures are lower bounds, and it shows the form and not the servers.",
		"loadgen -sweep -duration 500ms -workload open-5k, six times into one folder"},
	{callsRun, "calls-closed-64", "System calls per request", "One bar for each server, by name, the same shade for the same call. Pale is what a runtime does by the clock, and more of it for a slow request; a traced server is slow.",
		"loadgen -syscalls -duration 300ms -workload closed-64"},
	{connectionsRun, "scaling-closed-64b-depth1", "Scaling with connections", "A flat line is a server that does not care how many connections there are. A short run on two shared cores while they had other work: the bands are wide.",
		"loadgen -blocks 6 -duration 500ms with workloads that differ in conns alone"},
	{overTimeRun, "latency-over-time-goroutine-open-5k", "Latency over time", "One cell. A column is a stretch of time, darker is more requests, the line is the 99th percentile. The stops here are those of two shared cores with other work, not of the server.",
		"loadgen -every 200ms -duration 12s -blocks 1 -workload open-5k"},
	{noRun, "history-closed-64-0123456789ab", "History", "Made-up data, since a history takes many commits: one server became dearer, one cheaper, one stayed. Black are the levels between changes.", "ci history, then plots -history"},
}

// TestGalleryIsUpToDate: the pictures in gallery/ and GALLERY.md are what the charts look like now. After an intended change run
// `go test ./plots -run Gallery -update` and look at them.
func TestGalleryIsUpToDate(t *testing.T) {
	want := map[string][]byte{"GALLERY.md": galleryPage()}
	drawn := map[string]map[string]picture{noRun: historyPictures(t)}
	for _, g := range gallery {
		if drawn[g.run] == nil {
			drawn[g.run] = picturesOf(t, studyIn(t, g.run))
		}
		p, ok := drawn[g.run][g.chart]
		if !ok {
			t.Fatalf("%s has no chart %s", g.run, g.chart)
		}
		want[galleryFile(g.chart)] = p.svg
	}
	if *update {
		if err := os.MkdirAll("gallery", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range want {
		compareGolden(t, path, text)
	}
	found, _ := filepath.Glob("gallery/*") // the pattern is well-formed
	for _, path := range found {
		if want[filepath.ToSlash(path)] == nil {
			t.Errorf("%s belongs to no chart of the gallery", path)
		}
	}
}

func galleryFile(chart string) string { return "gallery/" + chart + ".svg" }

func galleryPage() []byte {
	var page bytes.Buffer
	fmt.Fprint(&page, "# The charts\n\nOne of each kind, from runs that are in this repository. Each carries its interval or says that it has none, its sample size, its\n"+
		"environment and its commit; one implementation has one colour and one marker in all of them.\n"+
		"Made by `go test ./plots -run Gallery -update`; a test fails when they are out of date.\n")
	for _, g := range gallery {
		from := "made-up data"
		if g.run != noRun {
			from = "[`" + filepath.Base(g.run) + "`](" + g.run + ")"
		}
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n![%s](%s)\n\nFrom %s; one's own: `%s`.\n", g.heading, g.reads, g.heading, galleryFile(g.chart), from, g.again)
	}
	return page.Bytes()
}

func historyPictures(t *testing.T) map[string]picture {
	t.Helper()
	all := map[string]picture{}
	for _, c := range historyCharts(syntheticHistory()) {
		p, err := render(c)
		if err != nil {
			t.Fatal(err)
		}
		all[p.File] = p
	}
	return all
}

// TestOneLookInTheWholeGallery: what has a colour and a marker in one run has them in every other.
func TestOneLookInTheWholeGallery(t *testing.T) {
	seen := map[string]look{}
	for _, dir := range []string{committedRun, loadRun, callsRun, connectionsRun, overTimeRun} {
		run, err := results.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newStudy(run)
		if err != nil {
			t.Fatal(err)
		}
		for name, l := range s.Looks {
			if before, known := seen[name]; known && (before.Color != l.Color || before.Marker != l.Marker || !slices.Equal(before.Dash, l.Dash)) {
				t.Errorf("%s looks different in %s", name, dir)
			}
			seen[name] = l
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d implementations", len(seen))
	}
}
