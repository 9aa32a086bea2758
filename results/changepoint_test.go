package results

import (
	"math/rand/v2"
	"testing"
)

// walk draws a series with steps: each part has so many values about its mean, with a scatter of 2 %.
func walk(random *rand.Rand, parts ...float64) (values []float64) {
	for i := 0; i < len(parts); i += 2 {
		for range int(parts[i]) {
			values = append(values, parts[i+1]*(1+0.02*random.NormFloat64()))
		}
	}
	return values
}

func TestLevelsOfAQuietSeries(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 0))
	changed := 0
	const series = 300
	for range series {
		if len(Levels(walk(random, 40, 1.05))) > 1 {
			changed++
		}
	}
	// 1 % of 300 are three; ten would come by chance once in a thousand times.
	if changed > 10 {
		t.Errorf("%d of %d quiet series have a change", changed, series)
	}
}

func TestLevelsFindAStep(t *testing.T) {
	random := rand.New(rand.NewPCG(32, 0))
	found := 0
	for range 50 {
		levels := Levels(walk(random, 20, 1.00, 15, 1.06))
		if len(levels) == 2 && levels[1].From >= 19 && levels[1].From <= 21 && levels[1].Mean/levels[0].Mean > 1.04 {
			found++
		}
	}
	if found < 45 {
		t.Errorf("a step of 6 %% was found at its place in %d of 50 series", found)
	}
}

func TestLevelsFindSeveralSteps(t *testing.T) {
	levels := Levels(walk(rand.New(rand.NewPCG(33, 0)), 15, 1.0, 15, 1.2, 15, 1.05))
	if len(levels) != 3 || levels[0].To != levels[1].From || levels[2].To != 45 {
		t.Errorf("got %+v, want three levels that join", levels)
	}
}

func TestOneOddRunIsNoLevel(t *testing.T) {
	values := walk(rand.New(rand.NewPCG(34, 0)), 30, 1.0)
	values[12] = 3
	if levels := Levels(values); len(levels) != 1 {
		t.Errorf("one outlier makes %+v", levels)
	}
}

func TestLevelsOfShortSeries(t *testing.T) {
	for n := range 6 {
		if levels := Levels(make([]float64, n)); len(levels) != 1 || levels[0].To != n {
			t.Errorf("%d values have the levels %+v", n, levels)
		}
	}
	if levels := Levels([]float64{1, 1, 1, 1, 1, 1, 1, 1}); len(levels) != 1 {
		t.Errorf("equal values have the levels %+v", levels)
	}
}
