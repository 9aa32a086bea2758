package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"reactorbench/results"
)

// table has a row for each step, with the ratio of pairs; below 1 the reactor is the cheaper.
func (e evidence) table(w io.Writer, chosen []sequence) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "method\tsequence\tstep\treactor\tlibevent\treactor ÷ libevent")
	for _, s := range chosen {
		for _, step := range e.steps(s) {
			ours, theirs := e.values(s, step, "reactor"), e.values(s, step, "libevent")
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.method, strings.Join(s.arguments, " "), step,
				nanoseconds(ours), nanoseconds(theirs), pairRatio(ours, theirs))
		}
	}
	return t.Flush()
}

func (e evidence) steps(s sequence) (steps []string) {
	for _, f := range e.figures {
		if f.Method == s.method && f.Sequence == strings.Join(s.arguments, " ") && !slices.Contains(steps, f.Step) {
			steps = append(steps, f.Step)
		}
	}
	return steps
}

// values are in the order of blocks.
func (e evidence) values(s sequence, step, program string) (values []float64) {
	for _, f := range e.figures {
		if f.Program == program && f.Method == s.method && f.Step == step && f.Sequence == strings.Join(s.arguments, " ") {
			values = append(values, f.NsPerOp)
		}
	}
	return values
}

func nanoseconds(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4g ns", median(slices.Sorted(slices.Values(values))))
}

func pairRatio(ours, theirs []float64) string {
	switch e := results.EstimateMedian(ratios(ours, theirs)); {
	case !e.Known() || math.IsNaN(e.Median):
		return "–"
	case !e.Trusted():
		return fmt.Sprintf("%.2f, too few for an interval", e.Median)
	default:
		return fmt.Sprintf("%.2f (%.2f–%.2f)", e.Median, e.Low, e.High)
	}
}
