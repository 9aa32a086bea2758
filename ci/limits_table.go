package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"reactorbench/results"
)

// A renderer writes rows, of which the first is the head: asText or asMarkdown.
type renderer func(w io.Writer, rows [][]string) error

func asText(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func asMarkdown(w io.Writer, rows [][]string) error {
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(rows[0], " | "), strings.Repeat("---|", len(rows[0])))
	for _, row := range rows[1:] {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := fmt.Fprintln(w)
	return err
}

// print is all that limits.txt has: servers beside bare, the loop beside libevent, goals.
func (e evidence) print(w io.Writer, chosen []sequence, render renderer) error {
	return errors.Join(e.printServers(w, render), e.printLoop(w, chosen, render), printGoals(w, goals(), e, render))
}

// printServers has a row for each server that ran in pairs with bare, and a column for each workload; nothing without such pairs.
func (e evidence) printServers(w io.Writer, render renderer) error {
	servers := make(map[string]bool)
	for _, s := range results.Pairs(e.records) {
		servers[s.Pair] = true
	}
	if len(servers) == 0 {
		return nil
	}
	head := []string{"server CPU a request ÷ bare's"}
	for _, w := range shapes {
		head = append(head, w.name)
	}
	rows := [][]string{head}
	for _, server := range slices.Sorted(maps.Keys(servers)) {
		row := []string{server}
		for _, w := range shapes {
			row = append(row, ratioText(toBare(server, w.name)(e)))
		}
		rows = append(rows, row)
	}
	return render(w, rows)
}

// printLoop has a row for each step, with the ratio of pairs; below 1 the reactor is the cheaper.
func (e evidence) printLoop(w io.Writer, chosen []sequence, render renderer) error {
	rows := [][]string{{"method", "sequence", "step", "reactor", "libevent", "reactor ÷ libevent"}}
	for _, s := range chosen {
		for _, step := range e.steps(s) {
			ours, theirs := e.values(s, step, "reactor"), e.values(s, step, "libevent")
			rows = append(rows, []string{s.method, strings.Join(s.arguments, " "), step,
				nanoseconds(ours), nanoseconds(theirs), ratioText(results.EstimateMedian(ratios(ours, theirs)))})
		}
	}
	return render(w, rows)
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

func ratioText(e results.Estimate) string {
	switch {
	case !e.Known() || math.IsNaN(e.Median):
		return "–"
	case !e.Trusted():
		return fmt.Sprintf("%.2f, too few for an interval", e.Median)
	default:
		return fmt.Sprintf("%.2f (%.2f–%.2f)", e.Median, e.Low, e.High)
	}
}
