package results

import (
	"math"
	"testing"
)

func slice(role string, block, round int, cpu float64) Record {
	return Record{Role: role, Pair: "x", Workload: "w", Block: block, Round: round, ServerCPUPerRequestNs: cpu}
}

func TestPairRatiosAreMeansOverRounds(t *testing.T) {
	records := []Record{
		slice("head", 1, 0, 4000), slice("base", 1, 0, 4000), // blocks come in their order, whatever that of the records
		slice("base", 0, 0, 1000), slice("head", 0, 0, 1100), slice("head", 0, 1, 1210), slice("base", 0, 1, 1000),
		{Impl: "bare", Workload: "w", ServerCPUPerRequestNs: 5}, // of no pair
		{Role: "base", Pair: "y", Workload: "w", ServerCPUPerRequestNs: 5},
		{Role: "head", Pair: "x", Workload: "v", ServerCPUPerRequestNs: 5},
	}
	ratios, all := PairRatios(records, PairSeries{"x", "w"})
	want := []float64{(math.Log(1.1) + math.Log(1.21)) / 2, 0}
	if all != 2 || len(ratios) != 2 || math.Abs(ratios[0]-want[0]) > 1e-12 || ratios[1] != want[1] {
		t.Errorf("got %v of %d blocks, want %v of 2", ratios, all, want)
	}
}

func TestPairsComeInTheirOrder(t *testing.T) {
	got := Pairs([]Record{{Workload: "w"}, {Role: "base", Pair: "b", Workload: "w"}, {Role: "head", Pair: "a", Workload: "w"}, {Role: "head", Pair: "b", Workload: "w"}})
	if len(got) != 2 || got[0].Pair != "b" || got[1].Pair != "a" {
		t.Errorf("got %v", got)
	}
}

func TestPairRatiosLeaveIncompleteBlocksOut(t *testing.T) {
	for name, records := range map[string][]Record{
		"a slice without figure": {slice("base", 0, 0, 1000), slice("head", 0, 0, 1000), slice("base", 0, 1, 1000), slice("head", 0, 1, 0)},
		"no base":                {slice("head", 0, 0, 1000)},
		"no head":                {slice("base", 0, 0, 1000)},
	} {
		if ratios, all := PairRatios(records, PairSeries{"x", "w"}); len(ratios) != 0 || all != 1 {
			t.Errorf("%s: got %v of %d blocks, want none of 1", name, ratios, all)
		}
	}
}
