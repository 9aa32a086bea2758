package main

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reactorbench/results"
)

// A curve is one implementation's line with its band.
type curve struct {
	Name   string
	Points []curvePoint
	Dotted bool   // measured while the client was the limit: shown, not compared
	End    string // behind the name; "" is the last value
	Aside  string // behind that
	Mark   string // a warning, last

	Evidence results.Estimate // of any point: how many blocks stand behind the curve
}

// A curvePoint is a value with its interval.
type curvePoint struct {
	X                float64
	Value, Low, High float64
	Says             string // when pointed at; "": nothing
	Hollow           bool   // the client was the limit, or had too great a part
	Ringed           bool   // the last that the server kept up with
	Lost             bool   // the server did not keep up: no line leads here or further
}

// percentileOf and ninesOf turn the axis into percent and back.
func percentileOf(nines float64) float64    { return 100 * (1 - math.Pow(10, -nines)) }
func ninesOf(percentile float64) float64    { return -math.Log10(1 - percentile/100) }
func percentileName(percent float64) string { return shortest(percent) + "%" }

// A linePlot draws curves over an axis. The value axis is a duration and counts by factors.
type linePlot struct {
	Curves []curve
	Looks  map[string]look
	X      xAxis
	narrow bool // a panel: its markers are smaller
}

// An xAxis is what the lines go along.
type xAxis struct {
	Name    string
	Scale   plot.Normalizer // nil: even
	Ends    func(low, high float64) (from, to float64)
	Ticks   func(narrow bool) plot.Ticker
	Markers bool // the points are few, and each is a measurement of its own
	Key     bool // lines end anywhere, so their names stand in a column, in the order of the curves
}

// ninesAxis gives every step to the right a tenth of the requests, so the tail, where servers differ, gets the room that a linear
// axis would give to the median. X is 0 for 0 %, 1 for 90 %, 2 for 99 %.
var ninesAxis = xAxis{
	Name: "percentile of the requests (each step is one more nine)",
	Ends: func(_, high float64) (float64, float64) { return 0, high },
	Ticks: func(narrow bool) plot.Ticker {
		if narrow {
			return ninesTicks{from: 90}
		}
		return ninesTicks{}
	},
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
	p := l.axes(false)
	p.X.Label.Text = l.X.Name
	p.Add(curves{l}, l.names(l.labels()))
	p.Draw(dc)
	return l.hotspots(p, dc)
}

// axes make room for all of the curves.
func (l linePlot) axes(narrow bool) *plot.Plot {
	p := newPlot()
	left, right := math.Inf(1), math.Inf(-1)
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range l.Curves {
		for _, point := range c.Points {
			left, right = min(left, point.X), max(right, point.X)
			low, high = min(low, point.Low), max(high, point.High)
		}
	}
	p.X.Min, p.X.Max = l.X.Ends(left, right)
	p.X.Tick.Marker = l.X.Ticks(narrow)
	if l.X.Scale != nil {
		p.X.Scale = l.X.Scale
	}
	p.Y.Scale = plot.LogScale{}
	p.Y.Min, p.Y.Max = logRange(low, high)
	if high < low*denseBelow {
		p.Y.Min, p.Y.Max = denseRange(low, high)
	}
	p.Y.Tick.Marker = logTicks{durationTick}
	addGrid(p, true, true)
	return p
}

func (l linePlot) labels() (labels endLabels) {
	for _, c := range l.Curves {
		end := c.Points[len(c.Points)-1]
		labels = append(labels, endLabel{X: end.X, Y: end.Value, Text: shorten(c.Name), Value: cmp.Or(c.End, duration(end.Value)), Aside: c.Aside, Mark: c.Mark, Look: l.Looks[c.Name]})
	}
	return labels
}

// A namer writes the names of the lines and reserves the room for them.
type namer interface {
	plot.Plotter
	plot.GlyphBoxer
}

// names are the plot.Plotter of the labels, where the axis wants them.
func (l linePlot) names(labels endLabels) namer {
	if l.X.Key {
		return keyLabels(labels)
	}
	return labels
}

func (l linePlot) hotspots(p *plot.Plot, dc draw.Canvas) (spots []hotspot) {
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for _, c := range l.Curves {
		for _, point := range c.Points {
			if point.Says != "" {
				spots = append(spots, hotspot{X: x(point.X).Points(), Y: y(point.Value).Points(), Name: c.Name, Says: point.Says})
			}
		}
	}
	return spots
}

var shownPercentiles = []float64{50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999}

// sayPercentiles lets the percentiles that people ask for answer, where the curve reaches them.
func (c curve) sayPercentiles() {
	for _, percent := range shownPercentiles {
		if i, ok := c.at(ninesOf(percent)); ok {
			point := &c.Points[i]
			point.Says = percentileName(percent) + " within " + duration(point.Value) + " (" + spanWords(point.Low, point.High, duration) + ")"
			if point.Hollow {
				point.Says += ", not compared: the generator was late too unevenly"
			}
		}
	}
}

// at finds the index of the point nearest to x, if the curve reaches so far.
func (c curve) at(x float64) (nearest int, ok bool) {
	distance := math.Inf(1)
	for i, point := range c.Points {
		if away := math.Abs(point.X - x); away < distance {
			nearest, distance = i, away
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
		if band := c.band(x, y); len(band) > 0 {
			dc.FillPolygon(fade(l.Looks[c.Name].Color, veil), band)
		}
	}
	for _, c := range l.Curves {
		solid := l.Looks[c.Name].stroke(1.6)
		dotted := draw.LineStyle{Color: solid.Color, Width: 1.3, Dashes: []vg.Length{1, 2.2}}
		if l.X.Markers { // which tell by themselves what is compared
			dc.StrokeLines(solid, c.line(c.kept(), x, y))
			c.drawMarkers(dc, l.Looks[c.Name], x, y, l.markerSize())
			continue
		}
		for _, part := range c.parts() {
			style := solid
			if c.Dotted || part[len(part)-1].Hollow {
				style = dotted
			}
			dc.StrokeLines(style, c.line(part, x, y))
		}
	}
}

// drawMarkers shows each point as what it is: measured, measured while the client was the limit, or past what the server can do.
func (c curve) drawMarkers(dc draw.Canvas, l look, x, y func(float64) vg.Length, radius vg.Length) {
	for _, point := range c.Points {
		at := vg.Point{X: x(point.X), Y: y(point.Value)}
		if point.Lost {
			l.Marker.draw(dc, at, radius, fade(l.Color, 90), point.Hollow)
			drawSaltire(dc, at, 1.75*radius, l.Color)
			continue
		}
		l.Marker.draw(dc, at, radius, l.Color, point.Hollow)
		if point.Ringed {
			drawRing(dc, at, 2.3*radius, l.Color)
		}
	}
}

const lineMarker = 2.4

func (l linePlot) markerSize() vg.Length {
	if l.narrow {
		return 0.65 * lineMarker
	}
	return lineMarker
}

func drawRing(dc draw.Canvas, at vg.Point, radius vg.Length, c color.NRGBA) {
	var path vg.Path
	path.Move(vg.Point{X: at.X + radius, Y: at.Y})
	path.Arc(at, radius, 0, 2*math.Pi)
	path.Close()
	dc.SetLineDash(nil, 0)
	dc.SetLineWidth(vg.Points(1))
	dc.SetColor(c)
	dc.Stroke(path)
}

// drawSaltire crosses a point out.
func drawSaltire(dc draw.Canvas, at vg.Point, reach vg.Length, c color.NRGBA) {
	line := draw.LineStyle{Color: c, Width: vg.Points(0.9)}
	dc.StrokeLine2(line, at.X-reach, at.Y-reach, at.X+reach, at.Y+reach)
	dc.StrokeLine2(line, at.X-reach, at.Y+reach, at.X+reach, at.Y-reach)
}

// parts are the stretches of points that are compared, and those that are not. Each begins where the one before it ends.
func (c curve) parts() (parts [][]curvePoint) {
	kept, from := c.kept(), 0
	for i := 1; i < len(kept); i++ {
		if i == len(kept)-1 || kept[i].Hollow != kept[i+1].Hollow {
			parts = append(parts, kept[from:i+1])
			from = i
		}
	}
	return parts
}

// line joins points.
func (c curve) line(part []curvePoint, x, y func(float64) vg.Length) (points []vg.Point) {
	for _, point := range part {
		points = append(points, vg.Point{X: x(point.X), Y: y(point.Value)})
	}
	return points
}

// band goes along the upper ends of the intervals and comes back along the lower ones.
func (c curve) band(x, y func(float64) vg.Length) (points []vg.Point) {
	kept := c.kept()
	for _, point := range kept {
		points = append(points, vg.Point{X: x(point.X), Y: y(point.High)})
	}
	for _, point := range slices.Backward(kept) {
		points = append(points, vg.Point{X: x(point.X), Y: y(point.Low)})
	}
	return points
}

// kept are the points before the first that is lost: past it a curve means nothing.
func (c curve) kept() []curvePoint {
	if i := slices.IndexFunc(c.Points, func(p curvePoint) bool { return p.Lost }); i >= 0 {
		return c.Points[:i]
	}
	return c.Points
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
