package main

import (
	"math"

	"reactorbench/results"
)

// throughputChart shows requests per second. On a machine where client and server share the cores it mostly shows the client,
// and then says so: such a row is hollow and takes no part in any comparison.
func (s study) throughputChart(w workload) (chart, string) {
	plot := dotPlot{Looks: s.Looks, Anchor: math.NaN(), Format: rateTick, Zero: true, Axis: "requests per second"}
	var used []results.Estimate
	limited := false
	for _, row := range w.Rows {
		e, hollow := row.RequestsPerSecond, false
		if !e.Known() {
			e, hollow = w.limitedThroughput(row.Impl), true
		}
		if !e.Known() {
			continue
		}
		limited = limited || hollow
		used = append(used, e)
		plot.Dots = append(plot.Dots, s.throughputDot(row, e, hollow))
	}
	if len(used) == 0 {
		return chart{}, w.Name + ": no cell has a throughput, so there is no chart of it."
	}
	sub := w.Name + ": " + w.conditions() + ", " + w.loop() + " · " + evidence(used) + " · higher is better"
	if limited {
		sub += " · hollow: the client was the limit, so the figure is a lower bound and not compared"
	}
	return s.dotChart("throughput-"+w.Name, "How many requests a second come back?", sub, plot,
		"implementation", "throughput", "interval", "note"), ""
}

// limitedThroughput is the median of cells in which the client was the limit. Nothing is compared with it.
func (w workload) limitedThroughput(impl string) results.Estimate {
	var values []float64
	for _, r := range w.Records {
		if r.Impl == impl && !r.Failed() && r.ClientLimited && r.RequestsPerSecond > 0 {
			values = append(values, r.RequestsPerSecond)
		}
	}
	return results.EstimateMedian(values)
}

func (s study) throughputDot(row results.Summary, e results.Estimate, hollow bool) dot {
	d := dot{
		Name: row.Impl, Value: e.Median, Low: e.Low, High: e.High, Hollow: hollow, Basis: basis(e),
		Label: rate(e.Median), Aside: spanWords(e.Low, e.High, rate), Mark: s.Echo.mark(row.Impl),
	}
	if hollow {
		d.Label, d.Aside = "≥ "+d.Label, "client-limited"
	}
	return d
}
