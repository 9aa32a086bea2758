package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDensity makes a chart about 1380 pixels wide: sharp on a dense screen, small enough for a README.
const pngDensity = 192

// svg renders the page as a document of its own. The same page gives the same bytes, always.
func (p page) svg() ([]byte, []hotspot, error) {
	canvas := vgsvg.New(pageWidth, p.height())
	spots := p.draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, nil, err
	}
	for i := range spots {
		spots[i].Y = p.height().Points() - spots[i].Y // SVG counts from the top
	}
	return p.finish(out.String()), spots, nil
}

func (p page) png() ([]byte, error) {
	canvas := vgimg.NewWith(vgimg.UseWH(pageWidth, p.height()), vgimg.UseDPI(pngDensity))
	p.draw(draw.New(canvas))
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(&out)
	return out.Bytes(), err
}

const fontFamily = "Liberation Sans, Arial, Helvetica, sans-serif"

// redundant is what vgsvg says in every text: the family, which the root says once, and what is the default.
var redundant = regexp.MustCompile(`font-family:Liberation Sans;|font-variant:normal;|font-style:normal;|font-weight:normal;`)

// finish adds what vgsvg leaves out, fonts to fall back on and words for those who cannot see the picture, and takes out what
// it says too often. A page with many charts has to stay small enough to send.
func (p page) finish(svg string) []byte {
	svg = redundant.ReplaceAllString(svg, "")
	svg = longPath.ReplaceAllStringFunc(svg, func(path string) string { return decimals.ReplaceAllStringFunc(path, oneDecimal) })
	svg = strings.Replace(svg, "<svg ", `<svg font-family="`+fontFamily+`" `, 1)
	head, rest, _ := strings.Cut(svg, "<g ")
	words := fmt.Sprintf("<title>%s</title>\n<desc>%s</desc>\n", html.EscapeString(p.Title), html.EscapeString(cmp.Or(p.Sub, p.Foot)))
	return []byte(printable(head + words + "<g " + rest))
}

// A curve or a band has hundreds of points; a tenth of a point is a seventh of a pixel there.
var (
	longPath = regexp.MustCompile(`<path d="[^"]{400,}"`)
	decimals = regexp.MustCompile(`[0-9]+\.[0-9]+`)
)

func oneDecimal(number string) string {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// inline is an SVG document as a part of an HTML page: no prolog, and the page decides the width.
func inline(svg []byte) string {
	text := string(svg)
	text = text[strings.Index(text, "<svg"):]
	return svgSize.ReplaceAllString(text, ` role="img" viewBox=`)
}

var svgSize = regexp.MustCompile(` width="[^"]*" height="[^"]*" viewBox=`)
