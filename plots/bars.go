package main

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A barPlot draws one stacked bar for each row, from zero, with the names on the left and the sum in words on the right. It is for
// counts, which add up; what has an interval is a dotPlot.
type barPlot struct {
	Bars   []bar
	Looks  map[string]look
	Axis   string // what the x axis counts
	Format func(float64) string
}

// A bar is one implementation.
type bar struct {
	Name  string
	Parts []barPart
	Label string // the sum in words
	Aside string
	Mark  string // a warning below the name
	Says  string // when pointed at
}

// A barPart is a stretch of a bar. Its colour is that of the implementation, in a shade that means the same part in every bar.
type barPart struct {
	Name  string
	Value float64
	Shade int
	Pale  bool
}

// shades are how much of the colour is left; neighbours differ.
var shades = []uint8{255, 165, 215, 130, 190, 110}

const (
	barThickness = 13
	paleShade    = 45
)

func (b barPlot) height() vg.Length { return b.rows().height() }

// rows are the words of the plot: they stand as those of a dotPlot do.
func (b barPlot) rows() dotRows {
	d := dotRows{dotPlot{Looks: b.Looks}}
	for _, own := range b.Bars {
		d.Dots = append(d.Dots, dot{Name: own.Name, Label: own.Label, Aside: own.Aside, Mark: own.Mark})
	}
	return d
}

// draw implements page.Body.
func (b barPlot) draw(dc draw.Canvas) []hotspot {
	p := newPlot()
	p.X.Label.Text = b.Axis
	p.X.Min, p.X.Max = 0, b.longest()*1.02
	p.X.Tick.Marker = evenTicks{b.Format}
	p.Y.Min, p.Y.Max = -0.5, float64(len(b.Bars))-0.5
	p.Y.Tick.Marker = plot.ConstantTicks(nil)
	addGrid(p, true, false)
	p.Add(barRows{b, b.rows()})
	p.Draw(dc)
	return b.hotspots(p, dc)
}

func (b bar) sum() (sum float64) {
	for _, part := range b.Parts {
		sum += part.Value
	}
	return sum
}

func (b barPlot) longest() (longest float64) {
	for _, own := range b.Bars {
		longest = max(longest, own.sum())
	}
	return min(max(longest, leastDrawn), mostDrawn)
}

func (b barPlot) hotspots(p *plot.Plot, dc draw.Canvas) (spots []hotspot) {
	area := p.DataCanvas(dc)
	x, y := p.Transforms(&area)
	for i, own := range b.Bars {
		spots = append(spots, hotspot{X: x(min(own.sum(), p.X.Max)).Points(), Y: y(b.rows().level(i)).Points(), Name: own.Name, Says: own.Says})
	}
	return spots
}

// barRows is the plot.Plotter of a barPlot.
type barRows struct {
	barPlot
	words dotRows
}

// GlyphBoxes implements plot.GlyphBoxer.
func (b barRows) GlyphBoxes(p *plot.Plot) []plot.GlyphBox { return b.words.GlyphBoxes(p) }

// Plot implements plot.Plotter.
func (b barRows) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	for i, own := range b.Bars {
		at := y(b.words.level(i))
		b.words.drawWords(dc, b.words.Dots[i], at)
		from := 0.0
		var unnamed []string
		for _, part := range own.Parts {
			to := min(from+part.Value, p.X.Max)
			if !part.draw(dc, b.Looks[own.Name], x(from), x(to), at) && !part.Pale {
				unnamed = append(unnamed, part.Name)
			}
			from = to
		}
		nameBehind(dc, unnamed, vg.Point{X: x(from) + 4, Y: at + textLift})
	}
}

// nameBehind writes the names that had no room in their parts behind the bar, as far as there is room.
func nameBehind(dc draw.Canvas, names []string, at vg.Point) {
	words := lettering(markSize, false, mute)
	for n := len(names); n > 0; n-- {
		if line := strings.Join(names[:n], ", "); at.X+words.Width(line) < dc.Max.X {
			dc.FillText(words, at, line)
			return
		}
	}
}

// draw fills a stretch and names it where the name has room; it tells whether it had.
func (part barPart) draw(dc draw.Canvas, l look, from, to, y vg.Length) (named bool) {
	const seam = 0.6 // white, between the parts
	fill, words := fade(l.Color, shades[part.Shade%len(shades)]), color.NRGBA(ground)
	if part.Pale {
		fill = fade(l.Color, paleShade)
	}
	if contrast(onWhite(fill)) < 4.5 {
		words = ink
	}
	area := vg.Rectangle{Min: vg.Point{X: from, Y: y - barThickness/2}, Max: vg.Point{X: max(from+0.3, to-seam), Y: y + barThickness/2}}
	dc.SetColor(fill)
	dc.Fill(area.Path())
	name := lettering(markSize, false, words)
	name.XAlign = text.XCenter
	if name.Width(part.Name)+4 > area.Size().X {
		return false
	}
	dc.FillText(name, vg.Point{X: (from + to - seam) / 2, Y: y + textLift}, part.Name)
	return true
}

// onWhite is the colour that a translucent one has on the page.
func onWhite(c color.NRGBA) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*int(c.A) + 255*(255-int(c.A))) / 255) }
	return color.NRGBA{R: mix(c.R), G: mix(c.G), B: mix(c.B), A: 255}
}
