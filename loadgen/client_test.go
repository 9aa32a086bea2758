package main

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reactorbench/results"
)

// The ratio of every run is that of the whole process to bare, and says so where there is none.
func TestTableTellsTheGeneratorsCost(t *testing.T) {
	gnet, bare := cells("gnet", 4500, nil), cells("bare", 3750, nil)
	threadAlone := cells("bare", 3750, func(r *results.Record) { r.ClientProcessCPUPerRequestNs = 0 })
	for _, c := range []struct {
		records []results.Record
		want    string
	}{
		{append(slices.Clone(gnet), bare...), "  client ÷ bare: 0.78 ±0.02 (6 blocks); 90.0 % of it are the engine threads\n"}, // 3000 ÷ (3750 × 1.025)
		{bare[:2], "  client ÷ bare: 0.80 (2 blocks); 90.0 %"},
		{gnet, "  client ÷ bare: not known, no cell of bare\n"},
		{threadAlone, "  client ÷ bare: not known, no cell of bare has both CPU times\n"},
	} {
		var out bytes.Buffer
		if printClient(&out, c.records, results.Summarise(c.records), "closed-64"); !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("%q, want %q", &out, c.want)
		}
	}
}

// The end of the run's table has the ratio of each workload that has requests.
func TestSummaryOfTheRunTellsTheRatioOfEachWorkload(t *testing.T) {
	records := append(cells("bare", 3750, nil), openCells("gnet", nil)...)
	loads := []Workload{{Name: "closed-64", Loop: "closed", Conns: 64, Depth: 1, MessageBytes: 64}, {Name: "open-20k", Loop: "open", Conns: 64, Rate: 20_000, MessageBytes: 64}, {Name: "idle-9", Loop: "idle", Conns: 9, MessageBytes: 64}}
	var out bytes.Buffer
	printTable(&out, records, loads, "the end")
	_, summary, found := strings.Cut(out.String(), "\nclient ÷ bare: CPU per request of the generator's whole process")
	if !found || !strings.Contains(summary, "\n  closed-64  0.78 ±0.02 (6 blocks)\n  open-20k   not known, no cell of bare\n\nthe end\n") {
		t.Errorf("\n%s", &out)
	}
}

// pairSlices are those of bare and a head in a block, of which the generator cost so much.
func pairSlices(base string, process float64) (slices []results.Record) {
	for i, impl := range []string{base, "gnet"} {
		slices = append(slices, results.Record{Impl: impl, Role: pairRoles[i], Pair: "gnet", Workload: "w", ServerCPUPerRequestNs: 3000, ClientProcessCPUPerRequestNs: process})
	}
	return slices
}

func TestPairTableTellsTheRatio(t *testing.T) {
	for base, wants := range map[string][]string{
		"bare":  {"1 of 1  0.80 (1 block)\n", "  client ÷ bare: CPU per request of"},
		"other": {"1 of 1  not known, no cell of bare\n", "  client ÷ bare: not known, no cell of bare\n"},
	} {
		var out bytes.Buffer
		printPairs(&out, pairSlices(base, 2400), "the end")
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: lacks %q:\n%s", base, want, &out)
			}
		}
	}
}

func TestScaleTableTellsTheRatioAtEachNumber(t *testing.T) {
	var records []results.Record
	for i, n := range []int{1, 2} {
		records = append(records, results.Record{Impl: "bare", Purpose: "scale", Conns: n, ServerCPUPerRequestNs: 3000, ClientProcessCPUPerRequestNs: 1500 * float64(1+i)})
	}
	if row := scaledClient(records, []int{1, 2, 4}); !slices.Equal(row, []string{"client ÷ bare", "0.50 (1 block)", "1.00 (1 block)", "–"}) {
		t.Errorf("%q", row)
	}
}

func TestSweepAndSearchTellTheRatioOfBareAlone(t *testing.T) {
	at := func(impl string, perSecond, process float64) results.Record {
		return results.Record{Impl: impl, AskedPerSecond: perSecond, ServerCPUPerRequestNs: 3000, ClientProcessCPUPerRequestNs: process}
	}
	if row := sweepRow(10, at("bare", 100, 2400)); row[len(row)-2] != "0.80 (1 block)" {
		t.Errorf("%q", row)
	}
	if row := sweepRow(10, at("gnet", 100, 2400)); row[len(row)-2] != "–" {
		t.Errorf("%q", row)
	}
	probes := []results.Record{at("bare", 100, 1200), at("bare", 900, 2400), at("bare", 2000, 9000), at("gnet", 900, 1)}
	for impl, want := range map[string]string{"bare": "0.80 (1 probe)", "gnet": "–"} {
		if text := searchedClient(probes, impl, Found{Holds: 1000, Breaks: 1050}); text != want {
			t.Errorf("%s: %q, want %q", impl, text, want)
		}
	}
	if e := results.ClientRatio(nearestRate(probes[:3], 5000)); math.Abs(e.Median-3) > 1e-9 {
		t.Errorf("beyond the last rate: %+v", e)
	}
}

const withoutBare = "client ÷ bare: not known, no cell of bare\n"

// Each report of a run without bare says that there is no ratio; TestSearchAndSweepCommands asks the same of these two.
func TestReportsWithoutBareSaySo(t *testing.T) {
	for name, arguments := range map[string][]string{
		"table": {"-workload", mine(t, "closed", 4), "-blocks", "1"},
		"scale": {"-scale", "-workload", mine(t, "closed", 8), "-blocks", "1"},
		"pairs": {"-base", implementations(t, "none"), "-workload", mine(t, "closed", 4), "-blocks", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, stdout, stderr := loadgen(t, append(arguments, "-seed", "4", "-duration", "60ms", "-out", filepath.Join(t.TempDir(), "run"), implementations(t, "none"))...)
			if code := exitCode(t, cmd); code != exitDone {
				t.Fatalf("exit status %d: %s", code, stderr)
			}
			if !strings.Contains(stdout.String(), withoutBare) {
				t.Errorf("\n%s", stdout)
			}
		})
	}
}
