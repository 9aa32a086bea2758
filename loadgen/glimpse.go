package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A glimpse lets a view see how long requests take while a cell runs. The histograms are the engine's own until it ends, and it neither
// locks nor waits for anybody: it counts each reply once more, coarsely, and copies the 2 KiB of counts when it finds that somebody asks.
type glimpse struct {
	counts glimpseCounts // the engine's
	wanted atomic.Bool
	shown  glimpseCounts // the engine's while wanted is set, and the view's else
}

const (
	glimpseSteps   = 8                       // in each power of two, so a value is kept to one part in 16
	glimpseHighest = int64(60 * time.Second) // ns, as of the histograms
)

type glimpseCounts [34 * glimpseSteps]int64 // 60 s has 36 bits, and the lowest four share 16 places

// add is of n replies that took so long, by the engine.
func (g *glimpse) add(ns, n int64) { g.counts[glimpsePlace(ns)] += n }

// answer copies the counts if somebody asks, by the engine.
func (g *glimpse) answer() {
	if g.wanted.Load() {
		g.shown = g.counts
		g.wanted.Store(false)
	}
}

// patienceOfGlimpse is how long a view waits for an engine, which answers with its next reply.
const patienceOfGlimpse = 20 * time.Millisecond

// look asks for the counts since the cell began and waits for them; ok is false if no reply came meanwhile. For one view alone.
func (g *glimpse) look() (counts glimpseCounts, ok bool) {
	g.wanted.Store(true)
	for deadline := clock() + int64(patienceOfGlimpse); g.wanted.Load(); time.Sleep(time.Millisecond) {
		if clock() > deadline {
			return counts, false
		}
	}
	return g.shown, true
}

// glimpsed is an engine that can be looked at.
type glimpsed interface{ glimpsed() *glimpse }

func (a *accounts) glimpsed() *glimpse { return &a.glimpse }

// glimpseOf adds the engines up; ok is false if any of them cannot tell.
func glimpseOf(engines []engine) (sum glimpseCounts, ok bool) {
	for _, e := range engines {
		g, can := e.(glimpsed)
		if !can {
			return sum, false
		}
		counts, answered := g.glimpsed().look()
		if !answered {
			return sum, false
		}
		for i, n := range counts {
			sum[i] += n
		}
	}
	return sum, true
}

// since leaves what came after an earlier look.
func (c glimpseCounts) since(before glimpseCounts) glimpseCounts {
	for i := range c {
		c[i] -= before[i]
	}
	return c
}

// percentile is 0 if at most ten values lie beyond it.
func (c glimpseCounts) percentile(percent float64) time.Duration {
	var all, below int64
	for _, n := range c {
		all += n
	}
	if float64(all)*(100-percent)/100 < 10 {
		return 0
	}
	for i, n := range c {
		if below += n; float64(below) >= float64(all)*percent/100 {
			return time.Duration(glimpseMiddle(i))
		}
	}
	return 0
}

// glimpsePlace and glimpseMiddle turn a value into its place and back, to the middle of it.
func glimpsePlace(ns int64) int {
	ns = min(max(ns, 0), glimpseHighest)
	shift := max(0, bits.Len64(uint64(ns))-4)
	return shift*glimpseSteps + int(ns>>shift)
}

func glimpseMiddle(place int) int64 {
	if place < 2*glimpseSteps {
		return int64(place)
	}
	shift := place/glimpseSteps - 1
	return (int64(place-shift*glimpseSteps) << shift) + (int64(1)<<shift)/2
}
