package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// blocksOf draws blocks as they were measured on a shared two-core machine: a scatter of about 6 % with heavy tails, no
// two blocks alike.
func blocksOf(random *rand.Rand, slowdown float64) source {
	return func(n int) (values []float64, err error) {
		for range n {
			noise := 0.04 * random.NormFloat64()
			if random.IntN(10) == 0 {
				noise *= 4
			}
			values = append(values, math.Log1p(slowdown)+noise)
		}
		return values, nil
	}
}

// rates is how often each verdict came in so many simulated runs of the standard plan.
func rates(t *testing.T, seed uint64, trials int, slowdown float64) map[Verdict]float64 {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	counts := make(map[Verdict]float64)
	for range trials {
		o, err := standard.decide(blocksOf(random, slowdown), blocksOf(random, slowdown))
		if err != nil {
			t.Fatal(err)
		}
		counts[o.Verdict] += 1 / float64(trials)
	}
	return counts
}

func TestPlanRaisesNoFalseAlarm(t *testing.T) {
	if got := rates(t, 11, 600, 0); got[Fail] > 0 || got[Pass] < 0.99 {
		t.Errorf("equal programs: %v, want no FAIL and nearly always PASS", got)
	}
	if got := rates(t, 12, 600, standard.Margin); got[Fail] > 0.005 {
		t.Errorf("a slow-down of just the margin: %v, want next to no FAIL", got)
	}
}

func TestPlanFindsWhatItPromises(t *testing.T) {
	if got := rates(t, 13, 200, 0.10); got[Fail] < 0.97 {
		t.Errorf("10 %% slower: %v, want FAIL", got)
	}
	if got := rates(t, 14, 200, 0.05); got[Pass] > 0.15 {
		t.Errorf("5 %% slower: %v, may pass in three looks of 5 %%", got)
	}
}

func TestPlanLooksEarly(t *testing.T) {
	measured := 0
	quiet := func(n int) ([]float64, error) { measured += n; return make([]float64, n), nil }
	o, err := standard.decide(quiet, nil)
	if err != nil || o.Verdict != Pass || measured != standard.Looks[0] {
		t.Errorf("silent equality: %v after %d blocks (%v), want PASS after %d", o.Verdict, measured, err, standard.Looks[0])
	}
}

func TestPlanAsksForConfirmation(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 0))
	o, err := standard.decide(blocksOf(random, 0.3), blocksOf(random, 0))
	if err != nil || o.Verdict != Inconclusive || len(o.Confirmed) != standard.Confirm {
		t.Errorf("a suspicion that fresh processes do not confirm: %v with %d fresh blocks (%v), want INCONCLUSIVE", o.Verdict, len(o.Confirmed), err)
	}
}

func TestPlanSeesImprovement(t *testing.T) {
	random := rand.New(rand.NewPCG(16, 0))
	o, err := standard.decide(blocksOf(random, -0.2), nil)
	if err != nil || o.Verdict != Pass || !o.Improved {
		t.Errorf("20 %% faster: %v, improved %v (%v)", o.Verdict, o.Improved, err)
	}
}

func TestPlanPassesErrorsOn(t *testing.T) {
	broken := errors.New("the server died")
	if _, err := standard.decide(func(int) ([]float64, error) { return nil, broken }, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestControlCanFail(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 0))
	clean, _ := blocksOf(random, 0)(standard.Control)
	biased, _ := blocksOf(random, 0.2)(standard.Control)
	if standard.contaminated(clean) {
		t.Error("a clean control was called contaminated")
	}
	if !standard.contaminated(biased) {
		t.Error("a control with a difference of 20 % was believed")
	}
}

func TestDetectableGrowsWithTheNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 0))
	values, _ := blocksOf(random, 0)(24)
	wider := make([]float64, len(values))
	for i, v := range values {
		wider[i] = 3 * v
	}
	if a, b := standard.detectable(values), standard.detectable(wider); !(standard.Margin < a && a < b) {
		t.Errorf("detectable is %.3f, and with three times the noise %.3f", a, b)
	}
	if few := standard.detectable(values[:3]); !math.IsInf(few, 1) {
		t.Errorf("three blocks can detect %v", few)
	}
}
