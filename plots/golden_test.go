package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// goldenCharts are the approved kinds: a plain dot plot, hollow dots, dotted lines, an axis that counts by factors, lines over
// connections; of a run of other purposes, lines that break off, stacked bars and heat.
var (
	goldenCharts = []string{"cpu-closed-64", "throughput-pipelined-16", "latency-pipelined-16", "memory-idle-2000", "scaling-closed-64b-depth1"}
	goldenBeside = []string{"latency-by-load-open-5k", "calls-closed-64", "latency-over-time-goroutine-open-1k"}
)

// TestGolden compares one chart of each kind with the picture that was approved. Open the file in testdata/golden in a browser
// to see it; after an intended change run `go test ./plots -run Golden -update` and look at the difference.
func TestGolden(t *testing.T) {
	drawn := besidePictures(t, besideRun())
	for name, p := range quickPictures(t) {
		drawn[name] = p
	}
	for _, name := range append(goldenCharts, goldenBeside...) {
		t.Run(name, func(t *testing.T) {
			p, ok := drawn[name]
			if !ok {
				t.Fatalf("the synthetic run has no chart %s", name)
			}
			compareGolden(t, filepath.Join("testdata", "golden", name+".svg"), p.svg)
		})
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	other := filepath.Join(os.TempDir(), "got-"+filepath.Base(path))
	if err := os.WriteFile(other, got, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s differs: what was drawn is in %s; if it is right, run again with -update", path, other)
}
