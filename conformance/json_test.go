package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"reactorbench/conformance/spec"
)

// TestEventsFollowTest2json holds a whole run to the rules of go doc test2json.
func TestEventsFollowTest2json(t *testing.T) {
	status, stdout, stderr := command(t, "-json", "-seed", "7", "-run", "data/one|data/all|close/empty|proc/sigint|launch/ready-line", "--", wrong, "-addr", "{addr}", "-fault", "drops-nul")
	if status != exitFailed || stderr != "" {
		t.Fatalf("exit status %d, stderr %q", status, stderr)
	}
	ends, err := follow(stdout)
	if err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	want := map[string]string{"": "fail", "data": "fail", "data/one-byte": "pass", "data/all-bytes": "fail", "proc/sigint": "pass",
		"proc": "pass", "launch": "pass", "launch/ready-line": "skip", "close": "pass", "close/empty": "pass"}
	for test, action := range want {
		if ends[test] != action {
			t.Errorf("%q ends with %q, want %q", test, ends[test], action)
		}
	}
}

// follow checks the order of a stream of events and returns how each test ended.
func follow(stream string) (ends map[string]string, err error) {
	ends = map[string]string{}
	open := map[string]bool{}
	started := false
	for line := range strings.Lines(stream) {
		var e event
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			return nil, fmt.Errorf("%v in %s", err, line)
		}
		switch {
		case !started && e.Action != "start":
			return nil, errors.New("the first event is " + e.Action)
		case ends[""] != "":
			return nil, errors.New("an event after the package's end: " + line)
		case e.Time.IsZero() || e.Package == "":
			return nil, errors.New("no time or no package: " + line)
		case e.Action == "output" && !strings.HasSuffix(e.Output, "\n"):
			return nil, fmt.Errorf("half a line: %q", e.Output)
		case e.Action != "start" && e.Action != "run" && e.Test != "" && !open[e.Test]:
			return nil, errors.New("not running: " + line)
		}
		switch e.Action {
		case "start":
			started = true
		case "run":
			open[e.Test] = true
		case "pass", "fail", "skip":
			if e.Elapsed == nil {
				return nil, errors.New("an end without a time: " + line)
			}
			ends[e.Test] = e.Action
			delete(open, e.Test)
		case "output", "attr":
		default:
			return nil, errors.New("unknown action: " + line)
		}
	}
	if len(open) > 0 || ends[""] == "" {
		return nil, fmt.Errorf("never ended: %v", open)
	}
	return ends, nil
}

// TestFollowSeesDisorder keeps the test above honest.
func TestFollowSeesDisorder(t *testing.T) {
	const head = `{"Time":"2026-01-01T00:00:00Z","Package":"p","Action":`
	for name, stream := range map[string]string{
		"no start":        head + `"run","Test":"a"}`,
		"output too soon": head + `"start"}` + "\n" + head + `"output","Test":"a","Output":"x\n"}`,
		"half a line":     head + `"start"}` + "\n" + head + `"output","Output":"x"}`,
		"never ended":     head + `"start"}` + "\n" + head + `"run","Test":"a"}` + "\n" + head + `"pass","Elapsed":1}`,
		"no JSON":         "ok\n",
	} {
		if _, err := follow(stream); err == nil {
			t.Errorf("%s: found in order", name)
		}
	}
}

// TestVerdictsAsActions: Go knows three ends; each verdict has one, and keeps its name as an attribute.
func TestVerdictsAsActions(t *testing.T) {
	want := map[spec.Verdict]string{
		spec.Pass: "pass", spec.Info: "pass", spec.Weak: "pass", spec.Flaky: "pass",
		spec.XFail: "skip", spec.Skip: "skip", spec.NotApplicable: "skip", spec.Precondition: "skip",
		spec.Fail: "fail", spec.XPass: "fail", spec.Crash: "fail", spec.Hang: "fail", spec.Error: "fail",
	}
	for verdict, action := range want {
		var out bytes.Buffer
		e := newEvents(&out, false)
		check := spec.Check{Slug: "a/b"}
		e.begin(target{Target: spec.Target{Name: "server"}})
		e.running(check)
		e.finished(spec.Result{Check: check, Verdict: verdict})
		e.end(outcome{counts: tally{verdict: 1}, elapsed: time.Second})
		ends, err := follow(out.String())
		if err != nil || ends["a/b"] != action || !strings.Contains(out.String(), fmt.Sprintf(`"Key":"verdict","Value":%q`, verdict)) {
			t.Errorf("%s: %v, %v\n%s", verdict, ends, err, out.String())
		}
	}
}
