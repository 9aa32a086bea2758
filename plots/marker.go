package main

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A marker is the shape of a data point, the second cue beside the colour.
type marker int

const (
	circle marker = iota
	square
	triangle
	plus
	wedge // a triangle on its tip
	pentagon
	cross
	markerCount // the shapes that variants take in turn

	diamond marker = markerCount // kept for the reference
)

// polygons are the corners of each shape on a circle: how many, and the direction of the first in degrees. The radius makes
// all shapes look equally large.
var polygons = map[marker]struct {
	corners      int
	first, scale float64
}{
	square:   {4, 45, 1.25},
	triangle: {3, 90, 1.35},
	wedge:    {3, 270, 1.35},
	pentagon: {5, 90, 1.15},
	diamond:  {4, 90, 1.3},
}

// draw puts the marker at pt. A hollow one is white inside: its value stands in the chart but takes no part in comparisons.
func (m marker) draw(dc draw.Canvas, pt vg.Point, radius vg.Length, c color.NRGBA, hollow bool) {
	path := m.path(pt, radius)
	dc.SetLineDash(nil, 0)
	dc.SetColor(c)
	if hollow {
		dc.SetColor(ground)
	}
	dc.Fill(path)
	dc.SetColor(c)
	dc.SetLineWidth(outline)
	dc.Stroke(path)
}

func (m marker) path(pt vg.Point, radius vg.Length) (path vg.Path) {
	switch m {
	case circle:
		path.Move(vg.Point{X: pt.X + radius, Y: pt.Y})
		path.Arc(pt, radius, 0, 2*math.Pi)
	case plus:
		return plusPath(pt, radius, 0)
	case cross:
		return plusPath(pt, radius, math.Pi/4)
	default:
		shape := polygons[m]
		for i := range shape.corners {
			angle := (shape.first + 360*float64(i)/float64(shape.corners)) * math.Pi / 180
			corner := vg.Point{
				X: pt.X + radius*vg.Length(shape.scale*math.Cos(angle)),
				Y: pt.Y + radius*vg.Length(shape.scale*math.Sin(angle)),
			}
			if i == 0 {
				path.Move(corner)
			} else {
				path.Line(corner)
			}
		}
	}
	path.Close()
	return path
}

// plusPath is the outline of a plus sign whose arms are a third of its width, turned by an angle.
func plusPath(pt vg.Point, radius vg.Length, turn float64) (path vg.Path) {
	long, short := radius*1.15, radius*0.45
	corners := []vg.Point{
		{X: short, Y: long}, {X: short, Y: short}, {X: long, Y: short},
		{X: long, Y: -short}, {X: short, Y: -short}, {X: short, Y: -long},
		{X: -short, Y: -long}, {X: -short, Y: -short}, {X: -long, Y: -short},
		{X: -long, Y: short}, {X: -short, Y: short}, {X: -short, Y: long},
	}
	sin, cos := vg.Length(math.Sin(turn)), vg.Length(math.Cos(turn))
	turned := func(c vg.Point) vg.Point {
		return vg.Point{X: pt.X + c.X*cos - c.Y*sin, Y: pt.Y + c.X*sin + c.Y*cos}
	}
	path.Move(turned(corners[0]))
	for _, corner := range corners[1:] {
		path.Line(turned(corner))
	}
	path.Close()
	return path
}
