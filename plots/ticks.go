package main

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// logTicks are 1-2-5 ticks with a unit on each. gonum's own may print no label at all when no power of ten is in range.
type logTicks struct {
	Format func(float64) string
}

// Ticks implements plot.Ticker. Over more than three decades only the powers of ten are labelled, over less than one more steps.
func (t logTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	labelled := []int{1, 2, 5}
	switch factor := high / low; {
	case factor > 1600:
		labelled = []int{1}
	case factor < denseLabels:
		labelled = denseSteps
	}
	for exponent := math.Floor(math.Log10(low)); exponent <= math.Ceil(math.Log10(high)); exponent++ {
		for m := 1; m < 10; m++ {
			value := float64(m) * math.Pow(10, exponent)
			if value < low*0.9999 || value > high*1.0001 {
				continue
			}
			label := ""
			if slices.Contains(labelled, m) {
				label = t.Format(value)
			}
			ticks = append(ticks, plot.Tick{Value: value, Label: label})
		}
	}
	return ticks
}

// evenTicks are about five labelled ticks at multiples of 1, 2 or 5.
type evenTicks struct {
	Format func(float64) string
}

// Ticks implements plot.Ticker.
func (t evenTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	step := roundStep((high - low) / 5)
	for n := math.Ceil(low/step - 1e-9); n*step <= high+step*1e-9; n++ {
		value := n*step + 0 // never a negative zero
		ticks = append(ticks, plot.Tick{Value: value, Label: t.Format(value)})
	}
	return ticks
}

// roundStep is the smallest of 1, 2, 5 × a power of ten that is not below raw.
func roundStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*power*1.0001 {
			return m * power
		}
	}
	return 10 * power
}

// logRange widens low..high to whole steps of 1-2-5, so that both ends of the axis carry a label.
func logRange(low, high float64) (from, to float64) {
	from, to = roundStep(high), roundStep(high)
	for from > low*1.0001 {
		from = stepBelow(from)
	}
	if from == to {
		from = stepBelow(from)
	}
	return from, to
}

// Over less than a decade there is room for more labels, and the ends of an axis need not be so far apart: what spans a factor of
// three never gets an axis of more than seven.
const (
	denseLabels = 8
	denseBelow  = 3
)

var denseSteps = []int{1, 2, 3, 4, 5, 6, 8}

// denseRange widens low..high to the nearest of those steps.
func denseRange(low, high float64) (from, to float64) {
	power := math.Pow(10, math.Floor(math.Log10(low)))
	from = power
	for _, m := range denseSteps {
		if step := float64(m) * power; step <= low*1.0001 {
			from = step
		}
	}
	for to = from; to < high*0.9999 || to == from; {
		to = stepAbove(to)
	}
	return from, to
}

func stepAbove(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v*1.0001)))
	for _, m := range denseSteps {
		if step := float64(m) * power; step > v*1.001 {
			return step
		}
	}
	return 10 * power
}

func stepBelow(v float64) float64 { return roundStep(v / 2.6) }
