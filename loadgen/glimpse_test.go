package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestGlimpsePlacesKeepASixteenth(t *testing.T) {
	last := -1
	for ns := int64(0); ns <= 2*glimpseHighest; ns += ns/40 + 1 {
		place := glimpsePlace(ns)
		if place < last || place >= len(glimpseCounts{}) {
			t.Fatalf("%d ns is at place %d after %d", ns, place, last)
		}
		last = place
		if got := glimpseMiddle(place); ns <= glimpseHighest && math.Abs(float64(got-ns)) > float64(ns)/16+1 {
			t.Fatalf("%d ns reads as %d", ns, got)
		}
	}
	if last != len(glimpseCounts{})-1 && last < len(glimpseCounts{})-glimpseSteps {
		t.Errorf("the last place is %d of %d", last, len(glimpseCounts{}))
	}
}

// What a glimpse tells is what the histogram tells, to a sixteenth, and a difference of two is of what came between.
func TestGlimpseTellsTheLatencies(t *testing.T) {
	p := Plan{Conns: 4, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Open: steadyAt(5000, true)}, Patience: time.Second}
	s, tally := simulate(t, p, 10*time.Second, nil)
	counts := s.glimpse.counts
	for _, percent := range []float64{50, 90, 99} {
		got, want := float64(counts.percentile(percent)), float64(tally.Latencies.Percentile(percent))
		if math.Abs(got/want-1) > 1./16 {
			t.Errorf("p%v: %v, the histogram has %v", percent, time.Duration(got), time.Duration(want))
		}
	}
	later := counts
	later[glimpsePlace(1e9)] += 1000
	if got := later.since(counts).percentile(50).Seconds(); math.Abs(got-1) > 1./16 {
		t.Errorf("a thousand requests of 1 s came, and the median of them is %v s", got)
	}
	if got := later.since(later).percentile(50); got != 0 {
		t.Errorf("a median of nothing: %v", got)
	}
}

// Engines of both kinds can be looked at by another goroutine while they run.
func TestRunningEnginesCanBeLookedAt(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		over, seen := make(chan struct{}), make(chan []int64)
		look := func(e engine) {
			var totals []int64
			for {
				select {
				case <-over:
					seen <- totals
					return
				default:
				}
				if counts, ok := glimpseOf([]engine{e}); ok {
					total := int64(0)
					for _, n := range counts {
						total += n
					}
					totals = append(totals, total)
				}
			}
		}
		watched := func(p Plan) engine {
			e := newEngine(p)
			go look(e)
			return e
		}
		m, err := drive(t.Context(), watched, brief, plan(serve(t, echo(unchanged)), 4, 1, 64))
		close(over)
		totals := <-seen
		if err != nil {
			t.Fatal(err)
		}
		if len(totals) == 0 || !slices.IsSorted(totals) {
			t.Errorf("of %d requests and more it was seen %v", m.Requests, totals)
		}
	})
}

// An engine that gets no reply does not keep the view waiting, and a kind that cannot be looked at shows nothing.
func TestGlimpseOfNothing(t *testing.T) {
	if _, ok := glimpseOf([]engine{newPortableEngine(plan("", 1, 1, 64))}); ok {
		t.Error("an engine that does not run answers")
	}
	if _, ok := glimpseOf([]engine{&epollLike{}}); ok {
		t.Error("an engine without counts answers")
	}
}
