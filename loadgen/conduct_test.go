package main

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestSettled(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates []float64
		want  bool
	}{
		{"too few", []float64{5, 5}, false},
		{"level", []float64{1, 9, 5, 5, 5}, true},
		{"noisy", []float64{5, 9, 4}, true},
		{"climbing", []float64{3, 4, 5}, false},
		{"falling", []float64{5, 4, 3}, false},
		{"climbing by a tenth", []float64{5, 5.2, 5.4}, true},
		{"nothing yet", []float64{0, 0, 0}, false},
		{"nothing at first", []float64{0, 7, 5}, false},
	} {
		if got := settled(c.rates); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestGarbageCollectionWithinTheWindowIsTold(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // as in a run: only a collection that was asked for comes
	for _, collect := range []bool{false, true} {
		var m Measurement
		server := new(place)
		edge := startOf(&m, server)
		if collect {
			runtime.GC()
		}
		edge.end(&m, server)
		if told := strings.Contains(strings.Join(m.Warnings, ""), "collected garbage"); told != collect {
			t.Errorf("collected: %v, told: %q", collect, m.Warnings)
		}
		if m.ServerCPU != time.Millisecond { // what the place invents between two readings
			t.Errorf("the server used %v, want 1ms", m.ServerCPU)
		}
	}
}

func TestFirstCauseIsKept(t *testing.T) {
	fault := errors.New("wrong byte")
	for _, c := range []struct{ first, next, want error }{
		{nil, nil, nil},
		{nil, fault, fault},
		{fault, errAborted, fault},
		{errAborted, fault, fault},
		{errAborted, nil, errAborted},
		{fault, errors.New("later"), fault},
	} {
		if got := firstCause(c.first, c.next); got != c.want {
			t.Errorf("%v, then %v: %v", c.first, c.next, got)
		}
	}
}

func TestLongestWaitIsOfAThreadThatLivedThroughTheWindow(t *testing.T) {
	before := map[int]queued{1: {5, 1}, 2: {100, 1}, 3: {}, 5: {}}
	awoken := queued{10 * sliceCosts, 11} // waited longest of all, but its wake-ups explain it
	if got := longestWait(before, map[int]queued{1: {20, 1}, 2: {101, 1}, 4: {900, 1}, 5: awoken}); got == nil || *got != (queued{wait: 15}) {
		t.Errorf("got %v, want 15 ns", got)
	}
	if got := longestWait(nil, map[int]queued{1: {20, 1}}); got != nil {
		t.Errorf("nothing was read before, and yet %v", *got)
	}
}
