package main

import (
	"fmt"
	"slices"
	"strings"

	"reactorbench/results"
)

// A tally is a family's line for one implementation: how many of its checks it meets.
type tally struct{ Text, Class, Title string }

// Tallies sum the family up, an implementation each.
func (f family) Tallies() (out []tally) {
	for i := range f.Checks[0].Cells {
		out = append(out, f.tally(i))
	}
	return out
}

// tally counts what was asked of the server: a check that does not apply or was left out is not in the sum.
func (f family) tally(column int) tally {
	passed, asked, worst := 0, 0, 0
	for _, check := range f.Checks {
		c := check.Cells[column]
		if !c.Run || c.Style().Class == "quiet" {
			continue
		}
		asked++
		if c.Verdict == "pass" {
			passed++
		}
		worst = max(worst, severity(c.Verdict))
	}
	t := tally{Text: fmt.Sprintf("%d/%d", passed, asked), Class: "doubt"}
	t.Title = fmt.Sprintf("%s: %d of %s met", f.Checks[0].Cells[column].Impl, passed, countOf(asked, "check"))
	switch {
	case asked == 0:
		t.Text, t.Class = "–", "quiet"
	case passed == asked:
		t.Class = "good"
	case worst < len(verdictStyles):
		t.Class = verdictStyles[worst].Class
	}
	return t
}

// Troubled reports whether the family has anything that a reader should see without a click.
func (f family) Troubled() bool { return slices.ContainsFunc(f.Checks, check.Troubled) }

// Troubled is the same of one check: any server does not meet it, or nothing is known about one.
func (c check) Troubled() bool {
	return slices.ContainsFunc(c.Cells, func(c cell) bool { return c.Style().Class == "bad" || c.Style().Class == "doubt" })
}

// Worth reports whether there is more to say of a cell than its word.
func (c cell) Worth() bool {
	return c.Run && c.Verdict != "pass" && (c.Style().Class != "quiet" || c.Detail != "")
}

// Account is what happened, without what stands on the page already: the requirement and the reason of a known failure above it and the
// command below. The lines of a detail are indented for a terminal.
func (c cell) Account() string {
	var kept []string
	skipping := false
	for _, line := range strings.Split(strings.TrimRight(c.Detail, "\n "), "\n") {
		line = strings.TrimPrefix(line, detailIndent)
		if key, _, _ := strings.Cut(line, " "); key != "" {
			skipping = key == c.Level || key == "again" || key == "known" && c.Known != ""
		}
		if !skipping {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

const detailIndent = "    " // of every line of a detail, as `go test` prints one

// Words are the verdicts for the legend.
func (correctness) Words() []verdictStyle { return verdictStyles }

// Unavailable are the implementations that could not be built here.
func (c correctness) Unavailable() []results.ImplInfo {
	return slices.DeleteFunc(slices.Clone(c.Impls), func(im results.ImplInfo) bool { return im.Unavailable == "" })
}
