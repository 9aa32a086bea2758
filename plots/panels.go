package main

import (
	"cmp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Many curves in one picture are a knot. Beyond mostTogether each family gets a panel of its own, on the same axes, with the
// reference beside it and all others as grey lines, so that a panel still shows where its family stands.
const (
	mostTogether = 8
	panelColumns = 2
	panelTitle   = 16
	panelBody    = 132
	panelGap     = 10
	mostGhosts   = 20 // more grey lines are a cloud, and make the page too large to send
)

// A panel is one family's share of a linePlot.
type panel struct {
	family string
	own    linePlot
	others []curve
}

// panels splits the plot by family, in the order in which the families appear. The reference is in every panel.
func (l linePlot) panels() (all []panel) {
	at := map[string]int{}
	for _, c := range l.Curves {
		family := familyOf(c.Name)
		if _, known := at[family]; family != reference && !known {
			at[family] = len(all)
			all = append(all, panel{family: family, own: linePlot{Looks: l.Looks, X: l.X, narrow: true}})
		}
	}
	for i := range all {
		for _, c := range l.Curves {
			switch family := familyOf(c.Name); {
			case family == all[i].family || c.Name == reference:
				all[i].own.Curves = append(all[i].own.Curves, c)
			case len(l.Curves) <= mostGhosts:
				all[i].others = append(all[i].others, c)
			}
		}
	}
	return all
}

func (l linePlot) panelsHeight() vg.Length {
	rows := (len(l.panels()) + panelColumns - 1) / panelColumns
	return vg.Length(rows)*l.panelHeight() - panelGap
}

// panelHeight is the same for all panels, and enough for the labels of the largest family.
func (l linePlot) panelHeight() vg.Length {
	body := vg.Length(panelBody)
	for _, p := range l.panels() {
		body = max(body, vg.Length(len(p.own.Curves))*labelLine+axisHeight)
	}
	return panelTitle + body + panelGap
}

func (l linePlot) drawPanels(dc draw.Canvas) (spots []hotspot) {
	width := (dc.Size().X - panelGap*(panelColumns-1)) / panelColumns
	for i, part := range l.panels() {
		left := vg.Length(i%panelColumns) * (width + panelGap)
		top := vg.Length(i/panelColumns) * l.panelHeight()
		bottom := top + l.panelHeight() - panelGap
		area := draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: dc.Min.X + left, Y: dc.Max.Y - bottom},
			Max: vg.Point{X: dc.Min.X + left + width, Y: dc.Max.Y - top},
		}}
		axes := l.axes(true)
		axes.X.Tick.Label.Font.Size = markSize
		axes.Y.Tick.Label.Font.Size = markSize
		axes.Add(room{l.names(l.shortLabels())})
		spots = append(spots, part.draw(area, axes)...)
	}
	return spots
}

// shortLabels are a variant and a value, small: a panel has no room for more, and the family stands above it. That a dotted line was
// not compared stands in the sub-title.
func (l linePlot) shortLabels() endLabels {
	labels := l.labels()
	for i, c := range l.Curves {
		labels[i].Text = shorten(cmp.Or(variantOf(c.Name), c.Name))
		labels[i].Aside, labels[i].Mark, labels[i].Small = "", "", true
	}
	return labels
}

func (p panel) draw(dc draw.Canvas, axes *plot.Plot) []hotspot {
	title := lettering(subSize, true, ink)
	at := vg.Point{X: dc.Min.X, Y: dc.Max.Y - panelTitle/2}
	dc.FillText(title, at, shorten(p.family))
	at.X += title.Width(shorten(p.family)) + columnGap
	dc.FillText(lettering(markSize, false, alarm), at, p.marks())
	dc = draw.Crop(dc, 0, 0, 0, -panelTitle)
	axes.Add(ghosts(p.others), curves{p.own}, p.own.names(p.own.shortLabels()))
	axes.Draw(dc)
	return p.own.hotspots(axes, dc)
}

// marks are the warnings of the family, beside its name.
func (p panel) marks() string {
	var marks []string
	for _, c := range p.own.Curves {
		if variant := strings.TrimPrefix(strings.TrimPrefix(c.Name, p.family), "/"); c.Mark != "" && c.Name != reference {
			marks = append(marks, strings.TrimSpace(shorten(variant)+" "+c.Mark))
		}
	}
	return strings.Join(marks, " · ")
}

// room is a plot.Plotter that draws nothing and reserves the width of labels, so that all panels are equally wide.
type room struct{ plot.GlyphBoxer }

// Plot implements plot.Plotter.
func (room) Plot(draw.Canvas, *plot.Plot) {}

// ghosts is the plot.Plotter of the curves that a panel is not about.
type ghosts []curve

// Plot implements plot.Plotter.
func (g ghosts) Plot(dc draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&dc)
	for _, c := range g {
		dc.StrokeLines(draw.LineStyle{Color: fade(spine, 110), Width: vg.Points(0.6)}, c.line(c.kept(), x, y))
	}
}
