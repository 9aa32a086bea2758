package main

import (
	"testing"
	"time"
)

// TestStretchesShowTheStops: a server that stops for 100 ms in every second is slow in those stretches and in no others, and the
// stretches together are the whole.
func TestStretchesShowTheStops(t *testing.T) {
	const rate, window, every = 5000, 10 * time.Second, 100 * time.Millisecond
	p := Plan{Conns: 4, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Open: steadyAt(rate, false)}, Patience: time.Second, Every: every, Window: window}
	_, tally := simulate(t, p, window, nil)
	if got := len(tally.OverTime); got != 100 {
		t.Fatalf("%d stretches, want 100", got)
	}
	var sum int64
	slow := 0
	for _, h := range tally.OverTime {
		sum += h.Count()
		if h.Max() > int64(10*time.Millisecond) {
			slow++
		}
	}
	if sum != tally.Latencies.Count() {
		t.Errorf("%d latencies in the stretches, %d in all", sum, tally.Latencies.Count())
	}
	if slow < 10 || slow > 20 { // a stop may lie across two stretches
		t.Errorf("%d of 100 stretches are slow, want one or two for each of 10 stops", slow)
	}
}

func TestWithoutStretchesNothingIsKept(t *testing.T) {
	o := newOverTime(0, time.Second)
	o.record(5, 5, 1)
	if o.parts != nil {
		t.Error("stretches that nobody asked for")
	}
	o = newOverTime(10*time.Millisecond, 25*time.Millisecond)
	for _, since := range []int64{-1, 0, int64(29 * time.Millisecond), int64(30 * time.Millisecond)} {
		o.record(since, 7, 1)
	}
	if len(o.parts) != 3 || o.parts[0].Count() != 1 || o.parts[2].Count() != 1 {
		t.Error("what lies outside the window is in no stretch, and what lies inside is in its own")
	}
}

func TestStretchesAreRefused(t *testing.T) {
	for _, test := range []struct {
		every, window time.Duration
		fits          bool
	}{
		{0, time.Hour, true},
		{time.Second, 240 * time.Second, true},
		{time.Second, 241 * time.Second, false},
		{5 * time.Millisecond, time.Second, false},
		{10*time.Millisecond + 1, time.Second, false},
	} {
		if err := checkStretches(test.every, test.window); (err == nil) != test.fits {
			t.Errorf("-every %v of %v: %v", test.every, test.window, err)
		}
	}
}
