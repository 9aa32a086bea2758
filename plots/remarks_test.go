package main

import (
	"slices"
	"testing"

	"reactorbench/results"
)

// TestRemarksSaySimilarThingsOnce: a hundred sentences that differ in a number are one with a range.
func TestRemarksSaySimilarThingsOnce(t *testing.T) {
	w := workload{Rows: []results.Summary{{Impl: "a", Blocks: 3}, {Impl: "b", Blocks: 2, Errors: []string{"died"}}}}
	limited := func(impl, why string) {
		w.Records = append(w.Records, results.Record{Impl: impl, ClientLimited: true, ClientLimitedWhy: why})
	}
	limited("a", "the generator waited 9 % of the time for a core")
	limited("a", "the generator waited 85 % of the time for a core")
	limited("a", "the generator waited 12.5 % of the time for a core")
	limited("b", "the generator used 98 % of its core")
	w.Records = append(w.Records, results.Record{Impl: "b", Error: "died"}, results.Record{Impl: "b", Warnings: []string{"the rate was still moving"}},
		results.Record{Impl: "a", Warnings: []string{"the rate was still moving"}})
	want := []string{
		"no figures: died: b in 1 of 3 blocks",
		"client-limited: the generator waited 9 to 85 % of the time for a core: a in 3 of 3 blocks",
		"client-limited: the generator used 98 % of its core: b in 1 of 3 blocks",
		"note: the rate was still moving: a in 1 of 3 blocks and b in 1 of 3 blocks",
	}
	if got := w.remarks(); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}
