package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Counted is one figure of a server that is counted and not timed, so a busy machine hardly reaches it: a rise is no matter of
// statistics, and a FAIL names what has risen.
type Counted struct {
	Impl    string   `json:"impl"`
	What    string   `json:"what"` // "syscalls", "allocations" or "memory", as in -gates
	Unit    string   `json:"unit"`
	Verdict Verdict  `json:"verdict"`
	Why     string   `json:"why"` // one sentence
	Figures []Figure `json:"figures,omitempty"`
}

// A Figure has one value for each process that was asked, base and head by turns.
type Figure struct {
	Name  string    `json:"name"` // of the system call, or of the benchmark
	Base  []float64 `json:"base"`
	Head  []float64 `json:"head"`
	Risen bool      `json:"risen,omitempty"`
}

// A counter is a way to count. It returns a reason instead of figures where the machine or the server does not allow it.
type counter struct {
	what, unit string
	floor      float64 // a rise up to this is none
	count      func(*gate, context.Context, string) (figures []Figure, reason string, err error)
}

var counters = []counter{
	{"syscalls", "system calls per request", 0.05, (*gate).countSyscalls},
	{"allocations", "allocations per operation of a benchmark", 0.5, (*gate).countAllocations},
	{"memory", "bytes per idle connection", 64, (*gate).weighConnections},
}

// countedProcesses are asked of base and of head. That all five of one lie above all five of the other by chance happens once in
// 252 times, before the floor and the spread are asked for.
const countedProcesses = 5

// count asks every counter that was chosen about every server.
func (g *gate) count(ctx context.Context, report *Report, different []series) error {
	for _, c := range counters {
		if !g.gates[c.what] {
			continue
		}
		for _, impl := range subjects(c.what, different) {
			g.say("%s: %s", impl, c.unit)
			counted, err := g.counted(ctx, c, impl)
			if err != nil {
				return err
			}
			report.Counted = append(report.Counted, counted)
		}
	}
	return nil
}

// subjects are the servers of the series. Allocations are those of a folder's packages, which its variants share.
func subjects(what string, all []series) (impls []string) {
	for _, s := range all {
		name := s.Impl
		if what == "allocations" {
			name, _, _ = strings.Cut(name, "/")
		}
		if !slices.Contains(impls, name) {
			impls = append(impls, name)
		}
	}
	return impls
}

func (g *gate) counted(ctx context.Context, c counter, impl string) (Counted, error) {
	result := Counted{Impl: impl, What: c.what, Unit: c.unit}
	figures, reason, err := c.count(g, ctx, impl)
	switch {
	case ctx.Err() != nil:
		return result, ctx.Err()
	case err != nil:
		return result, fmt.Errorf("%s: %s: %w", impl, c.unit, err)
	case reason != "":
		result.Verdict, result.Why = Uncounted, reason
		return result, nil
	}
	result.judge(figures, c.floor)
	if why, ok := g.accepted[series{impl, c.what}]; ok && result.Verdict == Fail {
		result.Verdict, result.Why = Accepted, result.Why+", and a commit accepts that: "+why
	}
	return result, nil
}

// judge finds what has risen. A figure that head has no value for is not silently taken for none.
func (c *Counted) judge(figures []Figure, floor float64) {
	var more, gone []string
	for i, f := range figures {
		switch {
		case len(f.Head) == 0:
			gone = append(gone, f.Name)
		case risen(f.Base, f.Head, floor):
			figures[i].Risen = true
			more = append(more, f.Name)
		}
	}
	c.Figures = figures
	switch {
	case len(more) > 0:
		c.Verdict, c.Why = Fail, "more than before: "+someOf(more)
	case len(gone) > 0:
		c.Verdict, c.Why = Inconclusive, "head has it no longer: "+someOf(gone)
	default:
		c.Verdict, c.Why = Pass, "nothing has risen"
	}
}

// risen asks that every process of head lies above every one of base, by more than the floor and by more than those of base differ
// among themselves: the tolerance is what was measured in the same minute.
func risen(base, head []float64, floor float64) bool {
	if len(base) == 0 {
		base = []float64{0}
	}
	highest := slices.Max(base)
	return slices.Min(head) > highest+max(floor, highest-slices.Min(base))
}

// mostShown figures fit on a line.
const mostShown = 4

// figure lists medians, base → head: what has risen if anything has, else the first ones.
func (c Counted) figure() string {
	var parts []string
	for _, f := range c.Figures {
		if f.Risen || c.Verdict != Fail && c.Verdict != Accepted {
			parts = append(parts, fmt.Sprintf("%s %s → %s", f.Name, middle(f.Base), middle(f.Head)))
		}
	}
	if len(parts) == 0 {
		return "–"
	}
	return someOf(parts)
}

// someOf leaves the rest to the JSON.
func someOf(parts []string) string {
	text := strings.Join(parts[:min(len(parts), mostShown)], ", ")
	if rest := len(parts) - mostShown; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func middle(values []float64) string {
	if len(values) == 0 {
		return "none"
	}
	return fmt.Sprintf("%.4g", median(slices.Sorted(slices.Values(values))))
}
