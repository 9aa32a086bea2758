package results

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// wantedConfidence is what an interval needs before a difference may be claimed from it.
const wantedConfidence = 0.95

// An Estimate is the median over blocks with an interval for the true median.
//
// The interval lies between two of the measured values, chosen by rank. Its confidence follows from coin tossing alone (each
// value is as likely above the true median as below) and therefore holds for every distribution, outliers included. Six values
// are the fewest that reach 95 %: the lowest to the highest then cover it with 96.9 %. A bootstrap interval is shorter and
// deserves less trust here: of seven values it covers the median in 87 % of cases instead of 95 % (estimate_test.go).
type Estimate struct {
	Median, Low, High float64
	Confidence        float64 // of Low..High; below 0.95 when there are fewer than six values
	N                 int     // values, one a block; 0: nothing is known
}

// EstimateMedian judges values; their order does not matter.
func EstimateMedian(values []float64) Estimate {
	if len(values) == 0 {
		return Estimate{}
	}
	sorted := slices.Sorted(slices.Values(values))
	low := lowRank(len(sorted))
	return Estimate{
		Median:     middle(sorted),
		Low:        sorted[low],
		High:       sorted[len(sorted)-1-low],
		Confidence: rankConfidence(len(sorted), low),
		N:          len(sorted),
	}
}

// Known reports whether there is any value.
func (e Estimate) Known() bool { return e.N > 0 }

// Trusted reports whether Low..High is a 95 % interval.
func (e Estimate) Trusted() bool { return e.Confidence >= wantedConfidence }

// PlusMinus is the longer side of the interval: the ± of a table.
func (e Estimate) PlusMinus() float64 { return max(e.High-e.Median, e.Median-e.Low) }

// Differs reports whether the interval of a ratio excludes 1. If it does not, there is no detectable difference, whatever the
// median looks like.
func (e Estimate) Differs() bool { return e.Trusted() && (e.Low > 1 || e.High < 1) }

// lowRank is the highest rank (from 0) that can be the lower end of a 95 % interval, 0 if none can.
func lowRank(n int) int {
	rank := 0
	for rank+1 < n/2 && rankConfidence(n, rank+1) >= wantedConfidence {
		rank++
	}
	return rank
}

// rankConfidence is the probability that the true median lies from the value of this rank to its mirror image: neither end
// is on the wrong side unless at most `rank` of n coins fall on one side.
func rankConfidence(n, rank int) float64 {
	coins := distuv.Binomial{N: float64(n), P: 0.5}
	return math.Max(0, 1-2*coins.CDF(float64(rank)))
}

func middle(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
