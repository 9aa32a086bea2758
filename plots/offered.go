package main

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"

	"reactorbench/results"
)

// sweeping is the purpose of records in which a server was asked for a growing share of its capacity.
const sweeping = "sweep"

// A step is one implementation at one share of its capacity, over all sweeps of the run.
type step struct {
	Offered, Answered float64 // requests a second, medians
	P50, P99          results.Estimate
	Kept              bool // more than half of the cells reached their rate
	Limited           bool // the client was the limit in any of them, or late too unevenly for their p99
}

// offeredChart shows where a server breaks: its response time against the load that it was offered, and the last load that it
// sustained. There is none without a sweep.
func (s study) offeredChart(workload string) (chart, bool) {
	records := s.swept(workload)
	if len(records) == 0 {
		return chart{}, false
	}
	plot := linePlot{Looks: s.Looks, X: offeredAxis}
	sustained := map[string]float64{}
	table := table{Head: []string{"implementation", "offered", "answered", "half within", "99% within", "note"}}
	var used []results.Estimate
	for _, impl := range implsOf(records) {
		steps := stepsOf(records, impl)
		c := offeredCurve(impl, steps)
		if len(c.Points) == 0 {
			continue
		}
		c.Mark = s.Echo.mark(impl)
		sustained[impl] = steps[max(0, lastKept(steps))].Offered
		plot.Curves = append(plot.Curves, c)
		table.Rows = append(table.Rows, offeredRows(impl, steps)...)
		for _, st := range steps {
			if st.P99.Known() {
				used = append(used, st.P99)
			}
		}
	}
	if len(plot.Curves) == 0 {
		return chart{}, false
	}
	slices.SortStableFunc(plot.Curves, func(a, b curve) int { return cmp.Compare(sustained[b.Name], sustained[a.Name]) })
	return chart{
		File: "latency-by-load-" + workload,
		Page: page{
			Title: "How much load does a server take before replies come late?", Sub: offeredWords(records[0], used, plot.Curves),
			Foot: s.Footnote(), BodyHeight: plot.height(), Body: plot.draw,
		},
		Table: table,
	}, true
}

// swept are the cells of the sweeps under one workload; those that measured the capacity are closed loops and not of them.
func (s study) swept(workload string) (cells []results.Record) {
	for _, r := range s.Run.Records() {
		if r.Purpose == sweeping && r.Loop == "open" && r.Workload == workload && r.AskedPerSecond > 0 {
			cells = append(cells, r)
		}
	}
	return cells
}

// implsOf are the implementations in records, by name.
func implsOf(records []results.Record) (names []string) {
	for _, r := range records {
		names = append(names, r.Impl)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// stepsOf are the steps of one implementation, the least load first.
func stepsOf(records []results.Record, impl string) (steps []step) {
	byShare := map[int][]results.Record{}
	for _, r := range records {
		if r.Impl == impl {
			byShare[r.Block] = append(byShare[r.Block], r)
		}
	}
	for _, cells := range byShare {
		steps = append(steps, stepOf(cells))
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.Offered, b.Offered) })
	return steps
}

func stepOf(cells []results.Record) (st step) {
	var offered, answered, p50, p99 []float64
	kept := 0
	for _, r := range cells {
		offered = append(offered, r.AskedPerSecond)
		if r.Failed() {
			continue
		}
		answered = append(answered, r.RequestsPerSecond)
		if r.LatencyP99Ns > 0 { // absent where too few requests lie beyond it
			p50, p99 = append(p50, float64(r.LatencyP50Ns)), append(p99, float64(r.LatencyP99Ns))
		}
		if r.ShortOf == "" {
			kept++
		}
		st.Limited = st.Limited || !r.Comparable(99)
	}
	st.Offered, st.Answered = results.EstimateMedian(offered).Median, results.EstimateMedian(answered).Median
	st.P50, st.P99 = results.EstimateMedian(p50), results.EstimateMedian(p99)
	st.Kept = 2*kept > len(cells)
	return st
}

// lastKept is the step before the first that was not sustained, -1 if that is the first of all. What comes back after a failure is
// luck and not capacity.
func lastKept(steps []step) int {
	if i := slices.IndexFunc(steps, func(st step) bool { return !st.Kept }); i >= 0 {
		return i - 1
	}
	return len(steps) - 1
}

func offeredCurve(impl string, steps []step) curve {
	c := curve{Name: impl}
	last := lastKept(steps)
	for i, st := range steps {
		if !st.P99.Known() {
			continue
		}
		point := curvePoint{X: st.Offered, Value: max(1, st.P99.Median), Low: max(1, st.P99.Low), High: max(1, st.P99.High), Says: st.says(), Hollow: st.Limited, Lost: i > last, Ringed: i == last}
		c.Points = append(c.Points, point)
	}
	c.End, c.Aside = sustainedWords(steps, last)
	return c
}

// sustainedWords is a figure only where the server, and not the client, ended the climb; else it is a lower bound.
func sustainedWords(steps []step, last int) (end, aside string) {
	switch {
	case last < 0 && steps[0].Limited:
		return "–", "client-limited"
	case last < 0:
		return "none", ""
	case last == len(steps)-1:
		return "≥ " + rate(steps[last].Offered), ""
	case steps[last+1].Limited:
		return "≥ " + rate(steps[last].Offered), "client-limited"
	}
	return rate(steps[last].Offered), ""
}

func (st step) says() string {
	return fmt.Sprintf("offered %s, answered %s · 99%% within %s (%s), half within %s%s", rate(st.Offered), rate(st.Answered),
		duration(st.P99.Median), spanWords(st.P99.Low, st.P99.High, duration), duration(st.P50.Median), st.note(" · "))
}

// note says what is wrong with a step.
func (st step) note(before string) string {
	switch {
	case !st.Kept && st.Limited:
		return before + "not sustained, client-limited"
	case !st.Kept:
		return before + "not sustained"
	case st.Limited:
		return before + "client-limited"
	}
	return ""
}

func offeredRows(impl string, steps []step) (rows [][]string) {
	for _, st := range steps {
		row := []string{impl, rate(st.Offered), "–", "–", "–", st.note("")}
		if st.Answered > 0 {
			row[2] = rate(st.Answered)
		}
		if st.P99.Known() {
			row[3], row[4] = duration(st.P50.Median), duration(st.P99.Median)+" ("+spanWords(st.P99.Low, st.P99.High, duration)+")"
		}
		rows = append(rows, row)
	}
	return rows
}

func offeredWords(shape results.Record, used []results.Estimate, curves []curve) string {
	sub := shape.Workload + ": " + countOf(shape.Conns, "connection") + ", " + countOf(shape.MessageBytes, "byte") + " a request, " + shape.Arrivals +
		" arrivals at 10 to 100% of the rate of a closed loop · 99% were answered within so long of the moment planned · line and band: " + evidenceOf("sweep", used) +
		" · ring and figure: the last load sustained; crossed out: past it · lower and further right is better"
	if len(curves) > mostTogether {
		sub += " · grey: the other families"
	}
	hollow, all := 0, 0
	for _, c := range curves {
		for _, p := range c.Points {
			all++
			if p.Hollow {
				hollow++
			}
		}
	}
	switch {
	case hollow == all:
		return sub + " · hollow: the client was the limit at every load, so the servers are not compared"
	case hollow > 0:
		return sub + " · hollow: the client was the limit, not compared"
	}
	return sub
}

var offeredAxis = xAxis{
	Name:    "offered load, requests per second",
	Ends:    func(_, high float64) (float64, float64) { return 0, high * 1.03 },
	Ticks:   func(bool) plot.Ticker { return evenTicks{rateTick} },
	Markers: true,
	Key:     true,
}
