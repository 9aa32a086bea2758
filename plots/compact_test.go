package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCompactKeepsEveryPoint: what a browser draws from the steps lies within a twentieth of a point of where it was.
func TestCompactKeepsEveryPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.Float64Range(-900, 900)
		var path strings.Builder
		var points [][2]float64
		for i := range rapid.IntRange(40, 200).Draw(t, "points") {
			x, y := place.Draw(t, "x"), place.Draw(t, "y")
			points = append(points, [2]float64{x, y})
			fmt.Fprintf(&path, "%s%.2f,%.2f", []string{"L", "M"}[max(0, 1-i)], x, y)
		}
		svg := compact(`<path d="` + path.String() + `Z" style="fill:none" />`)
		drawn := pointsOf(t, svg)
		if len(drawn) != len(points) || !strings.Contains(svg, `Z" style`) {
			t.Fatalf("%d points of %d: %s", len(drawn), len(points), svg)
		}
		for i := range points {
			if off := math.Hypot(points[i][0]-drawn[i][0], points[i][1]-drawn[i][1]); off > 0.09 {
				t.Fatalf("point %d lies %.2f away", i, off)
			}
		}
	})
}

var steps = regexp.MustCompile(`-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)`)

// pointsOf follows the steps as the grammar of SVG paths has them.
func pointsOf(t *rapid.T, svg string) (points [][2]float64) {
	_, rest, _ := strings.Cut(svg, `d="M`)
	path, _, _ := strings.Cut(rest, `Z"`)
	var numbers []float64
	for _, text := range steps.FindAllString(path, -1) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, v)
	}
	at := [2]float64{}
	for i := 0; i+1 < len(numbers); i += 2 {
		at = [2]float64{at[0] + numbers[i], at[1] + numbers[i+1]}
		points = append(points, at)
	}
	return points
}

func TestCompactLeavesOtherPathsAlone(t *testing.T) {
	for _, svg := range []string{
		`<path d="M1,2L3,4" />`,
		`<path d="M1,2` + strings.Repeat("C1,2 3,4 5,6", 40) + `" />`,
	} {
		if got := compact(svg); got != svg {
			t.Errorf("got %s, want %s", got, svg)
		}
	}
}

// TestWardrobe: equal styles share a class, and each class is declared once with all that the style said.
func TestWardrobe(t *testing.T) {
	var w wardrobe
	got := w.dress(`<path d="M1,2" style="fill:none" /><text x="1"
	style="fill:#222;font-size:9px">style="x"</text>`) + w.dress(`<path style="fill:none" />`)
	want := `<path d="M1,2" class="v0" /><text x="1" class="v1">style="x"</text><path class="v0" />`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if rules := w.rules.String(); rules != ".v0{fill:none}\n.v1{fill:#222;font-size:9px}\n" {
		t.Errorf("rules %q", rules)
	}
}
