package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/plot"

	"reactorbench/results"
)

// scalingChart shows whether a request becomes dearer when there are more connections. It takes workloads that differ in nothing
// else, and stands with the one that has most; there is none where fewer than two do.
func (s study) scalingChart(w workload) (chart, bool) {
	alike := s.alike(w)
	if len(alike) < 2 || alike[len(alike)-1].Name != w.Name {
		return chart{}, false
	}
	plot := linePlot{Looks: s.Looks, X: scalingAxis(alike)}
	table := table{Head: []string{"implementation"}}
	for _, at := range alike {
		table.Head = append(table.Head, countOf(at.shape().Conns, "connection"))
	}
	var used []results.Estimate
	for _, row := range w.Rows {
		c, estimates := scalingCurve(row.Impl, alike)
		if len(c.Points) < 2 {
			continue
		}
		c.Mark = s.Echo.mark(row.Impl)
		used = append(used, estimates...)
		plot.Curves = append(plot.Curves, c)
		table.Rows = append(table.Rows, scalingRow(row.Impl, alike))
	}
	if len(plot.Curves) == 0 {
		return chart{}, false
	}
	shape := w.shape()
	sub := fmt.Sprintf("%s, %s a request, %s in flight on each connection · server CPU time for a request · line and band: %s · lower and flatter is better",
		w.loop(), countOf(shape.MessageBytes, "byte"), countOf(shape.Depth, "request"), evidence(used))
	if len(plot.Curves) > mostTogether {
		sub += " · grey: the other families"
	} else {
		sub += " · behind the value: times that at the fewest connections"
	}
	return chart{
		File:  "scaling-" + shape.Loop + "-" + strconv.Itoa(shape.MessageBytes) + "b-depth" + strconv.Itoa(shape.Depth),
		Page:  page{Title: "Does a request become dearer with more connections?", Sub: sub, Foot: s.Footnote(), BodyHeight: plot.height(), Body: plot.draw},
		Table: table,
	}, true
}

// alike are the workloads that differ from w in connections alone, fewest first, one for each number.
func (s study) alike(w workload) (all []workload) {
	if w.idle() || !w.plain() {
		return nil
	}
	for _, other := range s.Workloads {
		if a, b := other.shape(), w.shape(); a.Loop == b.Loop && a.Depth == b.Depth && a.MessageBytes == b.MessageBytes && a.Conns > 0 &&
			a.AskedPerSecond == b.AskedPerSecond && a.Arrivals == b.Arrivals && other.plain() {
			all = append(all, other)
		}
	}
	slices.SortStableFunc(all, func(a, b workload) int { return cmp.Compare(a.shape().Conns, b.shape().Conns) })
	return slices.CompactFunc(all, func(a, b workload) bool { return a.shape().Conns == b.shape().Conns })
}

// plain reports whether connections live as long as the cell and all of them read.
func (w workload) plain() bool {
	return !slices.ContainsFunc(w.Records, func(r results.Record) bool { return r.RequestsPerConn > 0 || r.StalledConns > 0 })
}

func scalingCurve(impl string, alike []workload) (c curve, used []results.Estimate) {
	c.Name = impl
	for _, w := range alike {
		e, ok := w.cpu(impl)
		if !ok {
			continue
		}
		used = append(used, e)
		clamp := func(v float64) float64 { return max(leastDrawn, min(v, mostDrawn)) }
		c.Points = append(c.Points, curvePoint{
			X: float64(w.shape().Conns), Value: clamp(e.Median), Low: clamp(e.Low), High: clamp(e.High),
			Says: duration(e.Median) + " (" + spanWords(e.Low, e.High, duration) + ") with " + countOf(w.shape().Conns, "connection") + " · " + basis(e),
		})
	}
	if n := len(c.Points); n > 1 {
		c.End = duration(c.Points[n-1].Value)
		c.Aside = multiple(c.Points[n-1].Value / c.Points[0].Value)
	}
	return c, used
}

// cpu is what a request costs one implementation.
func (w workload) cpu(impl string) (results.Estimate, bool) {
	for _, row := range w.Rows {
		if row.Impl == impl {
			return row.CPUPerRequestNs, row.CPUPerRequestNs.Known()
		}
	}
	return results.Estimate{}, false
}

func scalingRow(impl string, alike []workload) []string {
	row := []string{impl}
	for _, w := range alike {
		words := "–"
		if e, ok := w.cpu(impl); ok {
			words = duration(e.Median) + " (" + spanWords(e.Low, e.High, duration) + ")"
		}
		row = append(row, words)
	}
	return row
}

// scalingAxis counts by factors and names the numbers that were measured, those that have room.
func scalingAxis(alike []workload) xAxis {
	const room = 1.6 // as a factor
	return xAxis{
		Name:  "connections, counted by factors",
		Scale: plot.LogScale{},
		Ends:  func(low, high float64) (float64, float64) { return low / 1.12, high * 1.12 },
		Ticks: func(bool) plot.Ticker {
			var ticks plot.ConstantTicks
			last := 0.0
			for _, w := range alike {
				tick := plot.Tick{Value: float64(w.shape().Conns)}
				if tick.Value >= last*room {
					tick.Label, last = count(int64(tick.Value)), tick.Value
				}
				ticks = append(ticks, tick)
			}
			return ticks
		},
		Markers: true,
	}
}
