package main

import (
	"cmp"
	"math"
	"slices"
)

// This file is Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945) with its exact distribution.
//
// If the values lie symmetrically about a shift, then each of them is above it or below by the toss of a coin, whatever their
// sizes. Every assignment of signs to the ranks of the sizes is then equally likely, and the sum of the ranks above has a
// distribution that can be counted. Nothing is assumed of the shape, so a machine's outliers cost power and not truth.

// pAbove is the probability of values at least as high as these if they in truth lie about shift or below it.
func pAbove(values []float64, shift float64) float64 {
	ranks, above := signedRanks(values, shift)
	return tail(ranks, above)
}

// pBelow is the probability of values at least as low as these if they in truth lie about shift or above it.
func pBelow(values []float64, shift float64) float64 {
	ranks, above := signedRanks(values, shift)
	total := 0
	for _, rank := range ranks {
		total += rank
	}
	return tail(ranks, total-above) // the distribution is symmetrical
}

// signedRanks ranks the distances from shift and sums the ranks of those above. Ranks are doubled, so that the middle
// rank of equal distances is a whole number. A value exactly at the shift speaks for neither side and is left out.
func signedRanks(values []float64, shift float64) (ranks []int, above int) {
	var distances []float64
	for _, v := range values {
		if v != shift {
			distances = append(distances, v-shift)
		}
	}
	slices.SortFunc(distances, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	for i := 0; i < len(distances); {
		j := i
		for j < len(distances) && math.Abs(distances[j]) == math.Abs(distances[i]) {
			j++
		}
		rank := i + 1 + j // twice the mean of i+1 ... j
		for ; i < j; i++ {
			ranks = append(ranks, rank)
			if distances[i] > 0 {
				above += rank
			}
		}
	}
	return ranks, above
}

// tail is the probability that a random choice of ranks sums to at least sum.
func tail(ranks []int, sum int) float64 {
	p := 0.0
	for s, probability := range sumDistribution(ranks) {
		if s >= sum {
			p += probability
		}
	}
	return math.Min(p, 1)
}

// sumDistribution is the probability of each sum if every rank is taken or left by the toss of a coin.
func sumDistribution(ranks []int) []float64 {
	total := 0
	for _, rank := range ranks {
		total += rank
	}
	distribution := make([]float64, total+1)
	distribution[0] = 1
	reached := 0
	for _, rank := range ranks {
		reached += rank
		for s := reached; s >= 0; s-- {
			taken := 0.0
			if s >= rank {
				taken = distribution[s-rank]
			}
			distribution[s] = (distribution[s] + taken) / 2
		}
	}
	return distribution
}
