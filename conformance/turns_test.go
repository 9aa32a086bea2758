package main

import (
	"slices"
	"testing"

	"reactorbench/conformance/spec"
)

// TestTurnsKeepTheOrderOfTheTargets: whoever runs first, the report has the first target's lines, then the second's.
func TestTurnsKeepTheOrderOfTheTargets(t *testing.T) {
	heard := &listener{}
	turns := newTurns(heard)
	first, second, third := turn{turns, 0}, turn{turns, 1}, turn{turns, 2}

	third.running(spec.Check{Slug: "third"})
	turns.leave(2)
	second.running(spec.Check{Slug: "second"})
	first.running(spec.Check{Slug: "first"})
	if want := []string{"first"}; !slices.Equal(heard.lines, want) {
		t.Fatalf("while the first is running the report has %q, want %q", heard.lines, want)
	}
	turns.leave(0)
	second.running(spec.Check{Slug: "second again"})
	turns.leave(1)
	if want := []string{"first", "second", "second again", "third"}; !slices.Equal(heard.lines, want) {
		t.Errorf("the report has %q, want %q", heard.lines, want)
	}
}

// A listener notes which checks it was told of.
type listener struct {
	reporter
	lines []string
}

func (l *listener) running(check spec.Check) { l.lines = append(l.lines, check.Slug) }
func (l *listener) finished(spec.Result)     {}
