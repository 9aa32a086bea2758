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
	rows, estimate := s.comparable(w)
	if len(rows) == 0 {
		return chart{}, w.Name + ": no cell has a figure for the CPU time of its server, so there is no chart of it."
	}
	plot := dotPlot{Looks: s.Looks, Anchor: 1, Format: multipleTick, Axis: "server CPU per request, as a multiple of " + reference}
	title := "How much server CPU does a request cost?"
	sub := "each divided by " + reference + " in the same block, dashed"
	if !estimate.ratio {
		plot.Anchor, plot.Format, plot.Axis = math.NaN(), durationTick, "server CPU per request"
		sub = "absolute, because " + reference + " has no figures here"
	}
	var used []results.Estimate
	for _, row := range rows {
		e := estimate.of(row)
		used = append(used, e)
		plot.Dots = append(plot.Dots, s.cpuDot(row, e, estimate.ratio))
	}
	if slices.ContainsFunc(plot.Dots, func(d dot) bool { return d.Faint }) {
		sub += ", grey: no detectable difference from it"
	}
	slices.SortStableFunc(plot.Dots, func(a, b dot) int { return cmp.Compare(a.Value, b.Value) })
	plot.Log = estimate.ratio && farApart(plot.Dots)
	return s.dotChart("cpu-"+w.Name, title, w.Name+": "+w.conditions()+", closed loop · "+sub+" · "+evidence(used)+" · lower is better", plot,
		"implementation", "CPU per request", "interval", "note"), ""
}

// A cpuFigure is either the ratio to the reference or, where that did not run, the time itself.
type cpuFigure struct{ ratio bool }

func (f cpuFigure) of(s results.Summary) results.Estimate {
	if f.ratio {
		return s.CPURatio
	}
	return s.CPUPerRequestNs
}

// comparable are the rows that have the figure, in the order of the workload.
func (s study) comparable(w workload) (rows []results.Summary, figure cpuFigure) {
	for _, row := range w.Rows {
		if row.CPURatio.Known() {
			figure.ratio = true
		}
	}
	for _, row := range w.Rows {
		if figure.of(row).Known() {
			rows = append(rows, row)
		}
	}
	return rows, figure
}

func (s study) cpuDot(row results.Summary, e results.Estimate, ratio bool) dot {
	d := dot{Name: row.Impl, Value: e.Median, Low: e.Low, High: e.High, Basis: basis(e), Mark: s.Echo.mark(row.Impl)}
	if !ratio {
		d.Label, d.Aside = duration(e.Median), spanWords(e.Low, e.High, duration)
		return d
	}
	d.Label, d.Faint = multiple(e.Median), row.Impl != reference && !e.Differs()
	d.Aside = spanWords(e.Low, e.High, multiple) + " · " + duration(row.CPUPerRequestNs.Median)
	if row.Impl == reference {
		d.Aside = duration(row.CPUPerRequestNs.Median)
	}
	return d
}

// farApart tells when the cheap would disappear in a corner of an even axis.
func farApart(dots []dot) bool {
	low, high := math.Inf(1), 0.0
	for _, d := range dots {
		low, high = min(low, d.Low), max(high, d.High)
	}
	return low > 0 && high/low > widestRatio
}
