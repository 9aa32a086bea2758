package main

import (
	"math"

	"reactorbench/results"
)

// memoryChart shows what a connection costs that does nothing. The axis counts by factors: from a few dozen bytes to several
// kilobytes is the usual range.
func (s study) memoryChart(w workload) (chart, string) {
	plot := dotPlot{Looks: s.Looks, Anchor: math.NaN(), Format: memoryTick, Log: true, Axis: "bytes of server memory per idle connection"}
	var used []results.Estimate
	for _, row := range w.Rows {
		if e := row.BytesPerIdleConn; e.Known() {
			used = append(used, e)
			plot.Dots = append(plot.Dots, s.memoryDot(row.Impl, e))
		}
	}
	if len(used) == 0 {
		return chart{}, w.Name + ": no cell has a figure for the memory of idle connections, so there is no chart of it."
	}
	sub := w.Name + ": " + w.conditions() + " · growth of the server's own memory (PSS) for each, without the kernel's buffers · " +
		evidence(used) + " · lower is better"
	return s.dotChart("memory-"+w.Name, "How much memory does an idle connection hold?", sub, plot,
		"implementation", "memory per connection", "interval", "note"), ""
}

// leastByte is where the axis ends: less than one byte a connection is noise of the measurement, and a logarithm knows no zero.
const leastByte = 1

func (s study) memoryDot(impl string, e results.Estimate) dot {
	return dot{
		Name:  impl,
		Value: max(leastByte, e.Median), Low: max(leastByte, e.Low), High: max(leastByte, e.High),
		Label: memory(e.Median), Aside: spanWords(e.Low, e.High, memory), Mark: s.Echo.mark(impl), Basis: basis(e),
	}
}
