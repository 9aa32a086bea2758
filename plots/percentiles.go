package main

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"reactorbench/results"
)

// percentileChart shows how long requests take, up to the rarest that the sample can speak of.
//
// The unit is the block: each point is the median over blocks of that block's own percentile, and the band is its interval. One
// histogram over all blocks would give a thinner line and hide that servers differ from start to start.
func (s study) percentileChart(w workload) (chart, string) {
	var plots []curve
	for _, row := range w.Rows {
		if c, ok := w.curve(row); ok {
			c.Mark = s.Echo.mark(row.Impl)
			plots = append(plots, c)
		}
	}
	if len(plots) == 0 {
		return chart{}, w.Name + ": no cell has a histogram of its latencies, so there is no chart of them."
	}
	cutAtCommonEnd(plots)
	for _, c := range plots {
		c.sayPercentiles()
	}
	plot := linePlot{Curves: plots, Looks: s.Looks, X: ninesAxis}
	return chart{
		File:  "latency-" + w.Name,
		Page:  page{Title: "How long does a request take?", Sub: w.latencyWords(plots), Foot: s.Footnote(), BodyHeight: plot.height(), Body: plot.draw},
		Table: plot.percentileTable(),
	}, ""
}

// latencyWords says what a closed loop hides, every time: its tail is the commonest misreading of such a chart.
func (w workload) latencyWords(curves []curve) string {
	what := "service time in a closed loop: a slow reply also delays the requests behind it, so this is not a tail of response times"
	if w.open() {
		what = w.latency()
	}
	sub := w.Name + ": " + w.conditions() + " · " + what + " · line and band: " + evidence(blocksOf(curves)) + " · lower is better"
	if len(curves) > mostTogether {
		sub += " · each step to the right is one more nine, grey: the other families"
	}
	switch dotted := countDotted(curves); {
	case dotted == len(curves):
		return sub + " · dotted: the client was the limit for every server, so none is compared"
	case dotted > 0:
		sub += " · dotted: the client was the limit, not compared"
	}
	if slices.ContainsFunc(curves, curve.blurred) {
		sub += " · dotted part: the generator's own lateness may be more than a tenth of it, not compared"
	}
	return sub
}

// blurred reports whether the generator's lateness has too great a part in some percentile of a curve that is compared otherwise.
func (c curve) blurred() bool {
	return !c.Dotted && slices.ContainsFunc(c.Points, func(p curvePoint) bool { return p.Hollow })
}

func countDotted(curves []curve) (n int) {
	for _, c := range curves {
		if c.Dotted {
			n++
		}
	}
	return n
}

func blocksOf(curves []curve) (estimates []results.Estimate) {
	for _, c := range curves {
		estimates = append(estimates, c.Evidence)
	}
	return estimates
}

// beyond is how many values must lie beyond a percentile for it to mean anything.
const beyond = 10

// ninesStep is the distance of two points of a curve, and of the first from 0 %, as the very fastest requests say little. Where
// many curves share a chart, half the points do: the page has to stay small enough to send.
func (w workload) ninesStep() float64 {
	if len(w.Rows) > 2*len(colours) {
		return 0.1
	}
	return 0.05
}

// curve takes the cells in which the client was not the limit, or, where there is none, all of them and says so.
func (w workload) curve(row results.Summary) (curve, bool) {
	cells, dotted := w.histograms(row.Impl, false), false
	if len(cells) == 0 {
		cells, dotted = w.histograms(row.Impl, true), true
	}
	c := curve{Name: row.Impl, Dotted: dotted}
	if dotted {
		c.Aside = "client-limited"
	}
	if len(cells) == 0 {
		return c, false
	}
	end := math.Log10(float64(fewestValues(cells)) / beyond)
	for n := 1; float64(n)*w.ninesStep() <= end; n++ {
		c.add(float64(n)*w.ninesStep(), cells)
	}
	for _, percent := range shownPercentiles {
		if ninesOf(percent) <= end {
			c.add(ninesOf(percent), cells)
		}
	}
	slices.SortFunc(c.Points, func(a, b curvePoint) int { return cmp.Compare(a.X, b.X) })
	return c, len(c.Points) > 1
}

// add appends the estimate of one percentile over the cells that can tell it, or over all where no more than half of them can.
func (c *curve) add(nines float64, cells []sample) {
	var all, sure []float64
	for _, h := range cells {
		value := float64(max(1, h.Percentile(percentileOf(nines))))
		all = append(all, value)
		if h.tells(percentileOf(nines)) {
			sure = append(sure, value)
		}
	}
	hollow := 2*len(sure) <= len(all)
	if hollow {
		sure = all
	}
	e := results.EstimateMedian(sure)
	c.Evidence = e
	c.Points = append(c.Points, curvePoint{X: nines, Value: e.Median, Low: e.Low, High: e.High, Hollow: hollow})
}

// A sample is the latencies of a record, and the bounds that an open loop has for them.
type sample struct {
	*results.Histogram
	bracket results.Bracket
	bounded bool
}

func (c sample) tells(percent float64) bool {
	return !c.bounded || c.bracket.Tells(percent, c.Percentile(percent))
}

// histograms are those of one implementation. One that cannot be read is left out; its record's own percentiles remain.
func (w workload) histograms(impl string, limited bool) (all []sample) {
	for _, r := range w.Records {
		if r.Impl != impl || r.Failed() || r.HDR == "" || r.ClientLimited != limited {
			continue
		}
		h, err := results.DecodeHistogram(r.HDR)
		bracket, bounded, err2 := r.Bracket()
		if err == nil && err2 == nil && h.Count() > beyond {
			all = append(all, sample{h, bracket, bounded})
		}
	}
	return all
}

func fewestValues(cells []sample) int64 {
	fewest := cells[0].Count()
	for _, h := range cells {
		fewest = min(fewest, h.Count())
	}
	return fewest
}

// cutAtCommonEnd ends all curves at the same percentile, where they can be compared, but at 99 % at the earliest: one server
// with few requests does not cut the others short.
func cutAtCommonEnd(curves []curve) {
	end := math.Inf(1)
	for _, c := range curves {
		end = min(end, c.Points[len(c.Points)-1].X)
	}
	end = max(end, ninesOf(99))
	for i := range curves {
		points := curves[i].Points
		for len(points) > 1 && points[len(points)-1].X > end+1e-9 {
			points = points[:len(points)-1]
		}
		curves[i].Points = points
	}
}

// percentileTable lists the percentiles that people ask for.
func (l linePlot) percentileTable() table {
	t := table{Head: []string{"implementation"}}
	reached := l.reached()
	for _, percent := range reached {
		t.Head = append(t.Head, percentileName(percent))
	}
	t.Head = append(t.Head, "note")
	for _, c := range l.Curves {
		row := []string{c.Name}
		for _, percent := range reached {
			words := "–"
			if i, ok := c.at(ninesOf(percent)); ok {
				point := c.Points[i]
				words = duration(point.Value) + " (" + spanWords(point.Low, point.High, duration) + ")"
				if point.Hollow && !c.Dotted {
					words += ", not compared"
				}
			}
			row = append(row, words)
		}
		t.Rows = append(t.Rows, append(row, strings.Join(noted(c.Aside, c.Mark), ", ")))
	}
	return t
}

// reached are the percentiles that at least one curve gets to.
func (l linePlot) reached() (percents []float64) {
	for _, percent := range shownPercentiles {
		for _, c := range l.Curves {
			if _, ok := c.at(ninesOf(percent)); ok {
				percents = append(percents, percent)
				break
			}
		}
	}
	return percents
}
