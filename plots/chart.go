package main

import "strings"

// A chart is a page with a name, and the same figures as a table for those who cannot or do not want to see it.
type chart struct {
	File  string // without extension
	Rows  bool   // values lie in rows, so pointing anywhere in a row means its value
	Page  page
	Table table
}

// A table is a chart in words.
type table struct {
	Head []string
	Rows [][]string
}

// chartsOf draws what a workload has figures for. What cannot be drawn comes back as sentences.
func (s study) chartsOf(w workload) (charts []chart, missing []string) {
	makers := []func(workload) (chart, string){s.cpuChart, s.throughputChart, s.percentileChart}
	if w.idle() {
		makers = []func(workload) (chart, string){s.memoryChart}
	}
	for _, make := range makers {
		c, why := make(w)
		if why != "" {
			missing = append(missing, why)
			continue
		}
		charts = append(charts, c)
	}
	if c, ok := s.scalingChart(w); ok {
		charts = append(charts, c)
	}
	return charts, missing
}

// chartsBeside are those of what few runs have, so that their absence is no news: records that serve another purpose than the
// comparison, and latencies over time.
func (s study) chartsBeside(workload string) (charts []chart, err error) {
	for _, make := range []func(string) (chart, bool){s.offeredChart, s.callsChart} {
		if c, ok := make(workload); ok {
			charts = append(charts, c)
		}
	}
	heat, err := s.heatCharts(workload)
	return append(charts, heat...), err
}

// dotChart puts a dot plot on a page; the table follows from the dots.
func (s study) dotChart(file, title, sub string, plot dotPlot, head ...string) chart {
	c := chart{File: file, Rows: true, Table: table{Head: head}}
	c.Page = page{Title: title, Sub: sub, Foot: s.Footnote(), BodyHeight: plot.height(), Body: plot.draw}
	for _, d := range plot.Dots {
		c.Table.Rows = append(c.Table.Rows, []string{d.Name, d.Label, d.Aside, strings.Join(noted(d.Basis, d.Mark), ", ")})
	}
	return c
}
