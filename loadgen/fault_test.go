package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/results"
)

// workloadFile writes a workload.
func workloadFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// recordsOf runs the command over servers with faults and returns the record of each.
func recordsOf(t *testing.T, code int, arguments []string, faults ...string) map[string]results.Record {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	arguments = append(arguments, "-blocks", "1", "-seed", "3", "-out", out, implementations(t, faults...))
	cmd, stdout, stderr := loadgen(t, arguments...)
	if got := exitCode(t, cmd); got != code {
		t.Errorf("exit status %d, want %d:\n%s%s", got, code, stderr, stdout)
	}
	records := make(map[string]results.Record)
	for _, r := range open(t, out).Cells() {
		records[strings.TrimPrefix(r.Impl, "server/")] = r
	}
	return records
}

// eachCommandEngine runs a test of the command with every engine that can do the loop, the portable one only where there is no other.
func eachCommandEngine(t *testing.T, loop string, test func(t *testing.T, engine string)) {
	for name := range engines() {
		if (Workload{Loop: loop}).needsEpoll(name) != "" || name == "portable" && name != defaultEngine {
			continue
		}
		t.Run(loop+"/"+name, func(t *testing.T) {
			needEngine(t, name)
			test(t, name)
		})
	}
}

// Each kind of misbehaviour, by a real server in a process of its own, has its own counter and its own sentence, in both loops.
func TestMisbehaviourIsCountedByKind(t *testing.T) {
	for loop, file := range map[string]string{
		"closed": `{"about":"a test","loop":"closed","conns":8,"depth":1,"message_bytes":64}`,
		"open":   `{"about":"a test","loop":"open","conns":8,"rate":800,"message_bytes":64}`,
	} {
		eachCommandEngine(t, loop, func(t *testing.T, engine string) {
			got := recordsOf(t, exitSomeFailed, []string{"-engine", engine, "-workload", workloadFile(t, file), "-duration", "300ms", "-patience", "2s"},
				"closes", "resets", "wrong byte", "talks")
			for name, want := range map[string]struct {
				kinds []faultKind // a server that closes with bytes unread resets; the client may find either
				words []string
			}{
				"closes":     {[]faultKind{closedEarly, reset}, []string{"the server closed connection", "connection reset", "broken pipe"}},
				"resets":     {[]faultKind{reset, closedEarly}, []string{"connection reset", "broken pipe", "the server closed connection"}},
				"wrong-byte": {[]faultKind{wrongBytes}, []string{"wrong byte at offset 100 of connection"}},
				"talks":      {[]faultKind{extraBytes, wrongBytes}, []string{"more than it had sent", "wrong byte at offset"}},
			} {
				expectFault(t, name, got[name], want.kinds, want.words)
			}
		})
	}
}

// A closed loop gives up a connection that is not answered, or not read, within the patience.
func TestPatienceEndsAClosedLoop(t *testing.T) {
	eachCommandEngine(t, "closed", patienceEndsAClosedLoop)
}

func patienceEndsAClosedLoop(t *testing.T, engine string) {
	arguments := []string{"-engine", engine, "-duration", "100ms", "-patience", "400ms"}
	small := `{"about":"a test","loop":"closed","conns":4,"depth":1,"message_bytes":64}`
	got := recordsOf(t, exitSomeFailed, append(arguments, "-workload", workloadFile(t, small)), "stalls")
	expectFault(t, "stalls", got["stalls"], []faultKind{late}, []string{"has waited 0."})
	large := `{"about":"a test","loop":"closed","conns":4,"depth":1,"message_bytes":33554432}`
	got = recordsOf(t, exitSomeFailed, append(arguments, "-workload", workloadFile(t, large)), "deaf")
	expectFault(t, "deaf", got["deaf"], []faultKind{stoppedReading}, []string{"the server does not read connection"})
}

// An open loop counts a late reply and keeps its time; that is no fault.
func TestLateRepliesOfAnOpenLoopAreCounted(t *testing.T) {
	eachCommandEngine(t, "open", lateRepliesAreCounted)
}

func lateRepliesAreCounted(t *testing.T, engine string) {
	file := `{"about":"a test","loop":"open","conns":4,"rate":20,"arrivals":"constant","message_bytes":64}`
	r := recordsOf(t, exitDone, []string{"-engine", engine, "-workload", workloadFile(t, file), "-duration", "1s", "-patience", "500ms"}, "slow")["slow"]
	if r.Failed() || r.LateReplies+r.Unanswered != r.Offered || r.Offered != 20 || r.LatencyCount != 20 {
		t.Errorf("error %q; %d late and %d unanswered of %d offered", r.Error, r.LateReplies, r.Unanswered, r.Offered)
	}
	if told := strings.Join(r.Warnings, "; "); !strings.Contains(told, "replies came later than 500ms") && !strings.Contains(told, "were never answered") {
		t.Errorf("warnings %q", told)
	}
}

func expectFault(t *testing.T, name string, r results.Record, kinds []faultKind, words []string) {
	t.Helper()
	var counted int64
	for _, kind := range kinds {
		counted += r.Faults[string(kind)]
	}
	if counted == 0 || r.Requests != 0 {
		t.Errorf("%s: faults %v, want one of %v; %d requests", name, r.Faults, kinds, r.Requests)
	}
	for _, w := range words {
		if strings.Contains(r.Error, w) {
			return
		}
	}
	t.Errorf("%s: error %q, want one of %q", name, r.Error, words)
}

// Engines find their faults apart; the record tells them together, out of all connections.
func TestFaultsOfEnginesAreJoined(t *testing.T) {
	one, two := &Faults{conns: 10}, &Faults{conns: 10}
	one.add(&fault{reset, errors.New("connection 3 broke")})
	two.add(&fault{reset, errors.New("connection 7 broke")})
	two.add(&fault{late, errors.New("connection 8 has waited")})
	err := joinEngines([]error{one, errAborted, two})
	if want := "connection 3 broke (2 of 10 connections broke, 1 of 10 connections were not answered in time)"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := joinEngines([]error{nil, errAborted}); !errors.Is(err, errAborted) {
		t.Errorf("%v", err)
	}
	if err := joinEngines([]error{nil, nil}); err != nil {
		t.Error(err)
	}
}
