package main

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A dot is one row of a dot plot: a value with its interval. Dots are used where others draw bars, because a bar must begin at
// zero and hides its interval.
type dot struct {
	Name      string
	Value     float64
	Low, High float64
	Hollow    bool   // stands here, takes no part in the comparison
	Faint     bool   // not different from the anchor, as far as anyone can tell
	Label     string // the value in words
	Aside     string // the interval, and what else the row wants to say
	Mark      string // a warning below the name
	Basis     string // what the interval is worth; only said when asked
}

// A dotPlot draws one row for each dot, the first on top, with the names on the left and the values in words on the right.
type dotPlot struct {
	Dots   []dot
	Looks  map[string]look
	Axis   string // what the x axis counts
	Format func(float64) string
	Zero   bool    // the axis begins at zero
	Log    bool    // the axis counts by factors; no value may be zero or less
	Anchor float64 // a dashed line that the rows are compared with; NaN for none
}

const (
	rowHeight   = 21
	axisHeight  = 36
	markSize    = 7
	asideSize   = 8
	dotRadius   = 3.1
	nameGap     = 9
	columnGap   = 6
	textLift    = 1.2 // what the eye takes for the middle of a line is above the middle of its box
	widestRatio = 6   // beyond it an axis of multiples counts by factors, or the small differences disappear
)

func (d dotPlot) height() vg.Length {
	return rowHeight*vg.Length(len(d.Dots)) + axisHeight
}

// draw implements page.Body.
func (d dotPlot) draw(dc draw.Canvas) []hotspot {
	d.Dots = drawable(d.Dots)
	p := newPlot()
	p.X.Label.Text = d.Axis
	p.X.Min, p.X.Max = d.span()
	p.X.Tick.Marker = evenTicks{d.Format}
	if d.Log {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = logTicks{d.Format}
	}
	p.Y.Min, p.Y.Max = -0.5, float64(len(d.Dots))-0.5
	p.Y.Tick.Marker = plot.ConstantTicks(nil)
	addGrid(p, true, false)
	p.Add(dotRows{d})
	p.Draw(dc)
	return d.hotspots(p, dc)
}

// No figure of a server lies outside; a damaged file may hold one that does, and no axis can carry it. The words keep it.
const leastDrawn, mostDrawn = 1e-3, 1e15

func drawable(dots []dot) (inside []dot) {
	clamp := func(v float64) float64 { return max(leastDrawn, min(v, mostDrawn)) }
	for _, d := range dots {
		d.Value, d.Low, d.High = clamp(d.Value), clamp(d.Low), clamp(d.High)
		inside = append(inside, d)
	}
	return inside
}

func (d dotPlot) hotspots(p *plot.Plot, dc draw.Canvas) (spots []hotspot) {
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for i, row := range d.Dots {
		says := strings.Join(noted(row.Label, row.Aside, row.Basis, row.Mark), " · ")
		spots = append(spots, hotspot{X: x(row.Value).Points(), Y: y(d.level(i)).Points(), Name: row.Name, Says: says})
	}
	return spots
}

// level is the y of row i: the first row is on top.
func (d dotPlot) level(i int) float64 { return float64(len(d.Dots) - 1 - i) }

// span is the range of the axis. It never gets narrower than a tenth of its value, so that noise looks like noise.
func (d dotPlot) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	include := func(v float64) { low, high = min(low, v), max(high, v) }
	for _, row := range d.Dots {
		include(row.Low)
		include(row.High)
	}
	if !math.IsNaN(d.Anchor) {
		include(d.Anchor)
	}
	if d.Log {
		return logRange(low, high)
	}
	if d.Zero {
		return min(0, low), high * 1.05
	}
	middle, half := (low+high)/2, (high-low)/2*1.06
	half = max(half, 0.05*math.Abs(middle))
	return middle - half, middle + half
}

// dotRows is the plot.Plotter of a dotPlot.
type dotRows struct{ dotPlot }

// Plot implements plot.Plotter.
func (d dotRows) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	for i, row := range d.Dots {
		d.drawWords(dc, row, y(d.level(i)))
	}
	if !math.IsNaN(d.Anchor) {
		style := draw.LineStyle{Color: hex(0x222222), Width: vg.Points(0.9), Dashes: []vg.Length{4, 2.5}}
		dc.StrokeLine2(style, x(d.Anchor), dc.Min.Y, x(d.Anchor), dc.Max.Y)
	}
	for i, row := range d.Dots {
		d.drawDot(dc, row, x, y(d.level(i)))
	}
}

// drawWords sets what stands left and right of the data.
func (d dotRows) drawWords(dc draw.Canvas, row dot, y vg.Length) {
	d.drawName(dc, row, y)
	at := vg.Point{X: dc.Max.X + nameGap, Y: y + textLift}
	dc.FillText(d.labelStyle(row), at, row.Label)
	at.X += d.labelWidth() + columnGap
	dc.FillText(lettering(asideSize, false, mute), at, row.Aside)
}

func (d dotRows) drawDot(dc draw.Canvas, row dot, x func(float64) vg.Length, y vg.Length) {
	l := d.Looks[row.Name]
	line := draw.LineStyle{Color: fade(l.Color, 150), Width: outline}
	if row.Hollow {
		line.Dashes = []vg.Length{2, 1.5}
	}
	dc.StrokeLine2(line, x(row.Low), y, x(row.High), y)
	for _, end := range []float64{row.Low, row.High} {
		dc.StrokeLine2(draw.LineStyle{Color: line.Color, Width: outline}, x(end), y-2.5, x(end), y+2.5)
	}
	l.Marker.draw(dc, vg.Point{X: x(row.Value), Y: y}, dotRadius, l.Color, row.Hollow)
}

// drawName sets the name flush right before the data, with its mark below.
func (d dotRows) drawName(dc draw.Canvas, row dot, y vg.Length) {
	name := d.nameStyle(row)
	name.XAlign = text.XRight
	at := vg.Point{X: dc.Min.X - nameGap, Y: y + textLift}
	if row.Mark != "" {
		at.Y = y + 5
		mark := lettering(markSize, false, alarm)
		mark.XAlign = text.XRight
		dc.FillText(mark, vg.Point{X: at.X, Y: y - 4.5}, row.Mark)
	}
	dc.FillText(name, at, shorten(row.Name))
}

func (d dotRows) nameStyle(row dot) text.Style {
	return lettering(labelSize, d.Looks[row.Name].Bold, d.Looks[row.Name].Text)
}

func (d dotRows) labelStyle(row dot) text.Style {
	if row.Hollow || row.Faint {
		return lettering(labelSize, false, mute)
	}
	return lettering(labelSize, d.Looks[row.Name].Bold, ink)
}

func (d dotRows) labelWidth() (width vg.Length) {
	for _, row := range d.Dots {
		width = max(width, d.labelStyle(row).Width(row.Label))
	}
	return width
}

// GlyphBoxes implements plot.GlyphBoxer: it reserves the room for both columns of words.
func (d dotRows) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	var names, asides vg.Length
	for _, row := range d.Dots {
		names = max(names, d.nameStyle(row).Width(shorten(row.Name)), lettering(markSize, false, alarm).Width(row.Mark))
		asides = max(asides, lettering(asideSize, false, mute).Width(row.Aside))
	}
	right := nameGap + d.labelWidth() + columnGap + asides
	return []plot.GlyphBox{
		{X: 0, Y: 0.5, Rectangle: vg.Rectangle{Min: vg.Point{X: -names - nameGap, Y: -1}, Max: vg.Point{Y: 1}}},
		{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Min: vg.Point{Y: -1}, Max: vg.Point{X: right, Y: 1}}},
	}
}
