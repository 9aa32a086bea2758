package results

import (
	"math"
	"math/rand/v2"
	"testing"
)

var ladder = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}

func throughputs(law Scaling, noise float64, random *rand.Rand) (x []float64) {
	for _, n := range ladder {
		x = append(x, law.At(n)*math.Exp(noise*random.NormFloat64()))
	}
	return x
}

// Without noise the law comes back as it was, at the edges of what it may be too.
func TestScalingIsFoundExactly(t *testing.T) {
	for _, law := range []Scaling{{20_000, 0.1, 1e-4}, {20_000, 0.1, 0}, {500, 0, 0.003}, {1, 0, 0}, {20_000, 1, 0}} {
		found, err := FitScaling(ladder, throughputs(law, 0, rand.New(rand.NewPCG(1, 1))))
		if err != nil {
			t.Fatal(err)
		}
		off := max(math.Abs(found.PerSecond/law.PerSecond-1), math.Abs(found.Contention-law.Contention), math.Abs(found.Coherency-law.Coherency))
		if off > 1e-9 {
			t.Errorf("%+v came back as %+v", law, found)
		}
	}
}

// The data of the SPEC SDM benchmark of 1991 in Gunther's book, which the package usl for R has as specsdm91. Its manual gives a limit of
// 3245 for PerSecond ÷ Contention, that of the law below; it has the least squares of absolute errors, so another law has those of
// relative ones, but the two must agree on where the peak is.
func TestScalingOfPublishedData(t *testing.T) {
	users := []float64{1, 18, 36, 72, 108, 144, 216}
	jobs := []float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2}
	published := Scaling{89.995, 0.027728, 1.04365e-4}
	found, err := FitScaling(users, jobs)
	if err != nil {
		t.Fatal(err)
	}
	squares := func(s Scaling) (sum float64) {
		for i, n := range users {
			sum += math.Pow(jobs[i]/s.At(n)-1, 2)
		}
		return sum
	}
	if math.Abs(found.Peak()/published.Peak()-1) > 0.05 || squares(found) > squares(published) {
		t.Errorf("%+v, peak at %.1f and not at %.1f, squares %g against %g", found, found.Peak(), published.Peak(), squares(found), squares(published))
	}
}

// The intervals hold what they promise: over many runs of eight blocks each covers the truth in 95 % of cases at least.
func TestScalingIntervalsCoverTheTruth(t *testing.T) {
	law, random := Scaling{20_000, 0.05, 2e-4}, rand.New(rand.NewPCG(7, 7))
	const runs, blocks = 400, 8
	var covered [3]int
	for range runs {
		var x [][]float64
		for range blocks {
			x = append(x, throughputs(law, 0.05, random))
		}
		e, err := EstimateScaling(ladder, x)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			Estimate
			truth float64
		}{{e.PerSecond, law.PerSecond}, {e.Contention, law.Contention}, {e.Coherency, law.Coherency}} {
			if c.Trusted() && c.Low <= c.truth && c.truth <= c.High {
				covered[i]++
			}
		}
	}
	t.Logf("of %d: %v", runs, covered)
	for i, n := range covered {
		if n < runs*95/100 {
			t.Errorf("coefficient %d was covered in %d of %d", i, n, runs)
		}
	}
}

func TestWhatCannotBeFitted(t *testing.T) {
	for _, c := range []struct{ n, x []float64 }{
		{[]float64{1, 2, 4}, []float64{1, 2, 3}},
		{[]float64{1, 2, 4, 8}, []float64{1, 2, 3}},
		{[]float64{1, 2, 4, 8}, []float64{0, 0, 0, 0}},
	} {
		if s, err := FitScaling(c.n, c.x); err == nil {
			t.Errorf("%v: %+v", c, s)
		}
	}
}

func TestPeak(t *testing.T) {
	for law, want := range map[Scaling]float64{{1, 0.1, 0}: math.Inf(1), {1, 0.19, 0.0001}: 90, {1, 1.5, 0.1}: 1, {1, 1.5, 0}: 1, {1, 0, 4}: 1} {
		if got := law.Peak(); math.Abs(got-want) > 1e-9 && got != want {
			t.Errorf("%+v: %v, want %v", law, got, want)
		}
	}
}
