package main

import (
	"cmp"
	"math"
	"slices"

	"reactorbench/results"
)

// cpuChart answers what a request costs: the server's CPU time per request as a multiple of the least that a server can spend.
//
// It comes first because it survives a noisy machine. Time that a neighbour steals is not charged to the server, and a ratio
// taken within a block does not see the drift between blocks.
func (s study) cpuChart(w workload) (chart, string) {
	dots, used := s.cpuDots(w)
	if len(dots) == 0 {
		return chart{}, w.Name + ": no cell has a figure for the CPU time of its server, so there is no chart of it."
	}
	plot := dotPlot{Dots: dots, Looks: s.Looks, Anchor: 1, Format: multipleTick, Log: farApart(dots), Axis: "server CPU per request, as a multiple of " + reference}
	basis := "each divided by " + reference + " in the same block, dashed"
	if slices.ContainsFunc(dots, func(d dot) bool { return d.Faint }) {
		basis += ", grey: no detectable difference from it"
	}
	if !w.hasRatios() {
		plot.Anchor, plot.Format, plot.Axis = math.NaN(), durationTick, "server CPU per request"
		basis = "absolute, because " + reference + " has no figures here"
	}
	sub := w.Name + ": " + w.conditions() + ", " + w.loop() + " · " + basis + " · " + evidence(used) + " · lower is better"
	return s.dotChart("cpu-"+w.Name, "How much server CPU does a request cost?", sub, plot,
		"implementation", "CPU per request", "interval", "note"), ""
}

// cpuDots are the servers with figures, the cheapest first: ratios to the reference or, where that did not run, plain times.
func (s study) cpuDots(w workload) (dots []dot, used []results.Estimate) {
	ratios := w.hasRatios()
	for _, row := range w.Rows {
		e, d := row.CPURatio, ratioDot(row)
		if !ratios {
			e, d = row.CPUPerRequestNs, timeDot(row)
		}
		if !e.Known() {
			continue
		}
		d.Name, d.Value, d.Low, d.High = row.Impl, e.Median, e.Low, e.High
		d.Basis, d.Mark = basis(e), s.Echo.mark(row.Impl)
		dots, used = append(dots, d), append(used, e)
	}
	slices.SortStableFunc(dots, func(a, b dot) int { return cmp.Compare(a.Value, b.Value) })
	return dots, used
}

func (w workload) hasRatios() bool {
	return slices.ContainsFunc(w.Rows, func(row results.Summary) bool { return row.CPURatio.Known() })
}

// ratioDot says the multiple, and the time behind it.
func ratioDot(row results.Summary) dot {
	e, time := row.CPURatio, duration(row.CPUPerRequestNs.Median)
	if row.Impl == reference {
		return dot{Label: multiple(e.Median), Aside: time}
	}
	return dot{Label: multiple(e.Median), Aside: spanWords(e.Low, e.High, multiple) + " · " + time, Faint: !e.Differs()}
}

func timeDot(row results.Summary) dot {
	e := row.CPUPerRequestNs
	return dot{Label: duration(e.Median), Aside: spanWords(e.Low, e.High, duration)}
}

// farApart tells when the cheap would disappear in a corner of an even axis.
func farApart(dots []dot) bool {
	low, high := math.Inf(1), 0.0
	for _, d := range dots {
		low, high = min(low, d.Low), max(high, d.High)
	}
	return low > 0 && high/low > widestRatio
}
