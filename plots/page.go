package main

import (
	"strings"
	"unicode"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	pageWidth = 7.2 * vg.Inch
	margin    = 12 * vg.Length(1)
)

// A page is a chart with everything that it needs to be understood alone: the question it answers, how it was measured, and
// on what. Its height grows with the text and the body.
type page struct {
	Title string // the question
	Sub   string // conditions, interval, sample size, which direction is better
	Foot  string // environment and commit

	BodyHeight vg.Length
	Body       func(draw.Canvas) []hotspot
}

// Line heights in points.
const (
	titleLine = 19
	subLine   = 12.5
	footLine  = 9.5
	gap       = 8
)

func textWidth() vg.Length { return pageWidth - 2*margin }

func (p page) height() vg.Length {
	lines := titleLine*len(p.titleLines()) + gap + gap
	return 2*margin + vg.Length(lines) + subLine*vg.Length(len(p.subLines())) + footLine*vg.Length(len(p.footLines())) + p.BodyHeight
}

func (p page) titleLines() []string {
	return wrap(lettering(titleSize, true, ink), p.Title, textWidth())
}
func (p page) subLines() []string {
	return wrap(lettering(subSize, false, mute), p.Sub, textWidth())
}
func (p page) footLines() []string {
	return wrap(lettering(footSize, false, mute), p.Foot, textWidth())
}

// draw lays the page out from both ends and gives the body what is left between. It returns the body's hotspots.
func (p page) draw(dc draw.Canvas) []hotspot {
	dc.SetColor(ground)
	dc.Fill(dc.Rectangle.Path())
	dc = draw.Crop(dc, margin, -margin, margin, -margin)

	top := dc.Max.Y
	top = write(dc, p.titleLines(), lettering(titleSize, true, ink), top, titleLine)
	top = write(dc, p.subLines(), lettering(subSize, false, mute), top, subLine) - gap

	foot := p.footLines()
	bottom := dc.Min.Y + footLine*vg.Length(len(foot))
	write(dc, foot, lettering(footSize, false, mute), bottom, footLine)
	return p.Body(draw.Crop(dc, 0, 0, bottom+gap-dc.Min.Y, top-dc.Max.Y))
}

// write sets lines downwards from top and returns where they end.
func write(dc draw.Canvas, lines []string, style text.Style, top, lineHeight vg.Length) vg.Length {
	for _, line := range lines {
		dc.FillText(style, vg.Point{X: dc.Min.X, Y: top - lineHeight/2}, line)
		top -= lineHeight
	}
	return top
}

// wrap breaks s between words so that no line is wider than width; a single word may be. An empty text has no line. A space that does
// not break, as in a long number, belongs to its word.
func wrap(style text.Style, s string, width vg.Length) (lines []string) {
	current := ""
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) && r != '\u00a0' }) {
		longer := strings.TrimSpace(current + " " + word)
		if current != "" && style.Width(longer) > width {
			lines = append(lines, current)
			longer = word
		}
		current = longer
	}
	if current != "" {
		lines = append(lines, current)
	}
	return lines
}
