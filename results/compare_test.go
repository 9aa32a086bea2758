package results

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSignTest(t *testing.T) {
	for _, c := range []struct {
		above, below, equal int
		want                float64 // the binomial table
	}{
		{6, 0, 0, 0.03125}, {0, 9, 0, 0.00390625}, {9, 1, 0, 0.021484375}, {8, 2, 3, 0.109375}, {5, 5, 0, 1}, {0, 0, 4, 1},
	} {
		var ratios []float64
		for range c.above {
			ratios = append(ratios, 1.2)
		}
		for range c.below {
			ratios = append(ratios, 0.8)
		}
		for range c.equal {
			ratios = append(ratios, 1)
		}
		if got := SignTest(ratios); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d above, %d below: %v, want %v", c.above, c.below, got, c.want)
		}
	}
}

// The example is R's p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm"), in another order.
func TestHolm(t *testing.T) {
	got := Holm([]float64{0.03, 0.01, 0.04, 0.02})
	for i, want := range []float64{0.06, 0.04, 0.06, 0.06} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("%v", got)
		}
	}
	if got := Holm([]float64{0.7, 0.6}); got[0] != 1 || got[1] != 1 {
		t.Errorf("%v, want no more than 1", got)
	}
}

// Of families in which nothing differs, at most one in twenty may show a difference; and a real one must be found.
func TestFamiliesAreRarelyWrong(t *testing.T) {
	const families, comparisons, blocks, seed = 2000, 7, 9, 13
	random := rand.New(rand.NewPCG(seed, 0))
	wrong, found := 0, 0
	for range families {
		p := make([]float64, comparisons)
		for i := range p {
			centre := 0.0
			if i == 0 {
				centre = 0.3
			}
			var ratios []float64
			for range blocks {
				ratios = append(ratios, math.Exp(centre+0.1*random.NormFloat64()))
			}
			p[i] = SignTest(ratios)
		}
		adjusted, any := Holm(p), false
		for _, a := range adjusted[1:] {
			any = any || a < 0.05
		}
		if any {
			wrong++
		}
		if adjusted[0] < 0.05 {
			found++
		}
	}
	t.Logf("seed %d: %d of %d families wrong, the real difference found in %d", seed, wrong, families, found)
	if wrong > families/20 || found < families*9/10 {
		t.Errorf("seed %d: %d of %d families wrong, the real difference found in %d", seed, wrong, families, found)
	}
}
