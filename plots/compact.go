package main

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// compact shortens the long curves of an SVG for the page: steps from point to point in tenths instead of places. The page has to stay
// small enough to send; the file beside it stays as it was drawn. A path of anything but straight lines is left alone.
func compact(svg string) string {
	return longCurve.ReplaceAllStringFunc(svg, func(attribute string) string {
		steps, ok := relative(attribute[len(` d="`) : len(attribute)-1])
		if !ok {
			return attribute
		}
		return ` d="` + steps + `"`
	})
}

var (
	longCurve = regexp.MustCompile(` d="M[^"]{200,}"`)
	segment   = regexp.MustCompile(`^([ML])(-?[0-9.]+),(-?[0-9.]+)`)
)

// relative turns "M1,2L3,4" into "M1,2l2 2". Rounding does not add up: every step leads to where its point is in tenths.
func relative(path string) (string, bool) {
	var out strings.Builder
	var x, y int
	for rest := path; rest != ""; {
		if rest[0] == 'Z' {
			out.WriteByte('Z')
			rest = rest[1:]
			continue
		}
		m := segment.FindStringSubmatch(rest)
		if m == nil {
			return "", false
		}
		toX, toY := tenths(m[2]), tenths(m[3])
		if m[1] == "M" {
			out.WriteString("M" + decimal(toX) + separated(toY) + "l")
		} else {
			out.WriteString(separated(toX-x) + separated(toY-y))
		}
		x, y, rest = toX, toY, rest[len(m[0]):]
	}
	return strings.TrimSuffix(strings.ReplaceAll(out.String(), "l ", "l"), "l"), true
}

func tenths(number string) int {
	v, _ := strconv.ParseFloat(number, 64) // the expression lets little else through, and what it does is 0
	return int(math.Round(v * 10))
}

// decimal is n tenths, as short as a path allows: 12, 1.5, .5, -.5.
func decimal(n int) string {
	text := strconv.FormatFloat(float64(n)/10, 'f', -1, 64)
	if digits, small := strings.CutPrefix(text, "-0."); small {
		return "-." + digits
	}
	if digits, small := strings.CutPrefix(text, "0."); small {
		return "." + digits
	}
	return text
}

func separated(n int) string {
	if n < 0 {
		return decimal(n)
	}
	return " " + decimal(n)
}

// rounded keeps of a hotspot's place what a pointer can tell.
func rounded(spots []hotspot) []hotspot {
	spots = slices.Clone(spots)
	for i := range spots {
		spots[i].X, spots[i].Y = math.Round(10*spots[i].X)/10, math.Round(10*spots[i].Y)/10
	}
	return spots
}

// A wardrobe gives each style of all charts on a page a class: a few dozen styles would otherwise stand there two thousand times.
type wardrobe struct {
	classes map[string]string
	rules   strings.Builder // CSS
}

var styleAttribute = regexp.MustCompile(`\s+style="([^"]*)"`)

// dress puts classes in the place of the styles of an SVG.
func (w *wardrobe) dress(svg string) string {
	return styleAttribute.ReplaceAllStringFunc(svg, func(attribute string) string {
		return ` class="` + w.class(styleAttribute.FindStringSubmatch(attribute)[1]) + `"`
	})
}

func (w *wardrobe) class(style string) string {
	if w.classes == nil {
		w.classes = map[string]string{}
	}
	name, known := w.classes[style]
	if !known {
		name = "v" + strconv.Itoa(len(w.classes))
		w.classes[style] = name
		w.rules.WriteString("." + name + "{" + style + "}\n")
	}
	return name
}
