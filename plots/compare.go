package main

import (
	"fmt"
	"slices"

	"reactorbench/results"
)

// A comparison is the run beside another one. Only ratios to the reference and bytes are compared, as a drift of the machine between
// the two runs cancels in the first and is none of the second.
type comparison struct {
	Name     string // of the other run
	Says     []string
	Sections []comparedWorkload
	Verdicts []verdictChange

	figures int      // that both runs have
	changed []string // those of them that differ detectably, in words
}

// A comparedWorkload is a table of what both runs have figures for.
type comparedWorkload struct {
	Workload string
	Grid     grid
}

// A verdictChange is a check that ended differently.
type verdictChange struct {
	Impl, Slug, Level string
	Before, Now       verdictStyle
}

// compare puts s beside the other run.
func (s study) compare(other study) comparison {
	c := comparison{Name: other.Name, Verdicts: verdictChanges(other.Echo, s.Echo)}
	var apart []string
	for _, w := range s.Workloads {
		switch before := other.workload(w.Name); {
		case before == nil:
		case before.conditions() != w.conditions():
			apart = append(apart, fmt.Sprintf("%s is another workload there (%s) and is not compared.", w.Name, before.conditions()))
		default:
			c.add(w, *before)
		}
	}
	c.Says = noted(append([]string{c.figuresSentence(), verdictSentence(other.Echo, s.Echo, len(c.Verdicts)), machineSentence(other.Run.Env(), s.Run.Env())}, apart...)...)
	return c
}

func (s study) workload(name string) *workload {
	if at := slices.IndexFunc(s.Workloads, func(w workload) bool { return w.Name == name }); at >= 0 {
		return &s.Workloads[at]
	}
	return nil
}

// add compares what both runs know of a workload.
func (c *comparison) add(now, before workload) {
	part := comparedWorkload{now.Name, grid{Head: comparedHead(now)}}
	for _, row := range now.Rows {
		old := before.find(row.Impl)
		if old == nil || !now.figure(*old).Known() || !now.figure(row).Known() || row.Impl == reference && !now.idle() {
			continue
		}
		then, is := now.figure(*old), now.figure(row)
		c.figures++
		if moved(then, is) {
			c.changed = append(c.changed, fmt.Sprintf("%s in %s (%s)", row.Impl, now.Name, changeValue(then, is).Text))
		}
		part.Grid.Rows = append(part.Grid.Rows, gridRow{row.Impl, []value{measured(then, now.format()), measured(is, now.format()), changeValue(then, is)}})
	}
	if len(part.Grid.Rows) > 0 {
		c.Sections = append(c.Sections, part)
	}
}

// figure is what a workload is compared by.
func (w workload) figure(row results.Summary) results.Estimate {
	if w.idle() {
		return row.BytesPerIdleConn
	}
	return row.CPURatio
}

func (w workload) format() func(float64) string {
	if w.idle() {
		return memory
	}
	return multiple
}

func comparedHead(w workload) []heading {
	what := heading{"× " + reference, "server CPU per request divided by " + reference + "'s in the same block"}
	if w.idle() {
		what = heading{"per idle connection", "growth of the server's own memory (PSS) divided by the connections"}
	}
	return []heading{{what.Name + " before", what.Means}, {what.Name + " now", what.Means}, {"change", "now divided by before, where the two intervals do not overlap"}}
}

// find is the row of an implementation, nil if there is none.
func (w workload) find(impl string) *results.Summary {
	if at := slices.IndexFunc(w.Rows, func(row results.Summary) bool { return row.Impl == impl }); at >= 0 {
		return &w.Rows[at]
	}
	return nil
}

// moved reports whether the figure differs detectably: two 95 % intervals that do not overlap, which is a stricter test than 95 %.
func moved(before, now results.Estimate) bool {
	return before.Trusted() && now.Trusted() && (now.Low > before.High || now.High < before.Low)
}

func changeValue(before, now results.Estimate) value {
	switch {
	case !before.Trusted() || !now.Trusted():
		return value{Text: "–", Aside: "too few blocks to compare", Faint: true}
	case !moved(before, now) || before.Median <= 0:
		return value{Text: "no detectable difference", Sort: sortKey(1), Faint: true}
	}
	ratio := now.Median / before.Median
	return value{Text: multiple(ratio), Sort: sortKey(ratio)}
}

func (c comparison) figuresSentence() string {
	switch {
	case c.figures == 0:
		return "The two runs have no figure in common."
	case len(c.changed) == 0:
		return fmt.Sprintf("No detectable difference in any of %s that both runs have.", countOf(c.figures, "figure"))
	}
	return fmt.Sprintf("Of %s that both runs have, %d changed detectably: %s. No detectable difference in the others.",
		countOf(c.figures, "figure"), len(c.changed), list(c.changed, "and"))
}

func verdictSentence(before, now correctness, changed int) string {
	switch {
	case !before.Checked || !now.Checked:
		return "Only runs that both hold a conformance report can be compared in what they promise."
	case changed == 0:
		return "No verdict of a check that both runs have differs."
	}
	return fmt.Sprintf("%s ended differently.", countOf(changed, "check"))
}

func machineSentence(before, now *results.Env) string {
	switch {
	case before == nil || now == nil:
		return "A run without env.json may come from any machine, so that a change may be the machine's."
	case before.EnvID != now.EnvID:
		return "The machine or its settings differ (below), so that a change may be the machine's."
	}
	return ""
}

// verdictChanges are the checks with a result in both reports that is not the same, in the order of the matrix.
func verdictChanges(before, now correctness) (changes []verdictChange) {
	type place struct{ impl, slug string }
	then := map[place]cell{}
	for _, f := range before.Families {
		for _, c := range f.Checks {
			for _, cell := range c.Cells {
				if cell.Run {
					then[place{cell.Impl, c.Slug}] = cell
				}
			}
		}
	}
	for _, f := range now.Families {
		for _, c := range f.Checks {
			for _, cell := range c.Cells {
				if old, known := then[place{cell.Impl, c.Slug}]; known && cell.Run && old.Verdict != cell.Verdict {
					changes = append(changes, verdictChange{cell.Impl, c.Slug, c.Level, old.Style(), cell.Style()})
				}
			}
		}
	}
	return changes
}
