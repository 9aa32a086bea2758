package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/results"
)

// On the null path every byte comes back without a server, in either loop, whatever its size.
func TestNullPathAnswersItself(t *testing.T) { eachThreadEngine(t, nullPathAnswersItself) }

func nullPathAnswersItself(t *testing.T, newEngine func(Plan) engine) {
	for name, p := range map[string]Plan{
		"small":     plan("itself", 16, 1, 64),
		"pipelined": plan("itself", 4, 16, 64),
		"bulk":      plan("itself", 2, 2, 1<<20),
		"open":      openPlan("itself", 8, 0, 1000),
	} {
		p.Network = nullPath
		w := brief
		w.Open = p.Schedule.Open != nil
		var m Measurement
		for m.Requests == 0 { // a machine may stand still for longer than a window
			var err error
			if m, err = drive(t.Context(), newEngine, w, p); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if m.Unanswered != 0 {
			t.Errorf("%s: %d requests, %d unanswered", name, m.Requests, m.Unanswered)
		}
	}
}

// A run begins with the generator alone, says what that costs, and keeps it out of the comparison.
func TestRunIsCalibrated(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-workload", mine(t, "closed", 8), "-blocks", "1", "-duration", "300ms", "-out", out, implementations(t, "none"))
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	var found int
	for _, r := range open(t, out).Records() {
		if r.Purpose != "calibration" {
			continue
		}
		found++
		if r.Impl != alone || r.Failed() || r.Requests == 0 || r.ClientCPUNs <= 0 || r.ServerCPUNs != 0 {
			t.Errorf("%+v", r)
		}
	}
	if found != calibrations || len(open(t, out).Cells()) != 1 {
		t.Errorf("%d calibrations, %d cells", found, len(open(t, out).Cells()))
	}
	if !strings.Contains(stdout.String(), "generator alone, its sockets connected to themselves:") {
		t.Errorf("the table does not tell:\n%s", stdout)
	}
}

// Of several calibrations the cheapest counts, and neither a failed one nor another workload's does.
func TestCheapestCalibrationCounts(t *testing.T) {
	calibration := func(workload string, cpu float64, failure string) results.Record {
		return results.Record{Purpose: "calibration", Workload: workload, Loop: "closed", Requests: 1000, ClientProcessCPUPerRequestNs: cpu, Error: failure}
	}
	records := []results.Record{
		calibration("a", 4000, ""), calibration("a", 2500, ""), calibration("a", 0, ""), calibration("a", 100, "broken"), calibration("b", 900, ""),
		{Workload: "a", Requests: 1000, ClientProcessCPUPerRequestNs: 800},
	}
	var out bytes.Buffer
	printAlone(&out, records, "a")
	if want := "2.5µs CPU a request\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q lacks %q", &out, want)
	}
	if left := measured(records); len(left) != 1 {
		t.Errorf("%d records of servers", len(left))
	}
	out.Reset()
	if printAlone(&out, records, "c"); out.Len() != 0 {
		t.Errorf("told of a workload that was not calibrated: %q", &out)
	}
	if printAlone(&out, []results.Record{calibration("d", 0, "no port is left")}, "d"); !strings.Contains(out.String(), "could not be measured, so nothing is known of what it costs by itself: no port is left") {
		t.Errorf("silent about a calibration that failed: %q", &out)
	}
}

// What a server would have to do cannot be calibrated without one.
func TestWorkloadsThatNeedAServer(t *testing.T) {
	for _, c := range []struct {
		w     Workload
		alone bool
	}{
		{Workload{Loop: "closed"}, true}, {Workload{Loop: "open"}, true}, {Workload{Loop: "idle"}, false},
		{Workload{Loop: "closed", RequestsPerConn: 10}, false}, {Workload{Loop: "open", StalledConns: 1}, false},
	} {
		if c.w.needsNoServer() != c.alone {
			t.Errorf("%+v: %v", c.w, !c.alone)
		}
	}
}

// A connection of the null path holds a port, and no server may find fewer of them free because the generator ran alone before.
func TestNullPathGivesItsPortsBack(t *testing.T) {
	fd, err := dialItself(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	own, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	after, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(after)
	if err := unix.Bind(after, own); err != nil {
		t.Errorf("the port of a closed connection cannot be bound: %v", err)
	}
}
