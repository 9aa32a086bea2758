package main

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reactorbench/results"
)

// A curve is one implementation's latency over the percentiles.
type curve struct {
	Name   string
	Points []curvePoint
	Dotted bool   // measured while the client was the limit: shown, not compared
	Aside  string // behind the name
	Mark   string // a warning behind that

	Evidence results.Estimate // of any point: how many blocks stand behind the curve
}

// A curvePoint is a percentile with the interval of its value. Nines is the place on the axis: 0 for 0 %, 1 for 90 %, 2 for 99 %.
type curvePoint struct {
	Nines            float64
	Value, Low, High float64
}

// percentileOf and ninesOf turn the axis into percent and back.
func percentileOf(nines float64) float64    { return 100 * (1 - math.Pow(10, -nines)) }
func ninesOf(percentile float64) float64    { return -math.Log10(1 - percentile/100) }
func percentileName(percent float64) string { return shortest(percent) + "%" }

// A linePlot draws curves over the nines axis: every step to the right is ten times rarer, and the tail, where servers differ,
// gets the room that a linear axis would give to the median.
type linePlot struct {
	Curves []curve
	Looks  map[string]look
}

const lineBody = 236 // the height of the data and its axis, unless the labels need more

func (l linePlot) height() vg.Length {
	if len(l.Curves) > mostTogether {
		return l.panelsHeight()
	}
	return max(lineBody, vg.Length(len(l.Curves))*labelLine+axisHeight+6)
}

// draw implements page.Body.
func (l linePlot) draw(dc draw.Canvas) []hotspot {
	if len(l.Curves) > mostTogether {
		return l.drawPanels(dc)
	}
	p := l.axes(l.Curves)
	p.X.Label.Text = "percentile of the requests (each step is one more nine)"
	p.Add(curves{l}, l.labels())
	p.Draw(dc)
	return l.hotspots(p, dc)
}

// axes make room for all of the given curves.
func (l linePlot) axes(all []curve) *plot.Plot {
	p := newPlot()
	var right float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range all {
		for _, point := range c.Points {
			right = max(right, point.Nines)
			low, high = min(low, point.Low), max(high, point.High)
		}
	}
	p.X.Min, p.X.Max = 0, right
	p.X.Tick.Marker = ninesTicks{}
	p.Y.Scale = plot.LogScale{}
	p.Y.Min, p.Y.Max = logRange(low, high)
	p.Y.Tick.Marker = logTicks{durationTick}
	addGrid(p, true, true)
	return p
}

func (l linePlot) labels() (labels endLabels) {
	for _, c := range l.Curves {
		end := c.Points[len(c.Points)-1]
		labels = append(labels, endLabel{X: end.Nines, Y: end.Value, Text: shorten(c.Name), Value: duration(end.Value), Aside: c.Aside, Mark: c.Mark, Look: l.Looks[c.Name]})
	}
	return labels
}

// hotspots are the percentiles that people ask for, where the curve reaches them.
func (l linePlot) hotspots(p *plot.Plot, dc draw.Canvas) (spots []hotspot) {
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for _, c := range l.Curves {
		for _, percent := range shownPercentiles {
			point, ok := c.at(ninesOf(percent))
			if !ok {
				continue
			}
			says := percentileName(percent) + " within " + duration(point.Value) + " (" + spanWords(point.Low, point.High, duration) + ")"
			spots = append(spots, hotspot{X: x(point.Nines).Points(), Y: y(point.Value).Points(), Name: c.Name, Says: says})
		}
	}
	return spots
}

var shownPercentiles = []float64{50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999}

// at finds the point nearest to nines, if the curve reaches so far.
func (c curve) at(nines float64) (nearest curvePoint, ok bool) {
	distance := math.Inf(1)
	for _, point := range c.Points {
		if away := math.Abs(point.Nines - nines); away < distance {
			nearest, distance = point, away
		}
	}
	return nearest, distance < 0.001
}

// curves is the plot.Plotter of a linePlot: all bands first, then the lines, so that no band veils a line.
type curves struct{ linePlot }

// Plot implements plot.Plotter.
func (l curves) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	const veil = 34 // of 255; more would hide the grid
	for _, c := range l.Curves {
		dc.FillPolygon(fade(l.Looks[c.Name].Color, veil), c.band(x, y))
	}
	for _, c := range l.Curves {
		line := l.Looks[c.Name].stroke(1.6)
		if c.Dotted {
			line = draw.LineStyle{Color: line.Color, Width: 1.3, Dashes: []vg.Length{1, 2.2}}
		}
		dc.StrokeLines(line, c.line(x, y))
	}
}

func (c curve) line(x, y func(float64) vg.Length) (points []vg.Point) {
	for _, point := range c.Points {
		points = append(points, vg.Point{X: x(point.Nines), Y: y(point.Value)})
	}
	return points
}

// band goes along the upper ends of the intervals and comes back along the lower ones.
func (c curve) band(x, y func(float64) vg.Length) (points []vg.Point) {
	for _, point := range c.Points {
		points = append(points, vg.Point{X: x(point.Nines), Y: y(point.High)})
	}
	for i := len(c.Points) - 1; i >= 0; i-- {
		points = append(points, vg.Point{X: x(c.Points[i].Nines), Y: y(c.Points[i].Low)})
	}
	return points
}

// ninesTicks are 0 %, 50 %, 90 %, 99 %, 99.9 % and so on.
type ninesTicks struct {
	from float64 // percent: a narrow axis has no room for the first
}

// Ticks implements plot.Ticker.
func (t ninesTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, percent := range []float64{0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999} {
		if nines := ninesOf(percent); percent >= t.from && nines >= low-1e-9 && nines <= high+1e-9 {
			ticks = append(ticks, plot.Tick{Value: nines, Label: percentileName(percent)})
		}
	}
	return ticks
}
