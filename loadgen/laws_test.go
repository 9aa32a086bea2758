package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

// soundOpen invents a second of an open loop: 10 000 requests of 64 bytes that took 1 ms each, 10 of them never sent.
func soundOpen() (Workload, Measurement) {
	const offered, unsent = 10_000, 10
	histogram := func(count int64) *results.Histogram {
		h := results.NewHistogram()
		h.RecordTimes(1e6, count)
		return h
	}
	return Workload{Loop: "open", Conns: 16, MessageBytes: 64}, Measurement{Wall: time.Second, Conducted: time.Second, Counts: Counts{
		Requests: offered - unsent, Bytes: 64 * (offered - unsent), Offered: offered, Unsent: unsent, Unanswered: unsent,
		LatencySum: offered * 1e6, InFlight: offered * 1e6,
		Latencies: histogram(offered), SendLag: histogram(offered), Late: histogram(offered), Service: histogram(offered - unsent),
		Least: histogram(offered), Most: histogram(offered),
	}}
}

// Each law finds the one thing that breaks it, and none is broken by a sound run.
func TestLawsFindWhatBreaksThem(t *testing.T) {
	w, m := soundOpen()
	if broken := brokenLaws(w, m); len(broken) != 0 {
		t.Fatalf("a sound run breaks %q", broken)
	}
	for name, c := range map[string]struct {
		change func(*Measurement)
		want   string
	}{
		"a sum of times off by 2 %": {func(m *Measurement) { m.LatencySum += m.LatencySum / 50 }, "Little's law"},
		"in flight not counted":     {func(m *Measurement) { m.InFlight -= m.InFlight / 50 }, "Little's law"},
		"a response time missing": {func(m *Measurement) {
			m.Offered++
			m.Late.Record(1)
			m.SendLag.Record(1)
			m.Least.Record(1)
			m.Most.Record(1)
			m.Unsent++
		}, "10000 response times of 10001"},
		"a response time too many": {func(m *Measurement) { m.Latencies.Record(1e6) }, "10001 response times of 10000"},
		"a send lag missing":       {func(m *Measurement) { m.Unsent = 9; m.SendLag.Record(1); m.SendLag.Record(1) }, "the parts of the response times"},
		"a service time too many":  {func(m *Measurement) { m.Service.Record(1) }, "the parts of the response times"},
		"a lateness too many":      {func(m *Measurement) { m.Late.Record(1) }, "the parts of the response times"},
		"a bound missing":          {func(m *Measurement) { m.Least.Reset() }, "the parts of the response times"},
		"a byte missing":           {func(m *Measurement) { m.Bytes-- }, "639359 bytes of 9990 replies of 64 each"},
	} {
		w, m := soundOpen()
		c.change(&m)
		if broken := brokenLaws(w, m); len(broken) != 1 || !strings.Contains(broken[0], c.want) {
			t.Errorf("%s: %q, want one with %q", name, broken, c.want)
		}
	}
}

// The closed loop has its own: a latency for each reply.
func TestLawOfTheClosedLoop(t *testing.T) {
	h := results.NewHistogram()
	h.RecordTimes(1e6, 64_000)
	w, m := Workload{Loop: "closed", Conns: 64, Depth: 1, MessageBytes: 64}, Measurement{
		Wall: time.Second, Counts: Counts{Requests: 64_000, Bytes: 64 * 64_000, LatencySum: 64e9, Latencies: h},
	}
	if broken := brokenLaws(w, m); len(broken) != 0 {
		t.Fatalf("a sound run breaks %q", broken)
	}
	m.Paused = 4e9 // ns: 4 of the 64 lay in the engine
	if broken := brokenLaws(w, m); len(broken) != 1 || !strings.HasSuffix(broken[0], "68.0 requests in flight by throughput × latency, 64.0 by count") {
		t.Errorf("pauses that no latency lacks: %q", broken)
	}
	m.LatencySum -= m.Paused
	if broken := brokenLaws(w, m); len(broken) != 0 {
		t.Errorf("pauses that were counted break %q", broken)
	}
	m.LatencySum, m.Paused = 64e9, 0
	h.Record(1e6)
	if broken := brokenLaws(w, m); len(broken) != 1 || broken[0] != "64001 latencies of 64000 requests" {
		t.Errorf("%q", broken)
	}
}

// A run that breaks a law is compared with none, and says why.
func TestBrokenLawKeepsARunOutOfComparisons(t *testing.T) {
	w, m := soundOpen()
	m.Queue = new(queued)
	m.Latencies.Record(1e6)
	var r results.Record
	testBench(brief).describe(&r, w, m)
	if want := "10001 response times of 10000 requests offered"; !r.ClientLimited || r.ClientLimitedWhy != want || !strings.Contains(strings.Join(r.Warnings, "; "), want) {
		t.Errorf("limited %v, %q; warnings %q", r.ClientLimited, r.ClientLimitedWhy, r.Warnings)
	}
}

// The laws are asked of real runs: none of these breaks any.
func TestRealRunsBreakNoLaw(t *testing.T) {
	own := runningServer(serve(t, echo(unchanged)), os.Getpid())
	for _, w := range []Workload{
		{Name: "closed", Loop: "closed", Conns: 8, Depth: 4, MessageBytes: 1000},
		{Name: "open", Loop: "open", Conns: 8, Rate: 2000, MessageBytes: 64},
	} {
		if w.needsEpoll(defaultEngine) != "" {
			continue
		}
		b := testBench(window{WarmUp: 60 * time.Millisecond, Measure: 200 * time.Millisecond})
		r, err := b.run(t.Context(), cell{target: own, workload: w, seed: 1})
		if err != nil || r.Failed() {
			t.Fatal(err, r.Error)
		}
		for _, warning := range r.Warnings {
			for _, law := range []string{"Little's law", "latencies of", "response times", "bytes of"} {
				if strings.Contains(warning, law) && defaultEngine == "epoll" {
					t.Errorf("%s: %s", w.Name, warning)
				}
			}
		}
	}
}
