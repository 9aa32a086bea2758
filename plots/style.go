package main

import (
	"image/color"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The greys of the house style. Each text colour has a contrast of at least 4.5:1 on white.
var (
	ink     = hex(0x1f2328) // titles, names
	mute    = hex(0x59636e) // sub-titles, ticks, foot note
	hair    = hex(0xe3e6ea) // grid
	spine   = hex(0x8c959f) // the x axis
	alarm   = hex(0xb3152f) // what a reader must not miss
	ground  = hex(0xffffff)
	outline = vg.Points(1.3) // of hollow markers and intervals
)

// Type sizes in points.
const (
	titleSize = 13
	subSize   = 9.5
	labelSize = 9
	footSize  = 7.5
)

// sans is metric-compatible with Arial and Helvetica, so text that is measured here fits on a machine without it.
var (
	sans     = font.Font{Typeface: "Liberation", Variant: "Sans"}
	sansBold = font.Font{Typeface: "Liberation", Variant: "Sans", Weight: xfont.WeightSemiBold} // bold proper yields an empty PDF in gonum/plot
	fonts    = loadFonts()
)

func loadFonts() text.Plain {
	font.DefaultCache.Add([]font.Face{
		{Font: sans, Face: parse(liberationsansregular.TTF)},
		{Font: sansBold, Face: parse(liberationsansbold.TTF)},
	})
	return text.Plain{Fonts: font.DefaultCache}
}

func parse(truetype []byte) *opentype.Font {
	face, err := opentype.Parse(truetype)
	if err != nil {
		panic(err) // the font is compiled in
	}
	return face
}

// lettering is a text style whose anchor is the left end, vertically centred.
func lettering(size float64, bold bool, c color.Color) text.Style {
	face := sans
	if bold {
		face = sansBold
	}
	face.Size = vg.Length(size)
	return text.Style{Color: c, Font: face, Handler: fonts, XAlign: text.XLeft, YAlign: text.YCenter}
}

// newPlot is an empty plot in the house style: no frame, no y line, a light x axis, muted ticks.
func newPlot() *plot.Plot {
	p := plot.New()
	p.TextHandler = fonts
	p.BackgroundColor = nil // the page is white already
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle = draw.LineStyle{Color: spine, Width: vg.Points(0.75)}
		axis.Tick.LineStyle = draw.LineStyle{Color: spine, Width: vg.Points(0.5)}
		axis.Tick.Length = vg.Points(4)
		axis.Tick.Label = withAlignmentOf(axis.Tick.Label, lettering(labelSize, false, mute))
		axis.Label.TextStyle = withAlignmentOf(axis.Label.TextStyle, lettering(subSize, false, ink))
		axis.Label.Padding = vg.Points(5)
		axis.Padding = 0
	}
	p.Y.LineStyle.Width = 0
	p.Y.Tick.LineStyle.Width = 0
	p.Y.Tick.Length = vg.Points(3)
	return p
}

// withAlignmentOf keeps where gonum/plot anchors a text and takes everything else from style.
func withAlignmentOf(was, style text.Style) text.Style {
	style.XAlign, style.YAlign, style.Rotation = was.XAlign, was.YAlign, was.Rotation
	return style
}

// addGrid draws hair lines at the labelled ticks.
func addGrid(p *plot.Plot, vertical, horizontal bool) {
	line := draw.LineStyle{Color: hair, Width: vg.Points(0.6)}
	grid := &plotter.Grid{}
	if vertical {
		grid.Vertical = line
	}
	if horizontal {
		grid.Horizontal = line
	}
	p.Add(grid)
}
