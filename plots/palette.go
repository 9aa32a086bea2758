package main

import (
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A look is how one implementation is drawn: in every chart, in every table, the same.
//
// A family (the part of the name before the slash) has a colour; its variants share that colour and differ in marker and
// dash, so that no two implementations are told apart by colour alone.
type look struct {
	Color  color.NRGBA
	Text   color.NRGBA // the same hue, dark enough to read
	Marker marker
	Dash   []vg.Length // empty is a solid line
	Bold   bool        // the library of this repository
}

// reference is the server that does the least and that the others are multiples of.
const reference = "bare"

// The six colours were searched for: at least 3:1 on white, and the closest pair 26 apart in CIEDE2000 (19.5 for
// protanopes and deuteranopes, 8.7 for tritanopes). Okabe and Ito's reach 22, 12 and 11, and two of theirs only 2.3:1.
var colours = []color.NRGBA{hex(0x0631f9), hex(0x95460f), hex(0x008f72), hex(0x910b6c), hex(0x379be3), hex(0xaa9400)}

// familyColours are promised: a reader who knows one report can read the next. Other families take what is left, in
// alphabetical order.
var familyColours = map[string]color.NRGBA{
	"reactor":   colours[0],
	"goroutine": colours[1],
	"gnet":      colours[2],
	"netpoll":   colours[3],
	"libevent":  colours[5],
}

// variantMarkers are promised likewise, so that a run of two backends draws them as a run of all does. Other variants take the
// shapes that their family has left.
var variantMarkers = map[string]marker{
	"": circle, "epoll": circle,
	"poll": square, "edge": square, "splice": square,
	"select":        triangle,
	"tight":         triangle,
	"io_uring":      wedge,
	"io_uring-poll": pentagon,
	"reuseport":     plus, "tutorial": plus,
	"handoff": cross,
}

// dashes tell the variants of a family apart in line charts, one for each marker.
var dashes = [markerCount][]vg.Length{circle: nil, square: {6, 2}, triangle: {2.5, 1.8}, plus: {8, 2, 2, 2}, wedge: {1, 1.6}, pentagon: {4, 1.2}, cross: {6, 2, 1, 2, 1, 2}}

// looks gives every implementation its look. The answer depends on the set of names and not on their order.
func looks(names []string) map[string]look {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	colour := familyPalette(names)
	shape := variantShapes(names)
	all := map[string]look{}
	for _, name := range names {
		family := familyOf(name)
		all[name] = look{
			Color:  colour[family],
			Marker: shape[name],
			Dash:   dashes[shape[name]],
			Bold:   family == "reactor",
		}
	}
	if _, ran := all[reference]; ran {
		all[reference] = look{Color: hex(0x222222), Marker: diamond, Dash: []vg.Length{4, 2.5}}
	}
	for name, l := range all {
		l.Text = readable(l.Color)
		all[name] = l
	}
	return all
}

// readable darkens a colour until small text in it has the contrast that text needs; for a line or a marker 3:1 is enough.
func readable(c color.NRGBA) color.NRGBA {
	for contrast(c) < 4.5 {
		c.R, c.G, c.B = uint8(float64(c.R)*0.96), uint8(float64(c.G)*0.96), uint8(float64(c.B)*0.96)
	}
	return c
}

// contrast is that of a colour on white, after WCAG 2.
func contrast(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		if v <= 10 {
			return float64(v) / 255 / 12.92
		}
		return math.Pow((float64(v)/255+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	return 1.05 / (luminance + 0.05)
}

// familyPalette keeps the promised colours. Past six families the colours repeat, and only the name tells them apart.
func familyPalette(sorted []string) map[string]color.NRGBA {
	palette := map[string]color.NRGBA{}
	taken := 0
	reserve := reserveColours(sorted)
	for _, name := range sorted {
		family := familyOf(name)
		if _, done := palette[family]; done || family == reference {
			continue
		}
		if promised, ok := familyColours[family]; ok {
			palette[family] = promised
			continue
		}
		palette[family] = reserve[taken%len(reserve)]
		taken++
	}
	return palette
}

// reserveColours are those that no family of this run was promised.
func reserveColours(names []string) []color.NRGBA {
	present := map[color.NRGBA]bool{}
	for _, name := range names {
		if c, ok := familyColours[familyOf(name)]; ok {
			present[c] = true
		}
	}
	free := slices.DeleteFunc(slices.Clone(colours), func(c color.NRGBA) bool { return present[c] })
	if len(free) == 0 {
		return colours
	}
	return free
}

// variantShapes keeps the promised markers. Past seven variants of a family the shapes repeat.
func variantShapes(sorted []string) map[string]marker {
	shapes := map[string]marker{}
	taken := map[string][markerCount]int{} // by family: how many have each shape
	place := func(name string, m marker) {
		family := taken[familyOf(name)]
		family[m]++
		shapes[name], taken[familyOf(name)] = m, family
	}
	for _, name := range sorted {
		if m, ok := variantMarkers[variantOf(name)]; ok && taken[familyOf(name)][m] == 0 {
			place(name, m)
		}
	}
	for _, name := range sorted {
		if _, done := shapes[name]; !done {
			place(name, rarest(taken[familyOf(name)]))
		}
	}
	return shapes
}

// rarest is the first of the shapes that the fewest have.
func rarest(taken [markerCount]int) marker {
	least := circle
	for m := range markerCount {
		if taken[m] < taken[least] {
			least = m
		}
	}
	return least
}

func variantOf(name string) string {
	_, variant, _ := strings.Cut(name, "/")
	return variant
}

func familyOf(name string) string {
	family, _, _ := strings.Cut(name, "/")
	return family
}

// stroke is the line of an implementation at the given width.
func (l look) stroke(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: l.Color, Width: width, Dashes: l.Dash}
}

func hex(rgb uint32) color.NRGBA {
	return color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 255}
}

func fade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}
