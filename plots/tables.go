package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reactorbench/results"
)

// A grid is a table of the report that can be sorted.
type grid struct {
	Head []heading
	Rows []gridRow
}

// A heading names a column and says on demand what it means.
type heading struct{ Name, Means string }

type gridRow struct {
	Impl  string
	Cells []value
}

// A value is a figure in words, its interval beside it, and the number to sort by ("" sorts last).
type value struct {
	Text, Aside, Sort string
	Beside            string // compared with the reference, where the column is not about that
	Faint             bool   // shown and not compared
}

// unknown is a figure that was not measured, which is not the same as zero.
var unknown = value{Text: "–"}

// figures is the table of a workload: what its charts show, and what they have no room for.
func (s study) figures(w workload) grid {
	if w.idle() {
		return idleFigures(w)
	}
	columns := []column{
		{heading{"CPU per request", "CPU time of the server process divided by the requests it answered; median and interval over blocks"},
			func(row results.Summary) value { return measured(row.CPUPerRequestNs, duration) }},
		{heading{"× " + reference, "the same, divided by " + reference + " in the same block"}, ratioValue},
		{heading{"throughput", "requests that came back a second"}, func(row results.Summary) value { return throughputValue(row, w.limitedThroughput(row.Impl)) }},
		{heading{"p50", "half of the requests took at most so long; " + w.latency()},
			func(row results.Summary) value {
				return latencyValue(row, row.BlurredP50, row.LatencyP50Ns, row.LatencyP50Ratio)
			}},
		{heading{"p99", "99 of 100 requests took at most so long; " + w.latency()},
			func(row results.Summary) value {
				return latencyValue(row, row.BlurredP99, row.LatencyP99Ns, row.LatencyP99Ratio)
			}},
		{heading{"peak memory", "largest resident size of the server process"}, func(row results.Summary) value { return measured(row.PeakBytes, memory) }},
		{heading{"blocks", "cells with figures, of all"}, blocksValue},
	}
	if s.traced(w) {
		calls := column{heading{"system calls", "system calls of a traced server a request; tracing has its own cells, without times"},
			func(row results.Summary) value { return measured(s.callsPerRequest(w.Name, row.Impl), significant) }}
		columns = slices.Insert(columns, 2, calls)
	}
	return gridOf(w, columns)
}

// A column is a heading and the figure below it.
type column struct {
	heading
	of func(results.Summary) value
}

func gridOf(w workload, columns []column) (g grid) {
	for _, c := range columns {
		g.Head = append(g.Head, c.heading)
	}
	for _, row := range w.Rows {
		cells := gridRow{Impl: row.Impl}
		for _, c := range columns {
			cells.Cells = append(cells.Cells, c.of(row))
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

func idleFigures(w workload) grid {
	return gridOf(w, []column{
		{heading{"per idle connection", "growth of the server's own memory (PSS) divided by the connections; the kernel's buffers are not in it"},
			func(row results.Summary) value { return measured(row.BytesPerIdleConn, memory) }},
		{heading{"peak memory", "largest resident size of the server process"}, func(row results.Summary) value { return measured(row.PeakBytes, memory) }},
		{heading{"blocks", "cells with figures, of all"}, blocksValue},
	})
}

// glance is all workloads in one table: the multiple of the reference, and bytes for idle connections.
func (s study) glance() grid {
	var g grid
	for _, w := range s.Workloads {
		g.Head = append(g.Head, heading{w.Name, w.conditions()})
	}
	for _, name := range s.implementations() {
		row := gridRow{Impl: name}
		for _, w := range s.Workloads {
			row.Cells = append(row.Cells, w.glance(name))
		}
		if slices.ContainsFunc(row.Cells, func(v value) bool { return v != unknown }) {
			g.Rows = append(g.Rows, row)
		}
	}
	return g
}

func (w workload) glance(impl string) value {
	for _, row := range w.Rows {
		switch {
		case row.Impl != impl:
		case w.idle():
			return measured(row.BytesPerIdleConn, memory)
		case row.CPURatio.Known():
			return briefRatio(row)
		default:
			return measured(row.CPUPerRequestNs, duration)
		}
	}
	return unknown
}

// measured is an estimate with its interval. A single value has none, and says so by not having one.
func measured(e results.Estimate, format func(float64) string) value {
	if !e.Known() {
		return unknown
	}
	v := value{Text: format(e.Median), Sort: sortKey(e.Median)}
	if e.N > 1 {
		v.Aside = spanWords(e.Low, e.High, format)
	}
	return v
}

// ratioValue claims a difference only where the interval excludes 1.
func ratioValue(row results.Summary) value {
	e := row.CPURatio
	switch {
	case !e.Known():
		return unknown
	case row.Impl == reference:
		return value{Text: multiple(1), Aside: "the reference", Sort: sortKey(1)}
	case !e.Trusted():
		return value{Text: multiple(e.Median), Aside: spanWords(e.Low, e.High, multiple) + ", too few blocks to compare", Sort: sortKey(e.Median), Faint: true}
	case !e.Differs():
		return value{Text: "no detectable difference", Aside: spanWords(e.Low, e.High, multiple), Sort: sortKey(e.Median)}
	default:
		return measured(e, multiple)
	}
}

// briefRatio is ratioValue for a table of many columns: grey instead of words where no difference may be claimed.
func briefRatio(row results.Summary) value {
	if row.Impl == reference {
		return ratioValue(row)
	}
	v := measured(row.CPURatio, multiple)
	v.Faint = !row.CPURatio.Differs()
	return v
}

func throughputValue(row results.Summary, limited results.Estimate) value {
	switch {
	case row.RequestsPerSecond.Known() && row.ClientLimited > 0:
		v := compared(measured(row.RequestsPerSecond, rate), row.Impl, row.ThroughputRatio)
		v.Beside = strings.Join(noted(v.Beside, fmt.Sprintf("%d client-limited left out", row.ClientLimited)), ", ")
		return v
	case row.RequestsPerSecond.Known():
		return compared(measured(row.RequestsPerSecond, rate), row.Impl, row.ThroughputRatio)
	case limited.Known():
		return value{Text: "≥ " + rate(limited.Median), Aside: "client-limited", Sort: sortKey(limited.Median), Faint: true}
	default:
		return unknown
	}
}

// latencyValue is of a percentile that is blurred in so many cells.
func latencyValue(row results.Summary, blurred int, e, ratio results.Estimate) value {
	switch {
	case !e.Known() && row.ClientLimited > 0:
		return value{Text: "–", Aside: "client-limited", Faint: true}
	case !e.Known() && blurred > 0:
		return value{Text: "–", Aside: "generator late too unevenly", Faint: true}
	}
	v := compared(measured(e, duration), row.Impl, ratio)
	if blurred > 0 {
		v.Beside = strings.Join(noted(v.Beside, fmt.Sprintf("%d left out, the generator late too unevenly", blurred)), ", ")
	}
	return v
}

// compared adds to a figure what it is as a multiple of the reference's, where a difference may be claimed.
func compared(v value, impl string, ratio results.Estimate) value {
	switch {
	case impl == reference || !ratio.Trusted():
	case ratio.Differs():
		v.Beside = multiple(ratio.Median) + " " + reference
	default:
		v.Beside = "no detectable difference"
	}
	return v
}

func blocksValue(row results.Summary) value {
	v := value{Text: strconv.Itoa(row.Blocks), Sort: strconv.Itoa(row.Blocks)}
	if len(row.Errors) > 0 {
		v.Aside = "of " + strconv.Itoa(row.Blocks+len(row.Errors))
	}
	return v
}

func sortKey(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
