package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A failing server, with the MUSTs that it does not meet.
type failing struct {
	Impl   string
	Checks []check
}

// Failing are the servers that break a MUST, in the order of the matrix: a reader should know them before any speed.
func (c correctness) Failing() (all []failing) {
	for column, im := range c.Impls {
		f := failing{Impl: im.Name}
		for _, family := range c.Families {
			for _, check := range family.Checks {
				if check.Cells[column].breaksMust() {
					f.Checks = append(f.Checks, check)
				}
			}
		}
		if len(f.Checks) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// Spoken is the row for who cannot see its columns: the servers by name, the most severe first, those that pass as a number, then those that nobody asked.
func (c check) Spoken() string {
	names, order := map[verdictStyle][]string{}, []verdictStyle{}
	for _, cell := range c.Cells {
		style := cell.Style()
		if names[style] == nil {
			order = append(order, style)
		}
		names[style] = append(names[style], cell.Impl)
	}
	slices.SortStableFunc(order, func(a, b verdictStyle) int {
		return cmp.Or(compareBool(a.Verdict == "", b.Verdict == ""), severity(b.Verdict)-severity(a.Verdict))
	})
	parts := []string{c.Slug + " (" + c.Level + ")"}
	for _, style := range order {
		who := strings.Join(names[style], ", ")
		if style.Class == "good" {
			who = countOf(len(names[style]), "server")
		}
		parts = append(parts, style.Means+": "+who)
	}
	return strings.Join(parts, ". ")
}

// Spoken is the same of a family: who meets less than was asked.
func (f family) Spoken() string {
	var short []string
	whole := 0
	for i, t := range f.Tallies() {
		switch t.Class {
		case "good":
			whole++
		case "quiet":
		default:
			short = append(short, f.Checks[0].Cells[i].Impl+" "+t.Text)
		}
	}
	text := fmt.Sprintf("%s, %s. %s met all that was asked", f.Name, countOf(len(f.Checks), "check"), countOf(whole, "server"))
	if len(short) > 0 {
		text += ", not " + list(short, "and")
	}
	return text
}
