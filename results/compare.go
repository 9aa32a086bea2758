package results

import (
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// SignTest is the probability, if a ratio's true median were 1, that so many of the values or more would lie on one side of it. It
// assumes nothing about their distribution. Values of exactly 1 say nothing and are left out; without any other value it is 1.
//
// Of n values the least it can be is 2 ÷ 2ⁿ: 0.031 of six, 0.004 of nine.
func SignTest(ratios []float64) float64 {
	above, n := 0, 0
	for _, r := range ratios {
		if r == 1 {
			continue
		}
		n++
		if r > 1 {
			above++
		}
	}
	if n == 0 {
		return 1
	}
	coins := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*coins.CDF(float64(min(above, n-above))))
}

// Holm adjusts the p values of a family of comparisons, so that calling every adjusted one below 5 % a difference is wrong about any of
// them in at most 5 % of families, however the comparisons depend on each other (Holm 1979, Scandinavian Journal of Statistics 6:65).
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted, highest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}
