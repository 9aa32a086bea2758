package main

import (
	"math"
	"slices"
)

// A shift is where values lie, with an interval that covers the truth with at least the given confidence.
type shift struct {
	Estimate   float64
	Low, High  float64
	Confidence float64 // what the interval really has; 0 with too few values for any
	N          int
}

// hodgesLehmann estimates the shift by the median of all means of two values (Hodges and Lehmann, Annals of Mathematical
// Statistics 34, 1963), and its interval by the shifts that the signed-rank test does not refuse: so interval and test never
// contradict each other.
func hodgesLehmann(values []float64, confidence float64) shift {
	n := len(values)
	if n == 0 {
		return shift{Estimate: math.NaN(), Low: math.Inf(-1), High: math.Inf(1)}
	}
	means := pairMeans(values)
	s := shift{Estimate: median(means), Low: math.Inf(-1), High: math.Inf(1), N: n}
	if cut, tails := intervalCut(n, 1-confidence); cut >= 0 {
		s.Low, s.High, s.Confidence = means[cut], means[len(means)-1-cut], 1-tails
	}
	return s
}

// pairMeans are Walsh's averages: of each value with itself and with every other, sorted.
func pairMeans(values []float64) []float64 {
	means := make([]float64, 0, len(values)*(len(values)+1)/2)
	for i, a := range values {
		for _, b := range values[i:] {
			means = append(means, (a+b)/2)
		}
	}
	slices.Sort(means)
	return means
}

// intervalCut is how many means to leave out at either end, so that both tails together are at most alpha; -1 if even
// none is too many, which needs fewer than six values at 95 %.
func intervalCut(n int, alpha float64) (cut int, tails float64) {
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	cut = -1
	below := 0.0
	for sum, probability := range sumDistribution(ranks) {
		below += probability
		if 2*below > alpha {
			break
		}
		cut, tails = sum, 2*below
	}
	return cut, tails
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
