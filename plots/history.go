package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reactorbench/results"
)

// historyCharts draws a file of history: a chart for each workload on each machine, with a panel for each server. What was
// measured on different machines never shares a line.
func historyCharts(lines []results.HistoryLine) (charts []chart) {
	looks := looks(historyNames(lines))
	var group []results.Trend
	flush := func() {
		if len(group) > 0 {
			charts = append(charts, historyChart(group, looks))
			group = nil
		}
	}
	for _, t := range results.Trends(lines) {
		if len(group) > 0 && (group[0].EnvID != t.EnvID || group[0].Workload != t.Workload) {
			flush()
		}
		group = append(group, t)
	}
	flush()
	return charts
}

func historyNames(lines []results.HistoryLine) (names []string) {
	for _, l := range lines {
		names = append(names, l.Impl)
	}
	return names
}

func historyChart(trends []results.Trend, looks map[string]look) chart {
	plot := historyPlot{trends, looks}
	first := trends[0]
	newest := first.Points[len(first.Points)-1]
	return chart{
		File: "history-" + first.Workload + "-" + first.EnvID,
		Page: page{
			Title: "Has a request become dearer?",
			Sub: first.Workload + ": server CPU per request as a multiple of " + reference + " in the same run, one point a run with its 95% interval, " + runsWords(trends) + " · black: levels between " +
				"changes that chance would bring in 1% of quiet series · lower is better",
			Foot:       fmt.Sprintf("machine %s · newest run %s, commit %s", first.EnvID, newest.RunID, newest.Commit),
			BodyHeight: plot.height(), Body: plot.draw,
		},
		Table: historyTable(trends),
	}
}

// runsWords is how much stands behind the points.
func runsWords(trends []results.Trend) string {
	runs, fewest, most := 0, math.MaxInt, 0
	for _, t := range trends {
		runs = max(runs, len(t.Points))
		for _, point := range t.Points {
			fewest, most = min(fewest, point.Blocks), max(most, point.Blocks)
		}
	}
	if fewest == most {
		return countOf(runs, "run") + " of " + countOf(most, "block") + " each"
	}
	return fmt.Sprintf("%s of %d to %d blocks", countOf(runs, "run"), fewest, most)
}

// historyTable says each level and the change that led to it.
func historyTable(trends []results.Trend) table {
	t := table{Head: []string{"implementation", "since commit", "runs", "multiple of " + reference, "change"}}
	for _, trend := range trends {
		for i, level := range trend.Levels {
			change := "–"
			if i > 0 {
				change = changeWords(trend.Change(i))
			}
			t.Rows = append(t.Rows, []string{trend.Impl, trend.Points[level.From].Commit, countOf(level.To-level.From, "run"), multiple(level.Mean), change})
		}
	}
	return t
}

func changeWords(ratio float64) string { return fmt.Sprintf("%+.1f%%", 100*(ratio-1)) }

// A historyPlot is small multiples: servers of one kind side by side say more than a knot of lines.
type historyPlot struct {
	trends []results.Trend
	looks  map[string]look
}

const historyBody = 118

func (h historyPlot) height() vg.Length {
	rows := (len(h.trends) + panelColumns - 1) / panelColumns
	return vg.Length(rows)*(panelTitle+historyBody+panelGap) - panelGap
}

// draw implements page.Body.
func (h historyPlot) draw(dc draw.Canvas) (spots []hotspot) {
	width := (dc.Size().X - panelGap*(panelColumns-1)) / panelColumns
	const height = panelTitle + historyBody
	for i, t := range h.trends {
		left := dc.Min.X + vg.Length(i%panelColumns)*(width+panelGap)
		top := dc.Max.Y - vg.Length(i/panelColumns)*(height+panelGap)
		area := draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: left, Y: top - height}, Max: vg.Point{X: left + width, Y: top}}}
		spots = append(spots, h.panel(area, t)...)
	}
	return spots
}

func (h historyPlot) panel(dc draw.Canvas, t results.Trend) (spots []hotspot) {
	l := h.looks[t.Impl]
	dc.FillText(lettering(subSize, true, l.Text), vg.Point{X: dc.Min.X, Y: dc.Max.Y - panelTitle/2}, shorten(t.Impl))
	dc = draw.Crop(dc, 0, 0, 0, -panelTitle)
	p := newPlot()
	p.X.Min, p.X.Max = -0.5, math.Max(float64(len(t.Points))-0.5, 5)
	p.X.Tick.Marker = commitTicks(t)
	p.X.Tick.Label.Font.Size = markSize
	p.Y.Min, p.Y.Max = historySpan(t)
	p.Y.Tick.Marker = evenTicks{multiple}
	p.Y.Tick.Label.Font.Size = markSize
	addGrid(p, false, true)
	p.Add(trendLine{t, l}, endOfTrend(t, l))
	p.Draw(dc)
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for i, point := range t.Points {
		spots = append(spots, hotspot{X: x(float64(i)).Points(), Y: y(point.Ratio).Points(), Name: t.Impl,
			Says: multiple(point.Ratio) + " (" + spanWords(point.Low, point.High, multiple) + ") · commit " + point.Commit + " · " + countOf(point.Blocks, "block")})
	}
	return spots
}

// endOfTrend writes what the server costs now behind its last level.
func endOfTrend(t results.Trend, l look) endLabels {
	if len(t.Levels) == 0 {
		return nil
	}
	last := t.Levels[len(t.Levels)-1]
	return endLabels{{X: float64(last.To) - 0.5, Y: last.Mean, Text: multiple(last.Mean), Look: l, Small: true}}
}

// historySpan covers 5 % either way at least, so that noise looks like noise, and leaves room above for what is written there.
func historySpan(t results.Trend) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, point := range t.Points {
		low, high = min(low, point.Low), max(high, point.High)
	}
	middle, half := (low+high)/2, (high-low)/2*1.1
	half = max(half, 0.05*middle)
	return middle - half, middle + 1.35*half
}

// commitTicks name the first commit and the last; all would not be readable.
func commitTicks(t results.Trend) plot.ConstantTicks {
	last := len(t.Points) - 1
	ticks := plot.ConstantTicks{{Value: 0, Label: t.Points[0].Commit}}
	if last > 3 {
		ticks = append(ticks, plot.Tick{Value: float64(last), Label: t.Points[last].Commit})
	}
	return ticks
}

// trendLine is the plot.Plotter of one panel.
type trendLine struct {
	results.Trend
	look look
}

// Plot implements plot.Plotter: intervals, points, levels, and a triangle where a level begins.
func (t trendLine) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	for i, point := range t.Points {
		dc.StrokeLine2(draw.LineStyle{Color: fade(t.look.Color, 110), Width: outline}, x(float64(i)), y(point.Low), x(float64(i)), y(point.High))
		t.look.Marker.draw(dc, vg.Point{X: x(float64(i)), Y: y(point.Ratio)}, 1.9, t.look.Color, false)
	}
	for i, level := range t.Levels {
		from, to, at := x(float64(level.From)-0.5), x(float64(level.To)-0.5), y(level.Mean)
		dc.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1.2)}, from, at, to, at)
		if i > 0 {
			t.mark(dc, i, from, at)
		}
	}
}

// mark says the size of a change and the commit that it came with; only what became dearer is a matter of alarm.
func (t trendLine) mark(dc draw.Canvas, i int, at, level vg.Length) {
	c, shape := alarm, triangle
	if t.Change(i) < 1 {
		c, shape = mute, wedge
	}
	shape.draw(dc, vg.Point{X: at, Y: level}, 3, c, false)
	words := lettering(markSize, true, c)
	words.YAlign = text.YBottom
	line := changeWords(t.Change(i)) + " since " + t.Points[t.Levels[i].From].Commit
	left := min(at+5, dc.Max.X-words.Width(line))
	dc.FillText(words, vg.Point{X: left, Y: dc.Max.Y - labelLine*vg.Length(i)}, line)
}
