package results

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The table that every book on order statistics prints: the ranks of a 95 % interval for the median and its real confidence.
func TestIntervalsAgreeWithTheKnownTable(t *testing.T) {
	for _, c := range []struct {
		n, low     int // rank from 1, as printed
		confidence float64
	}{{6, 1, 0.9688}, {7, 1, 0.9844}, {8, 1, 0.9922}, {9, 2, 0.9609}, {10, 2, 0.9785}, {15, 4, 0.9648}, {20, 6, 0.9586}, {30, 10, 0.9572}} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(c.n - i) // n..1: the order must not matter
		}
		e := EstimateMedian(values)
		if e.Low != float64(c.low) || e.High != float64(c.n+1-c.low) || math.Abs(e.Confidence-c.confidence) > 0.0001 || !e.Trusted() {
			t.Errorf("n=%d: %+v, want %d..%d at %.4f", c.n, e, c.low, c.n+1-c.low, c.confidence)
		}
	}
}

func TestFewValuesAreNotTrusted(t *testing.T) {
	e := EstimateMedian([]float64{3, 1, 2, 5, 4})
	if e.Median != 3 || e.Low != 1 || e.High != 5 || math.Abs(e.Confidence-0.9375) > 1e-9 || e.Trusted() {
		t.Errorf("%+v", e)
	}
	if EstimateMedian([]float64{2, 2.1, 2.2, 2.3, 2.4}).Differs() {
		t.Error("five values claim a difference")
	}
	if e := EstimateMedian([]float64{7}); e.Confidence != 0 || e.Median != 7 || !e.Known() {
		t.Errorf("one value: %+v", e)
	}
	if EstimateMedian(nil).Known() {
		t.Error("no value is known")
	}
}

func TestDiffersNeedsTheWholeInterval(t *testing.T) {
	for _, c := range []struct {
		values  []float64
		differs bool
	}{
		{[]float64{1.01, 1.02, 1.03, 1.04, 1.05, 1.06}, true},
		{[]float64{0.99, 1.20, 1.30, 1.40, 1.50, 1.60}, false},
		{[]float64{0.90, 0.91, 0.92, 0.93, 0.94, 0.99}, true},
		{[]float64{1, 1, 1, 1, 1, 1}, false},
	} {
		if got := EstimateMedian(c.values).Differs(); got != c.differs {
			t.Errorf("%v: differs %v, want %v", c.values, got, c.differs)
		}
	}
}

// TestCoverage simulates what the confidence promises, for lawful and for wild distributions, and shows on the side what the
// percentile bootstrap would have covered.
func TestCoverage(t *testing.T) {
	const seed, trials = 1, 1500
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, distribution := range []struct { // the true median of each is 0
		name string
		draw func() float64
	}{
		{"normal", random.NormFloat64},
		{"exponential", func() float64 { return random.ExpFloat64() - math.Ln2 }},
		{"cauchy", func() float64 { return math.Tan(math.Pi * (random.Float64() - 0.5)) }},
	} {
		for _, n := range []int{6, 7, 10} {
			covered, bootstrap := 0, 0
			var promised float64
			for range trials {
				values := make([]float64, n)
				for i := range values {
					values[i] = distribution.draw()
				}
				e := EstimateMedian(values)
				promised = e.Confidence
				if e.Low <= 0 && 0 <= e.High {
					covered++
				}
				if bootstrapCovers(random, values) {
					bootstrap++
				}
			}
			got := float64(covered) / trials
			t.Logf("%-11s n=%-2d ranks promise %.3f, cover %.3f; bootstrap covers %.3f", distribution.name, n, promised, got, float64(bootstrap)/trials)
			if deviation := math.Sqrt(promised * (1 - promised) / trials); math.Abs(got-promised) > 5*deviation {
				t.Errorf("%s n=%d: covers %.4f, promised %.4f", distribution.name, n, got, promised)
			}
		}
	}
}

func bootstrapCovers(random *rand.Rand, values []float64) bool {
	const resamples = 200
	var medians [resamples]float64
	sample := make([]float64, len(values))
	for i := range medians {
		for j := range sample {
			sample[j] = values[random.IntN(len(values))]
		}
		medians[i] = EstimateMedian(sample).Median
	}
	below := 0
	for _, m := range medians {
		if m < 0 {
			below++
		}
	}
	return below > resamples*25/1000 && below < resamples*975/1000
}
