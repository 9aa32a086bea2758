package main

import (
	"strings"
	"testing"

	"reactorbench/results"
)

// The two loops must never be mistaken for each other: the captions of an open loop name its plan and its response time.
func TestOpenLoopIsNamed(t *testing.T) {
	s := small(quickServers...)
	s.loads = []results.Record{
		{Workload: "open-20k", Loop: "open", Conns: 64, MessageBytes: 64, Arrivals: "poisson", AskedPerSecond: 20_000},
		{Workload: "closed-64", Loop: "closed", Conns: 64, Depth: 1, MessageBytes: 64},
	}
	page := pageOf(t, s.write(t))
	for _, want := range []string{
		"response time, from the moment for which the request was planned", "requests a second by plan (poisson)", "open loop",
		"service time in a closed loop", "closed loop",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// The probes of a search or sweep are not cells of the comparison.
func TestProbesAreNotCompared(t *testing.T) {
	s := small(quickServers...)
	cells := s.records()
	dir := s.write(t)
	w, err := results.Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, r := range cells {
		r.Purpose, r.Workload, r.ClientLimited = "sweep", "open-5k", true
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if page := pageOf(t, dir); strings.Contains(page, "latency-open-5k") || strings.Contains(page, ">open-5k<") || strings.Contains(page, "Client-limited: in") {
		t.Error("the report takes probes for cells")
	}
}
