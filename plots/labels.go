package main

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// An endLabel names a line where it ends, which spares the reader the walk to a legend and back.
type endLabel struct {
	X, Y  float64 // the end of the line, in data coordinates
	Text  string
	Value string // of the line at its end
	Aside string // smaller
	Mark  string // a warning, last
	Look  look
	Small bool // for a panel
}

// endLabels are written right of the data. They are pushed apart so that none covers another, and a thin leader joins each to
// its line.
type endLabels []endLabel

const (
	leaderWidth = 14
	labelLine   = labelSize * 1.2
)

// Plot implements plot.Plotter.
func (labels endLabels) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	sorted := slices.SortedFunc(slices.Values(labels), func(a, b endLabel) int {
		return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(b.Text, a.Text))
	})
	wanted := make([]vg.Length, len(sorted))
	for i, l := range sorted {
		wanted[i] = y(l.Y)
	}
	left := dc.Max.X + leaderWidth
	for i, at := range spread(wanted, labelLine, dc.Min.Y, dc.Max.Y) {
		l := sorted[i]
		leader := draw.LineStyle{Color: fade(l.Look.Color, 150), Width: vg.Points(0.6)}
		dc.StrokeLine2(leader, x(l.X)+2, wanted[i], left-2, at)
		l.write(dc, vg.Point{X: left, Y: at + textLift})
	}
}

func (l endLabel) write(dc draw.Canvas, pen vg.Point) {
	for _, part := range l.parts() {
		dc.FillText(part.style, pen, part.text)
		pen.X += part.style.Width(part.text) + columnGap
	}
}

// keyLabels stand in a column beside the data, each behind a piece of its line: where lines end at different places, leaders to
// their names would cross the picture.
type keyLabels endLabels

const keyLine = 18 // the length of that piece

// Plot implements plot.Plotter.
func (labels keyLabels) Plot(dc draw.Canvas, _ *plot.Plot) {
	left := dc.Max.X + columnGap
	for i, l := range labels {
		at := dc.Max.Y - labelLine*(vg.Length(i)+0.5)
		dc.StrokeLine2(l.Look.stroke(1.6), left, at, left+keyLine, at)
		l.Look.Marker.draw(dc, vg.Point{X: left + keyLine/2, Y: at}, lineMarker, l.Look.Color, false)
		l.write(dc, vg.Point{X: left + keyLine + columnGap, Y: at + textLift})
	}
}

// GlyphBoxes implements plot.GlyphBoxer.
func (labels keyLabels) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	boxes := endLabels(labels).GlyphBoxes(p)
	boxes[0].Rectangle.Max.X += keyLine + 2*columnGap - leaderWidth
	return boxes
}

// GlyphBoxes implements plot.GlyphBoxer: it reserves the room on the right.
func (labels endLabels) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	var width vg.Length
	for _, l := range labels {
		var own vg.Length
		for _, part := range l.parts() {
			own += part.style.Width(part.text) + columnGap
		}
		width = max(width, own-columnGap)
	}
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Min: vg.Point{Y: -1}, Max: vg.Point{X: leaderWidth + width, Y: 1}}}}
}

// A run is a stretch of text in one style.
type run struct {
	style text.Style
	text  string
}

func (l endLabel) parts() []run {
	size := vg.Length(labelSize)
	if l.Small {
		size = asideSize
	}
	style := lettering(size.Points(), l.Look.Bold, l.Look.Text)
	parts := []run{{style, l.Text}, {style, l.Value}}
	if l.Aside != "" {
		parts = append(parts, run{lettering(asideSize, false, mute), l.Aside})
	}
	if l.Mark != "" {
		parts = append(parts, run{lettering(markSize, false, alarm), l.Mark})
	}
	return parts
}

// spread moves the rising positions as little as it can until each is at least gap above the one before, all between low and
// high if they fit there. Neighbours that collide form a group around the mean of their wishes, as in isotonic regression.
func spread(wanted []vg.Length, gap, low, high vg.Length) []vg.Length {
	type group struct {
		first, size int
		sum         vg.Length // of wanted minus the offset inside the group
	}
	base := func(g group) vg.Length {
		lowest := g.sum / vg.Length(g.size)
		return max(low, min(lowest, high-gap*vg.Length(g.size-1)))
	}
	var groups []group
	for i, w := range wanted {
		groups = append(groups, group{first: i, size: 1, sum: w})
		for n := len(groups); n > 1; n = len(groups) {
			below, above := groups[n-2], groups[n-1]
			if base(above) >= base(below)+gap*vg.Length(below.size) {
				break
			}
			shift := gap * vg.Length(below.size*above.size)
			groups[n-2] = group{first: below.first, size: below.size + above.size, sum: below.sum + above.sum - shift}
			groups = groups[:n-1]
		}
	}
	placed := make([]vg.Length, len(wanted))
	for _, g := range groups {
		for i := range g.size {
			placed[g.first+i] = base(g) + gap*vg.Length(i)
		}
	}
	return placed
}
