package main

import (
	"slices"
	"testing"

	"reactorbench/conformance/spec"
)

// TestQuietChecksRunBesideTheOthers: the first check waits for the second to begin, and is reported first all the same.
func TestQuietChecksRunBesideTheOthers(t *testing.T) {
	begun := make(chan struct{})
	waits := spec.Check{Slug: "test/waits", Starts: true, Quiet: true, Run: func(*spec.T) { <-begun }}
	begins := spec.Check{Slug: "test/begins", Starts: true, Run: func(*spec.T) { close(begun) }}

	heard := &listener{}
	l := newLanes(t.Context(), []spec.Check{waits, begins}, heard)
	l.enough = func(spec.Result) bool { return false }
	l.run(contractRunner)
	if want := []string{"test/waits", "test/begins"}; !slices.Equal(heard.lines, want) {
		t.Errorf("reported %q, want %q", heard.lines, want)
	}
	if results := l.finished(); len(results) != 2 || results[0].Verdict != spec.Pass || results[1].Verdict != spec.Pass {
		t.Errorf("results %v", results)
	}
}

// TestStrangersAreAskedOneThingAtATime: their program may have one address only, and what runs already cannot be doubled.
func TestStrangersAreAskedOneThingAtATime(t *testing.T) {
	l := newLanes(t.Context(), []spec.Check{{Slug: "test/waits", Quiet: true}, {Slug: "test/works"}}, &listener{})
	if divided := l.divide(&spec.Target{}); len(divided[0]) != 2 || len(divided[1]) != 0 {
		t.Errorf("lanes %v", divided)
	}
}

// TestLanesAreCalledOff: after a result that is enough no lane begins another check, and what has run is reported.
func TestLanesAreCalledOff(t *testing.T) {
	begun, failed := make(chan struct{}), make(chan struct{})
	waits := spec.Check{Slug: "test/waits", Starts: true, Quiet: true, Run: func(*spec.T) { close(begun); <-failed }}
	never := spec.Check{Slug: "test/never", Starts: true, Quiet: true, Run: func(*spec.T) { t.Error("run all the same") }}
	fails := spec.Check{Slug: "test/fails", Starts: true, Run: func(t *spec.T) { <-begun; t.Failf("as it should") }}

	heard := &listener{}
	l := newLanes(t.Context(), []spec.Check{waits, never, fails, never}, heard)
	l.enough = func(result spec.Result) bool {
		if result.Verdict == spec.Fail {
			close(failed)
		}
		return result.Verdict == spec.Fail
	}
	l.run(contractRunner)
	if want := []string{"test/waits", "test/fails"}; !slices.Equal(heard.lines, want) {
		t.Errorf("reported %q, want %q", heard.lines, want)
	}
	if results := l.finished(); len(results) != 2 {
		t.Errorf("%d results, want two", len(results))
	}
}

func contractRunner() *spec.Runner {
	return &spec.Runner{Target: &spec.Target{Program: spec.Command("true").Program, Features: map[string]bool{contract: true}}}
}
