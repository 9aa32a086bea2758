package main

import (
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

func TestClientLimited(t *testing.T) {
	for _, c := range []struct {
		name    string
		facts   Facts
		limited bool
		why     string
	}{
		{"both have idle time", Facts{EngineCPU: 0.70, ServerCPU: 0.60, ServerCores: 1, EngineKnown: true}, false, ""},
		{"the server is busy", Facts{EngineCPU: 0.60, ServerCPU: 0.99, ServerCores: 1, EngineKnown: true}, false, ""},
		{"both are busy", Facts{EngineCPU: 0.99, ServerCPU: 0.97, ServerCores: 1, EngineKnown: true}, false, ""},
		{"the engine is busy", Facts{EngineCPU: 0.98, ServerCPU: 0.71, ServerCores: 1, EngineKnown: true}, true, "used its core to 98 %, the server only 71 % of its core"},
		{"one loop of a server of four", Facts{EngineCPU: 0.98, ServerCPU: 2, ServerCores: 4, EngineKnown: true}, true, "only 50 % of its 4 cores"},
		{"just not busy", Facts{EngineCPU: 0.949, ServerCPU: 0.5, ServerCores: 1, EngineKnown: true}, false, ""},
		{"kept off its core", Facts{EngineCPU: 0.5, EngineWait: 0.06, ServerCPU: 0.99, ServerCores: 1, EngineKnown: true}, true, "waited 6 % of the time for a core"},
		{"kept off its core, with the wait of each reply known", Facts{Open: true, EngineCPU: 0.5, EngineWait: 0.06, ServerCPU: 0.99, ServerCores: 1, EngineKnown: true, RepliesSeen: true}, false, ""},
		{"kept off for a moment", Facts{EngineCPU: 0.5, EngineWait: 0.02, ServerCPU: 0.5, ServerCores: 1, EngineKnown: true}, false, ""},
		{"the server kept off its core", Facts{EngineCPU: 0.5, ServerCPU: 0.5, ServerCores: 1, ServerWait: 0.3, EngineKnown: true}, true, "the server waited 30 % of the time for a core"},
		{"the server's threads among themselves", Facts{EngineCPU: 0.5, ServerCPU: 0.5, ServerCores: 1, ServerWait: 0.04, EngineKnown: true}, false, ""},
		{"a crowded machine", Facts{EngineCPU: 0.5, ServerCPU: 0.5, ServerCores: 1, EngineKnown: true, Pressure: 0.8}, true, "waited for a core for 80 % of the time"},
		{"neighbours now and then", Facts{EngineCPU: 0.5, ServerCPU: 0.5, ServerCores: 1, EngineKnown: true, Pressure: 0.3}, false, ""},
		{"replies lie unread", Facts{EngineCPU: 0.5, ServerCPU: 0.5, ServerCores: 1, EngineKnown: true, ReceiveShare: 0.8}, true, "to read them for 80 % of the latency"},
		{"half of the time at either side", Facts{EngineCPU: 0.99, ServerCPU: 0.97, ServerCores: 1, EngineKnown: true, ReceiveShare: 0.55}, false, ""},
		{"not known", Facts{ServerCPU: 0.5, ServerCores: 1}, true, "cannot tell"},
	} {
		limited, why := clientLimited(c.facts)
		if limited != c.limited || !strings.Contains(why, c.why) || limited != (why != "") {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, limited, why, c.limited, c.why)
		}
	}
}

// A thread that wakes up often is in the run queue for a moment each time; a stranger on its core keeps it there for longer.
func TestWaitIsJudgedBeyondWakeUps(t *testing.T) {
	const wall = 2 * time.Second
	idleCore := queued{wait: 90 * time.Millisecond, slices: 80_000}
	for _, c := range []struct {
		name    string
		engines []queued
		limited bool
	}{
		{"40 000 wake-ups a second on an idle core", []queued{idleCore}, false},
		{"the same wait and few wake-ups", []queued{{90 * time.Millisecond, 200}}, true},
		{"as many wake-ups beside a stranger", []queued{{300 * time.Millisecond, 80_000}}, true},
		{"one of two beside a stranger", []queued{idleCore, {90 * time.Millisecond, 200}}, true},
		{"wake-ups of one do not excuse the other", []queued{{90 * time.Millisecond, 200}, {0, 200_000}}, true},
	} {
		var tallies []Tally
		for _, q := range c.engines {
			tallies = append(tallies, Tally{Ended: int64(wall), Queue: &q})
		}
		m := Measurement{Conducted: wall}
		if err := m.add(tallies); err != nil {
			t.Fatal(err)
		}
		b := &bench{loops: 1}
		if limited, why := clientLimited(b.facts(m)); limited != c.limited || limited != strings.Contains(why, "for a core, beyond what its wake-ups cost") {
			t.Errorf("%s: %v, %q", c.name, limited, why)
		}
	}
}

func TestLittlesLaw(t *testing.T) {
	const wall = time.Second
	measurement := func(requests, latency int64, late time.Duration) Measurement {
		h := results.NewHistogram()
		h.RecordTimes(latency, requests)
		return Measurement{Wall: wall, Counts: Counts{Requests: requests, LatencySum: requests * latency, Latencies: h, LateMax: late}}
	}
	for _, c := range []struct {
		name  string
		m     Measurement
		holds bool
	}{
		{"64 in flight", measurement(64_000, 1e6, 0), true},
		{"counted twice", measurement(128_000, 1e6, 0), false},
		{"latencies halved", measurement(64_000, 5e5, 0), false},
		{"1 % missing", measurement(64_000, 99e4, 0), true},
		{"3 % missing", measurement(64_000, 97e4, 0), false}, // pauses of the engine are counted, so they are not it
		{"few and long", measurement(64, 8e8, 0), true},      // the edges cut through most of them
		{"a quarter stuck for the whole window", measurement(48_000, 1e6, wall), true},
		{"nothing answered and nothing stuck", measurement(0, 0, 0), false},
	} {
		if err := littlesLaw(64, c.m); (err == nil) != c.holds {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEnoughRequestsKeepTheEdgesSmall(t *testing.T) {
	for _, inFlight := range []int{1, 16, 64, 1000, 1024, 4096 * 20000} {
		enough := enoughRequests(inFlight)
		if e := edgeError(float64(inFlight), enough); e > largestEdgeError {
			t.Errorf("%d in flight, %d requests: %v", inFlight, enough, e)
		}
		if e := edgeError(float64(inFlight), enough-1); e <= largestEdgeError {
			t.Errorf("%d in flight: fewer than %d would do", inFlight, enough)
		}
	}
}

func TestDoubtsAreTold(t *testing.T) {
	b := &bench{engineName: "epoll", serverCPUs: []int{0}, engineCPUs: []int{1}, loops: 1}
	w := Workload{Conns: 64, Depth: 1, MessageBytes: 64}
	sound := func() Measurement {
		h := results.NewHistogram()
		h.RecordTimes(1e6, 64_000)
		return Measurement{Wall: time.Second, Conducted: time.Second, Counts: Counts{Requests: 64_000, LatencySum: 64e9, Latencies: h}, ServerCPU: time.Second / 2}
	}
	if doubts := b.doubts(w, sound()); len(doubts) != 0 {
		t.Fatalf("doubts about a sound cell: %q", doubts)
	}
	few := func(h *results.Histogram) Measurement {
		h.Reset()
		h.RecordTimes(1e8, 640)
		return Measurement{Wall: time.Second, Conducted: time.Second, Counts: Counts{Requests: 640, LatencySum: 64e9, Latencies: h}, ServerCPU: time.Second / 2}
	}
	for name, c := range map[string]struct {
		change func(*bench, *Measurement)
		want   string
	}{
		"few":      {func(_ *bench, m *Measurement) { *m = few(m.Latencies) }, "only 640 requests answered with 64 in flight"},
		"skew":     {func(_ *bench, m *Measurement) { m.Conducted = 3 * time.Second }, "it counted for 1s, the server was measured for 3s"},
		"late":     {func(_ *bench, m *Measurement) { m.LateMax = 3 * time.Millisecond }, "took 3ms, longer than any within"},
		"no CPU":   {func(_ *bench, m *Measurement) { m.ServerCPU = 0 }, "CPU time is not known"},
		"portable": {func(b *bench, _ *Measurement) { b.engineName = "portable" }, "portable engine"},
		"shared":   {func(b *bench, _ *Measurement) { b.engineCPUs = []int{0} }, "share cores [0]"},
	} {
		changed, m := *b, sound()
		c.change(&changed, &m)
		if doubts := changed.doubts(w, m); len(doubts) != 1 || !strings.Contains(doubts[0], c.want) {
			t.Errorf("%s: doubts %q, want one with %q", name, doubts, c.want)
		}
	}
}

// A server whose own threads wait for each other is its own limit; one whose core somebody else took is not. Only where nobody knows who else
// ran there is the wait taken for a stranger's doing.
func TestServerWaitsForStrangersOnly(t *testing.T) {
	for name, c := range map[string]struct {
		cpus    []int
		idle    map[int]time.Duration
		limited bool
	}{
		"its own threads":             {[]int{0}, map[int]time.Duration{0: 5e8, 1: 0}, false},
		"a stranger":                  {[]int{0}, map[int]time.Duration{0: 2e8, 1: 9e8}, true},
		"a stranger on one of two":    {[]int{0, 1}, map[int]time.Duration{0: 2e8, 1: 1e9}, true},
		"nobody on either of two":     {[]int{0, 1}, map[int]time.Duration{0: 7e8, 1: 8e8}, false},
		"idle times are not known":    {[]int{0}, nil, true},
		"the server is not pinned":    {nil, map[int]time.Duration{0: 5e8}, true},
		"edges that are not quite so": {[]int{0}, map[int]time.Duration{0: 51e7}, false},
	} {
		b := &bench{loops: 1, serverCPUs: c.cpus}
		m := Measurement{Conducted: time.Second, Counts: Counts{ReceiveLag: results.NewHistogram(), Latencies: results.NewHistogram()},
			Queue: new(queued), ServerCPU: 5e8, ServerWait: &queued{2e8, 100}, Idle: c.idle}
		if limited, why := clientLimited(b.facts(m)); limited != c.limited || limited != strings.Contains(why, "the server waited") {
			t.Errorf("%s: %v, %q", name, limited, why)
		}
	}
}
