package main

import (
	"slices"
	"strings"

	"reactorbench/results"
)

// A correctness is the conformance report arranged as a matrix: families of checks downwards, implementations across.
type correctness struct {
	Checked  bool // there is a report at all
	Report   results.Conformance
	Impls    []results.ImplInfo
	Families []family
	broken   map[string]int // MUSTs that an implementation does not meet
}

// A family is the checks whose slug begins with the same word.
type family struct {
	Name   string
	Checks []check
}

// A check is one sentence of the specification and what each implementation made of it, in the order of correctness.Impls.
type check struct {
	Slug, Level, Says, Source string
	Cells                     []cell
}

// A cell is one implementation under one check.
type cell struct {
	Impl string
	Run  bool // the check has a result here
	results.CheckResult
}

// judge arranges the report; nil means that none was written.
func judge(report *results.Conformance) correctness {
	if report == nil {
		return correctness{}
	}
	c := correctness{Checked: true, Report: *report, broken: map[string]int{}}
	for _, im := range report.Impls {
		c.addColumn(im)
	}
	for _, r := range report.Results {
		c.addColumn(results.ImplInfo{Name: r.Impl})
	}
	for _, r := range report.Results {
		c.place(r)
	}
	for _, f := range c.Families {
		for _, check := range f.Checks {
			for _, cell := range check.Cells {
				if cell.breaksMust() {
					c.broken[cell.Impl]++
				}
			}
		}
	}
	return c
}

// addColumn makes room for an implementation that has none yet.
func (c *correctness) addColumn(im results.ImplInfo) {
	if c.column(im.Name) < 0 {
		c.Impls = append(c.Impls, im)
	}
}

func (c *correctness) column(impl string) int {
	return slices.IndexFunc(c.Impls, func(im results.ImplInfo) bool { return im.Name == impl })
}

// place puts a result into its cell. A check that ran more than once keeps its worst result.
func (c *correctness) place(r results.CheckResult) {
	to := &c.checkOf(r).Cells[c.column(r.Impl)]
	if !to.Run || severity(r.Verdict) > severity(to.Verdict) {
		to.Run, to.CheckResult = true, r
	}
}

// checkOf finds the row of a result, or adds it and its family in the order of the report.
func (c *correctness) checkOf(r results.CheckResult) *check {
	name, _, _ := strings.Cut(r.Slug, "/")
	at := slices.IndexFunc(c.Families, func(f family) bool { return f.Name == name })
	if at < 0 {
		c.Families = append(c.Families, family{Name: name})
		at = len(c.Families) - 1
	}
	f := &c.Families[at]
	for i := range f.Checks {
		if f.Checks[i].Slug == r.Slug {
			return &f.Checks[i]
		}
	}
	row := check{Slug: r.Slug, Level: r.Level, Says: r.Says, Source: r.Source, Cells: make([]cell, len(c.Impls))}
	for i, im := range c.Impls {
		row.Cells[i].Impl = im.Name
	}
	f.Checks = append(f.Checks, row)
	return &f.Checks[len(f.Checks)-1]
}

// breaksMust reports whether the server does not do what it must. A known failure is a failure: that its authors or we know of
// it helps nobody whose bytes are missing.
func (c cell) breaksMust() bool {
	return c.Level == "MUST" && slices.Contains([]string{"fail", "crash", "hang", "xfail"}, c.Verdict)
}

// mark is what stands beside an implementation's speed: how much of an echo server it is.
func (c correctness) mark(impl string) string {
	switch n := c.broken[impl]; {
	case n > 0:
		return "fails " + countOf(n, "MUST")
	case c.Checked && !c.ran(impl):
		return "not checked"
	default:
		return ""
	}
}

// sound reports whether a server may be recommended: it was checked and breaks no MUST, or nobody was checked at all.
func (c correctness) sound(impl string) bool {
	return !c.Checked || c.broken[impl] == 0 && c.ran(impl)
}

// checked counts the servers that any check ran on.
func (c correctness) checked() (n int) {
	for _, im := range c.Impls {
		if c.ran(im.Name) {
			n++
		}
	}
	return n
}

// noAnswer are the verdicts that say nothing about the server.
var noAnswer = []string{"error", "precondition", "skip", "n/a"}

// ran reports whether any check found out something about impl.
func (c correctness) ran(impl string) bool {
	return slices.ContainsFunc(c.Report.Results, func(r results.CheckResult) bool {
		return r.Impl == impl && !slices.Contains(noAnswer, r.Verdict)
	})
}
