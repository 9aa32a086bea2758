package main

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reactorbench/results"
)

// heatCharts show when requests were slow: the latencies of one cell over its time, for each implementation that kept them.
func (s study) heatCharts(workload string) (charts []chart, err error) {
	drawn := map[string]bool{}
	for _, r := range s.Run.Records() {
		if r.Workload != workload || r.Failed() || drawn[r.Impl] {
			continue
		}
		drawn[r.Impl] = true
		over, cells, err := results.ReadOverTime(s.Run.Dir(), r.Impl, workload)
		if err != nil {
			return nil, err
		}
		if over != nil {
			charts = append(charts, s.heatChart(r, over, cells))
		}
	}
	return charts, nil
}

// heatChart shows one cell; what is true of several cells is for the other charts to say.
func (s study) heatChart(r results.Record, over *results.OverTime, cells int) chart {
	heat := newHeatPlot(over, s.Looks[r.Impl])
	what := "response time from the planned moment, by that moment"
	if r.Loop != "open" {
		what = "service time of a closed loop, by the time of the reply"
	}
	asked := ""
	if r.AskedPerSecond > 0 {
		asked = ", " + rateTick(round(r.AskedPerSecond, 3)) + " by plan"
	}
	sub := fmt.Sprintf("%s, %s: %s, %s a request%s · %s · each column %s, each shade darker: three times the requests; white: none · line: 99%% of the column at most · one cell of %d, %s requests, no interval%s",
		r.Impl, r.Workload, countOf(r.Conns, "connection"), countOf(r.MessageBytes, "byte"), asked, what, durationTick(float64(over.Every)), cells, count(heat.total()), limitedWords(r))
	return chart{
		File:  "latency-over-time-" + r.Impl + "-" + r.Workload,
		Page:  page{Title: "When were requests slow?", Sub: sub + " · lower is better", Foot: s.Footnote(), BodyHeight: heatBody, Body: heat.draw},
		Table: heat.table(),
	}
}

func limitedWords(r results.Record) string {
	if r.ClientLimited {
		return " · the client was the limit, so not every stop is the server's"
	}
	if r.Blurred(99) {
		return " · the generator was late unevenly, so not every stop is the server's"
	}
	return ""
}

// A heatPlot counts requests by time and by latency. A row is an eighth of a factor of ten.
type heatPlot struct {
	Every   float64 // seconds
	Columns []heatColumn
	Look    look
	low     int // the first row of the axis, in eighths of a decade of nanoseconds
	high    int // the row behind its last
}

// A heatColumn is one stretch of time.
type heatColumn struct {
	Rows     map[int]int64
	Count    int64
	P99, Max float64 // ns
}

const (
	heatBody    = 236
	rowsADecade = 8
)

func rowOf(ns int64) int { return int(math.Floor(math.Log10(float64(max(1, ns))) * rowsADecade)) }

func rowBegins(row int) float64 { return math.Pow(10, float64(row)/rowsADecade) }

func newHeatPlot(over *results.OverTime, l look) heatPlot {
	h := heatPlot{Every: max(over.Every.Seconds(), 1e-3), Look: l, low: math.MaxInt, high: math.MinInt}
	for _, stretch := range over.Stretches {
		column := heatColumn{Rows: map[int]int64{}, Count: stretch.Count(), P99: float64(stretch.Percentile(99)), Max: float64(stretch.Max())}
		for _, bar := range stretch.HDR().Distribution() {
			if bar.Count > 0 {
				row := rowOf(bar.To)
				column.Rows[row] += bar.Count
				h.low, h.high = min(h.low, row), max(h.high, row+1)
			}
		}
		h.Columns = append(h.Columns, column)
	}
	if h.low > h.high { // a cell without any request
		h.low, h.high = 5*rowsADecade, 6*rowsADecade
	}
	return h
}

func (h heatPlot) total() (sum int64) {
	for _, column := range h.Columns {
		sum += column.Count
	}
	return sum
}

// draw implements page.Body.
func (h heatPlot) draw(dc draw.Canvas) (spots []hotspot) {
	p := newPlot()
	p.X.Label.Text = "time since the window began"
	p.X.Min, p.X.Max = 0, h.Every*float64(max(1, len(h.Columns)))
	p.X.Tick.Marker = evenTicks{sinceTick}
	p.Y.Scale = plot.LogScale{}
	p.Y.Min, p.Y.Max = rowBegins(h.low), rowBegins(h.high)
	p.Y.Tick.Marker = logTicks{durationTick}
	addGrid(p, false, true)
	p.Add(heatCells{h})
	p.Draw(dc)
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for i, column := range h.Columns {
		if column.Count > 0 {
			spots = append(spots, hotspot{X: x(h.Every * (float64(i) + 0.5)).Points(), Y: y(column.P99).Points(), Name: h.when(i), Says: column.says()})
		}
	}
	return spots
}

func sinceTick(seconds float64) string {
	if seconds == 0 {
		return "0 s"
	}
	return durationTick(seconds * 1e9)
}

func (h heatPlot) when(i int) string {
	return "from " + sinceTick(round(h.Every*float64(i), 6)) + " on"
}

func (c heatColumn) says() string {
	return fmt.Sprintf("%s requests · 99%% within %s · slowest %s", count(c.Count), duration(c.P99), duration(c.Max))
}

func (h heatPlot) table() table {
	t := table{Head: []string{"from", "requests", "99% within", "slowest"}}
	for i, column := range h.Columns {
		row := []string{sinceTick(round(h.Every*float64(i), 6)), count(column.Count), "–", "–"}
		if column.Count > 0 {
			row[2], row[3] = duration(column.P99), duration(column.Max)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// heatCells is the plot.Plotter of a heatPlot.
type heatCells struct{ heatPlot }

// Plot implements plot.Plotter. Cells of one shade that lie beside each other in a row are one rectangle: no seams, and a small file.
func (h heatCells) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	steps := h.steps()
	for row := h.low; row < h.high; row++ {
		for from := 0; from < len(h.Columns); {
			shade := shadeOf(h.Columns[from].Rows[row])
			to := from + 1
			for to < len(h.Columns) && shadeOf(h.Columns[to].Rows[row]) == shade {
				to++
			}
			if shade > 0 {
				dc.SetColor(h.tone(shade, steps))
				dc.Fill(vg.Rectangle{
					Min: vg.Point{X: x(h.Every * float64(from)), Y: y(rowBegins(row))},
					Max: vg.Point{X: x(h.Every * float64(to)), Y: y(rowBegins(row + 1))},
				}.Path())
			}
			from = to
		}
	}
	h.drawTail(dc, x, y)
}

// drawTail joins the 99th percentiles of neighbouring columns that have any request.
func (h heatCells) drawTail(dc draw.Canvas, x, y func(float64) vg.Length) {
	var line []vg.Point
	flush := func() {
		dc.StrokeLines(draw.LineStyle{Color: ground, Width: vg.Points(2.6)}, line)
		dc.StrokeLines(draw.LineStyle{Color: ink, Width: vg.Points(1.1)}, line)
		line = nil
	}
	for i, column := range h.Columns {
		if column.Count == 0 {
			flush()
			continue
		}
		line = append(line, vg.Point{X: x(h.Every * float64(i)), Y: y(column.P99)}, vg.Point{X: x(h.Every * float64(i+1)), Y: y(column.P99)})
	}
	flush()
}

// shadeOf is 0 for none, and then counts half factors of ten.
func shadeOf(n int64) int {
	if n <= 0 {
		return 0
	}
	return 1 + int(2*math.Log10(float64(n)))
}

// steps is the darkest shade of the plot.
func (h heatPlot) steps() (darkest int) {
	for _, column := range h.Columns {
		for _, n := range column.Rows {
			darkest = max(darkest, shadeOf(n))
		}
	}
	return darkest
}

// tone is the colour of the implementation, from a breath to full.
func (h heatPlot) tone(shade, steps int) color.NRGBA {
	const faintest = 40
	return onWhite(fade(h.Look.Color, uint8(faintest+(255-faintest)*(shade-1)/max(1, steps-1))))
}
