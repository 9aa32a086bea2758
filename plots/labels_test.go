package main

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// TestSpreadKeepsLabelsApart: whatever the lines do, labels keep their order and their distance, and stay inside if they fit.
func TestSpreadKeepsLabelsApart(t *testing.T) {
	const low, high, gap = 0, 200, 10
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.SliceOfN(rapid.Float64Range(-20, 220), 1, 25).Draw(t, "wanted")
		slices.Sort(wanted)
		var lengths []vg.Length
		for _, w := range wanted {
			lengths = append(lengths, vg.Length(w))
		}
		placed := spread(lengths, gap, low, high)
		for i := 1; i < len(placed); i++ {
			if placed[i]-placed[i-1] < gap-1e-6 {
				t.Fatalf("labels %d and %d are %.3f apart: %v", i-1, i, placed[i]-placed[i-1], placed)
			}
		}
		if fits := gap*(len(placed)-1) <= high-low; fits && (placed[0] < low-1e-6 || placed[len(placed)-1] > high+1e-6) {
			t.Fatalf("outside %d..%d: %v", low, high, placed)
		}
	})
}

// TestSpreadMovesNothingWithoutNeed: labels that are far enough apart stand where their lines end.
func TestSpreadMovesNothingWithoutNeed(t *testing.T) {
	wanted := []vg.Length{10, 25, 60}
	for i, at := range spread(wanted, 12, 0, 100) {
		if math.Abs(float64(at-wanted[i])) > 1e-9 {
			t.Errorf("label %d moved from %v to %v", i, wanted[i], at)
		}
	}
	if got := spread([]vg.Length{50, 50}, 10, 0, 100); got[0] != 45 || got[1] != 55 {
		t.Errorf("two equal wishes part evenly, got %v", got)
	}
}
