package main

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"reactorbench/results"
)

// A turn that finds a reply, or sends something, is work; all others are idle, and whoever wants to know how busy the engine was takes them off.
func TestSpinCountsTurnsInVain(t *testing.T) {
	e := newSpinEngine(plan(serve(t, echo(unchanged)), 1, 1, 64)).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func() (found int, began, idle int64) {
		began, idle = e.spin.turned, e.idle
		n, err := e.look()
		if err != nil {
			t.Fatal(err)
		}
		return n, began, e.idle - idle
	}
	look()
	if n, began, idle := look(); n != 0 || idle != e.spin.turned-began || idle == 0 {
		t.Errorf("found %d; %d ns idle of a turn in vain of %d ns", n, idle, e.spin.turned-began)
	}
	if err := e.start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for n == 0 {
		n, _, _ = look()
	}
	if n, _, idle := look(); n != 1 || idle != 0 { // the reply is still there: nobody has read it
		t.Errorf("found %d; %d ns of a turn with a reply are idle", n, idle)
	}
}

// What was due is work too, though nothing had come.
func TestSpinThatSendsIsNotIdle(t *testing.T) {
	e := newSpinEngine(openPlan(serve(t, func(int, net.Conn) {}), 1, 0, 1e6)).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.start(); err != nil {
		t.Fatal(err)
	}
	e.spin.vain = true
	for e.streams[0].begun == 0 {
		if err := e.keepToPlan(new(control), clock()); err != nil {
			t.Fatal(err)
		}
	}
	if e.spin.vain {
		t.Error("a turn that has sent a request is in vain")
	}
}

// An idle share is taken off what the engine used, or each engine that spins would be the limit of each run.
func TestSpinningIsNoLimit(t *testing.T) {
	tally := Tally{Ended: 1e9, CPU: 1e9, Idle: 6e8, Queue: new(queued)}
	tally.Latencies, tally.ReceiveLag = results.NewHistogram(), results.NewHistogram()
	var m Measurement
	if err := m.add([]Tally{tally}); err != nil {
		t.Fatal(err)
	}
	if m.BusiestCPU != 0.4 {
		t.Errorf("busy for %v of the time, want 0.4", m.BusiestCPU)
	}
}

// Its cost is no figure, and no column is made of it.
func TestSpinHasNoCPUOfItsOwn(t *testing.T) {
	for engine, told := range map[string]bool{defaultEngine: true, spinning: false} {
		h := results.NewHistogram()
		h.RecordTimes(1e6, 64_000)
		b := &bench{engineName: engine, loops: 1}
		m := Measurement{Wall: 1e9, Conducted: 1e9, Counts: Counts{Requests: 64_000, LatencySum: 64e9, Latencies: h}, ServerCPU: 5e8, EngineCPU: 1e9, ProcessCPU: 1e9, MachineCPU: 2e9}
		m.ReceiveLag = results.NewHistogram()
		var r results.Record
		b.describe(&r, Workload{Conns: 64, Depth: 1, MessageBytes: 64}, m)
		if r.ServerCPUPerRequestNs == 0 || (r.ClientCPUPerRequestNs > 0) != told || (r.ClientProcessCPUPerRequestNs > 0) != told || (r.MachineCPUPerRequestNs > 0) != told {
			t.Errorf("%s: %+v", engine, r)
		}
	}
	if text := againstBare([]results.Record{{Engine: spinning, Impl: results.Reference}}, "block"); !strings.Contains(text, "takes its cores whole") {
		t.Error(text)
	}
}

// A server on a core that is never free would have no figures.
func TestSpinNeedsCoresOfItsOwn(t *testing.T) {
	core := strconv.Itoa(allowedCPUs()[0])
	cmd, _, stderr := loadgen(t, "-engine", spinning, "-cpus", core+"/"+core, "-workload", "closed-64", implementations(t, "none"))
	if code := exitCode(t, cmd); code != exitUsage || !strings.Contains(stderr.String(), "never sleeps") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
}
