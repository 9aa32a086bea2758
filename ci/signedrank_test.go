package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSignedRankAgainstTheTable compares with the critical values printed in every textbook (McCornack, Journal of the American
// Statistical Association 60, 1965): the largest sum that is significant at 2.5 % on one side.
func TestSignedRankAgainstTheTable(t *testing.T) {
	for n, critical := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 20: 52, 25: 89, 30: 137, 50: 434} {
		if p := pBelow(withSumAbove(n, critical), 0); p > 0.025 {
			t.Errorf("n = %d, sum %d: p = %.5f, the table says at most 0.025", n, critical, p)
		}
		if p := pBelow(withSumAbove(n, critical+1), 0); p <= 0.025 {
			t.Errorf("n = %d, sum %d: p = %.5f, the table says above 0.025", n, critical+1, p)
		}
	}
}

// withSumAbove returns n values of the sizes 1 to n, of which those above 0 have ranks that add up to sum.
func withSumAbove(n, sum int) []float64 {
	values := make([]float64, n)
	for size := n; size >= 1; size-- {
		values[size-1] = -float64(size)
		if size <= sum {
			values[size-1], sum = float64(size), sum-size
		}
	}
	return values
}

func TestSignedRankIsSymmetrical(t *testing.T) {
	values := []float64{0.3, -0.1, 0.25, 0.7, -0.5, 0.9, 0.05}
	mirrored := make([]float64, len(values))
	for i, v := range values {
		mirrored[i] = -v
	}
	if a, b := pAbove(values, 0.1), pBelow(mirrored, -0.1); math.Abs(a-b) > 1e-12 {
		t.Errorf("p above is %v and of the mirrored values below %v", a, b)
	}
}

func TestSignedRankOfEqualDistances(t *testing.T) {
	// Ranks 1.5, 1.5, 3: of the eight choices only {1.5, 1.5, 3} and {3, 1.5} twice reach 4.5.
	if p := pAbove([]float64{-1, 1, 2}, 0); p != 3.0/8 {
		t.Errorf("p = %v, want 3/8", p)
	}
	if p := pAbove([]float64{5, 5, 5}, 5); p != 1 {
		t.Errorf("values at the shift give p = %v, want 1: they say nothing", p)
	}
}

// TestSignedRankKeepsItsPromise draws from a distribution with heavy tails and no shift: a test at 5 % may refuse in 5 %.
func TestSignedRankKeepsItsPromise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const trials = 4000
	refused := 0
	for range trials {
		values := make([]float64, 12)
		for i := range values {
			values[i] = math.Tan(math.Pi * (random.Float64() - 0.5)) // Cauchy: no mean at all
		}
		if pAbove(values, 0) < 0.05 {
			refused++
		}
	}
	// With 4000 trials the standard error is 0.34 %: four of them above 5 %.
	if rate := float64(refused) / trials; rate > 0.064 {
		t.Errorf("refused %.2f %% at the 5 %% level", 100*rate)
	}
}

func TestHodgesLehmannCoversTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const trials, truth = 2000, 0.07
	missed := 0
	for range trials {
		values := make([]float64, 12)
		for i := range values {
			values[i] = truth + random.NormFloat64()*(0.02+0.2*random.Float64())
		}
		s := hodgesLehmann(values, 0.95)
		if s.Confidence < 0.95 {
			t.Fatalf("the interval of 12 values has confidence %v", s.Confidence)
		}
		if truth < s.Low || truth > s.High {
			missed++
		}
	}
	if rate := float64(missed) / trials; rate > 0.07 {
		t.Errorf("%.1f %% of the 95 %% intervals missed the truth", 100*rate)
	}
}

// TestHodgesLehmannAgainstAPublishedExample is Hollander and Wolfe, Nonparametric Statistical Methods, example 3.1 (Hamilton's
// depression factors): estimate -0.46, interval at 96.1 % from -0.786 to -0.010.
func TestHodgesLehmannAgainstAPublishedExample(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	differences := make([]float64, len(before))
	for i := range before {
		differences[i] = after[i] - before[i]
	}
	s := hodgesLehmann(differences, 0.95)
	for _, figure := range []struct {
		name      string
		got, want float64
	}{{"estimate", s.Estimate, -0.46}, {"low", s.Low, -0.786}, {"high", s.High, -0.010}, {"confidence", s.Confidence, 0.961}} {
		if math.Abs(figure.got-figure.want) > 0.0006 {
			t.Errorf("%s is %.4f, the book has %.3f", figure.name, figure.got, figure.want)
		}
	}
	if p := pBelow(differences, 0); math.Abs(p-0.0195) > 0.0001 {
		t.Errorf("p is %.4f, the book has 0.019", p)
	}
}

func TestHodgesLehmannWithTooFewValues(t *testing.T) {
	s := hodgesLehmann([]float64{0.1, 0.2, 0.3, 0.4, 0.5}, 0.95)
	if s.Confidence != 0 || !math.IsInf(s.Low, -1) || !math.IsInf(s.High, 1) {
		t.Errorf("five values cannot have a 95 %% interval, got %+v", s)
	}
}
