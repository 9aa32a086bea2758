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

// TestOnlyTheSpoiledPartOfACurveIsDotted: a generator that is late too unevenly for the tail says nothing against the median.
func TestOnlyTheSpoiledPartOfACurveIsDotted(t *testing.T) {
	s := small(quickServers[:3]...)
	s.loads = []results.Record{{Workload: "open-20k", Loop: "open", Conns: 64, MessageBytes: 64, Arrivals: "poisson", AskedPerSecond: 20_000}}
	plain := pictures(t, s)["latency-open-20k"]
	for _, r := range s.records() {
		h, err := results.DecodeHistogram(r.HDR)
		if err != nil {
			t.Fatal(err)
		}
		least, limit := results.NewHistogram(), h.Percentile(90)
		for _, bar := range h.HDR().Distribution() {
			ns := bar.To
			if ns > limit && r.Impl == "gnet" {
				ns /= 2
			}
			least.RecordTimes(ns, bar.Count)
		}
		if r.LeastHDR, err = least.Encode(); err != nil {
			t.Fatal(err)
		}
		r.MostHDR = r.HDR
		r.LatencyP50LeastNs, r.LatencyP50MostNs = r.LatencyP50Ns, r.LatencyP50Ns
		r.LatencyP99LeastNs, r.LatencyP99MostNs = r.LatencyP99Ns, r.LatencyP99Ns
		if r.Impl == "gnet" {
			r.LatencyP99LeastNs /= 2
		}
		s.more = append(s.more, r)
	}
	s.blocks = 0
	bounded := pictures(t, s)["latency-open-20k"]
	if words := svgWords(t, bounded.svg); !strings.Contains(words, "dotted part: the generator's own lateness") || strings.Contains(words, "client-limited") {
		t.Error(words)
	}
	if dashes := strings.Count(string(bounded.svg), "dasharray") - strings.Count(string(plain.svg), "dasharray"); dashes != 1 {
		t.Errorf("%d lines became dotted in part, not gnet's alone", dashes)
	}
	for _, row := range bounded.Table.Rows {
		for i, percentile := range bounded.Table.Head {
			want := row[0] == "gnet" && (percentile == "95%" || percentile == "99%")
			if got := strings.Contains(row[i], "not compared"); (percentile == "50%" || percentile == "95%" || percentile == "99%") && got != want {
				t.Errorf("%s at %s: %q", row[0], percentile, row[i])
			}
		}
	}
	page := pageOf(t, s.write(t))
	for _, want := range []string{"not compared: p99, the generator was late too unevenly: gnet in 6 of 6 blocks", "generator late too unevenly"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(page, "not compared: p50") || strings.Contains(page, "Client-limited: in") {
		t.Error("the report refuses more than p99")
	}
}
