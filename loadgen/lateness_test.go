package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"reactorbench/results"
)

// An unevenLoad is an open loop in virtual time whose generator is late as it likes, and the same with one that is evenly late.
type unevenLoad struct {
	seed           uint64
	rate           float64
	even           bool // gaps are, so that a usual lateness makes no clumps
	depth          int
	others         bool          // there are other engines, of which this one knows nothing
	cost           time.Duration // of the server for a request
	usual          time.Duration
	late, lateRead func(*rand.Rand) time.Duration
}

const unevenLength = 5 * time.Second

// record is what a run of it comes to, as loadgen writes it; a punctual one is never late.
func (u unevenLoad) record(t *testing.T, punctual bool) results.Record {
	t.Helper()
	random := rand.New(rand.NewPCG(u.seed, 1))
	p := Plan{Conns: 8, Seed: u.seed, Sizes: fixedSize(64), Schedule: Schedule{Depth: u.depth, Open: steadyAt(u.rate, !u.even)}, Patience: time.Second}
	_, tally := simulate(t, p, unevenLength, func(s *simulation) {
		s.cost, s.stop = int64(u.cost), 0
		s.open.lateness = newLateness(!u.others)
		s.open.lateness.sending.ns, s.open.lateness.sending.seen = int64(u.usual), nil
		s.late, s.lateRead = func() int64 { return int64(u.late(random)) }, func() int64 { return int64(u.lateRead(random)) }
		if punctual {
			s.late, s.lateRead = func() int64 { return 0 }, func() int64 { return 0 }
		}
	})
	m := Measurement{Counts: tally.Counts, Wall: unevenLength, Conducted: unevenLength, Queue: new(queued), ServerCPU: time.Duration(u.rate * unevenLength.Seconds() * float64(u.cost))}
	var r results.Record
	(&bench{loops: 1}).describe(&r, Workload{Loop: "open", MessageBytes: 64}, m)
	return r
}

func never(*rand.Rand) time.Duration { return 0 }

// oneIn is late by so much once in n times.
func oneIn(n int, by time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		if r.IntN(n) == 0 {
			return by
		}
		return 0
	}
}

// truth is what an evenly late generator sees: a punctual one, and then the lateness.
func (u unevenLoad) truth(t *testing.T) map[float64]int64 {
	all := percentiles(u.record(t, true))
	for percent := range all {
		all[percent] += int64(u.usual)
	}
	return all
}

func percentiles(r results.Record) map[float64]int64 {
	return map[float64]int64{50: r.LatencyP50Ns, 90: r.LatencyP90Ns, 99: r.LatencyP99Ns, 99.9: r.LatencyP999Ns}
}

// A generator that is late now and then spoils the percentiles that it really changes, by comparison with one that is not, and no others.
func TestEachPercentileIsJudgedByItself(t *testing.T) {
	for name, c := range map[string]struct {
		load    unevenLoad
		blurred map[float64]bool
	}{
		"punctual":               {unevenLoad{late: never, lateRead: never}, map[float64]bool{}},
		"evenly late":            {unevenLoad{even: true, usual: 100 * time.Microsecond, late: oneIn(1, 100*time.Microsecond), lateRead: never}, map[float64]bool{}},
		"late once in 500":       {unevenLoad{late: oneIn(500, time.Millisecond), lateRead: never}, map[float64]bool{99: true, 99.9: true}},
		"late once in 6000":      {unevenLoad{late: oneIn(6000, time.Millisecond), lateRead: never}, map[float64]bool{99.9: true}},
		"reads late, one in 500": {unevenLoad{late: never, lateRead: oneIn(500, time.Millisecond)}, map[float64]bool{99: true, 99.9: true}},
		"late half of the time":  {unevenLoad{late: oneIn(2, time.Millisecond), lateRead: never}, map[float64]bool{50: true, 90: true, 99: true, 99.9: true}},
	} {
		c.load.seed, c.load.rate, c.load.cost = 7, 5000, 100*time.Microsecond
		r, truths := c.load.record(t, false), c.load.truth(t)
		if r.ClientLimited {
			t.Errorf("%s: refused as a whole: %s", name, r.ClientLimitedWhy)
		}
		for percent, ns := range percentiles(r) {
			truth := truths[percent]
			t.Logf("%s: p%v %v, evenly late %v, %v", name, percent, time.Duration(ns), time.Duration(truth), r.Blurred(percent))
			if r.Blurred(percent) != c.blurred[percent] || r.Comparable(percent) == c.blurred[percent] {
				t.Errorf("%s: p%v %v is blurred %v", name, percent, time.Duration(ns), r.Blurred(percent))
			}
			if off := float64(ns) / float64(truth); !r.Blurred(percent) && (off > 1.12 || off < 0.9) {
				t.Errorf("%s: p%v %v passes, an evenly late generator sees %v", name, percent, time.Duration(ns), time.Duration(truth))
			}
		}
	}
}

// An engine that is not the only one knows less, and lets what was late melt: where the server is busy for half of the time or less that
// holds too.
func TestBoundsOfOneOfSeveralEnginesHold(t *testing.T) { boundsHold(t, true, 0.5) }

// Whatever the generator does and however busy the server is, what an evenly late one would have seen lies within the bounds. A
// limit in flight makes late replies hold up requests, which the bounds know to within 3 %.
func TestBoundsHoldTheTruth(t *testing.T) { boundsHold(t, false, 0.95) }

func boundsHold(t *testing.T, others bool, busiest float64) {
	const seed = 11
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		u := unevenLoad{
			others: others,
			seed:   random.Uint64(), rate: float64(1000 + random.IntN(20_000)), depth: random.IntN(2) * 4, usual: time.Duration(random.IntN(50_000)),
			late:     func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * 40_000) },
			lateRead: oneIn(1+random.IntN(100), time.Duration(random.IntN(500_000))),
		}
		busy := 0.05 + (busiest-0.05)*random.Float64()
		u.cost = time.Duration(busy * 1e9 / u.rate)
		r := u.record(t, false)
		bracket, ok, err := r.Bracket()
		if err != nil || !ok {
			t.Fatal("no bounds", err)
		}
		for percent, truth := range u.truth(t) {
			measured, slack := percentiles(r)[percent], 0.002 // of the histograms
			if u.depth > 0 {
				slack = 0.03
			}
			if low, high := bracket.Ends(percent); measured > 0 && (float64(truth) < (1-slack)*float64(low) || float64(truth) > (1+slack)*float64(high)) {
				t.Errorf("server %.0f %% busy at %.0f/s, depth %d: p%v is %v by bounds from %v to %v, measured %v", 100*busy, u.rate, u.depth, percent,
					time.Duration(truth), time.Duration(low), time.Duration(high), time.Duration(measured))
			}
		}
	}
}
