package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

// syntheticHistory is thirty runs: one server steady, one that became 9 % dearer, one that became cheaper.
func syntheticHistory() (lines []results.HistoryLine) {
	random := rand.New(rand.NewPCG(41, 0))
	for run := range 30 {
		for i, impl := range []string{"reactor/epoll", "goroutine", "gnet"} {
			ratio := []float64{1.02, 1.22, 1.31}[i]
			switch {
			case impl == "reactor/epoll" && run >= 18:
				ratio *= 1.09
			case impl == "gnet" && run >= 12:
				ratio *= 0.9
			}
			ratio *= 1 + 0.012*random.NormFloat64()
			lines = append(lines, results.HistoryLine{
				Schema: results.HistorySchema, RunID: fmt.Sprintf("run-%02d", run), Time: time.Unix(int64(run)*86400, 0).UTC(), EnvID: "0123456789ab",
				Commit: fmt.Sprintf("%07x", 0x9f3c2ab+run*0x1111), Impl: impl, Workload: "closed-64", Ratio: ratio, Low: ratio * 0.98, High: ratio * 1.02, Blocks: 9,
			})
		}
	}
	return lines
}

func TestHistoryGolden(t *testing.T) {
	charts := historyCharts(syntheticHistory())
	if len(charts) != 1 {
		t.Fatalf("%d charts of one workload on one machine", len(charts))
	}
	svg, spots, err := charts[0].Page.svg()
	if err != nil || len(spots) != 90 {
		t.Fatalf("%d hotspots, %v", len(spots), err)
	}
	compareGolden(t, filepath.Join("testdata", "golden", "history.svg"), svg)
	var changes []string
	for _, row := range charts[0].Table.Rows {
		changes = append(changes, row[0]+" "+row[4])
	}
	if got := strings.Join(changes, ", "); !strings.Contains(got, "gnet –, gnet -") || !strings.Contains(got, "goroutine –, reactor") || !strings.Contains(got, "reactor/epoll +") {
		t.Errorf("the table says %s", got)
	}
}

func TestHistoryCommand(t *testing.T) {
	dir := t.TempDir()
	file, out := filepath.Join(dir, "history.jsonl"), filepath.Join(dir, "charts-of-history")
	lines := syntheticHistory()
	for i := range lines[:6] {
		lines[i].EnvID = "another"
	}
	if err := results.AppendHistory(file, lines); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := plots([]string{"-history", file, out}, &stdout, &stderr); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	for _, name := range []string{"history-closed-64-0123456789ab.svg", "history-closed-64-another.png"} {
		if _, err := os.Stat(filepath.Join(out, "charts", name)); err != nil {
			t.Errorf("%v; written:\n%s", err, stdout.String())
		}
	}
	stderr.Reset()
	if status := plots([]string{"-history", filepath.Join(dir, "missing"), out}, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "missing") {
		t.Errorf("a missing file: exit status %d, %q", status, stderr.String())
	}
}
