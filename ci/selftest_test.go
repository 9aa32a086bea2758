package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWilsonsInterval compares with figures that are printed in many places (Newcombe, Statistics in Medicine 17, 1998, table I,
// method 3).
func TestWilsonsInterval(t *testing.T) {
	for _, test := range []struct {
		p         proportion
		low, high float64
	}{{proportion{81, 263}, 0.2553, 0.3662}, {proportion{15, 148}, 0.0624, 0.1605}, {proportion{0, 20}, 0, 0.1611}, {proportion{1, 29}, 0.0061, 0.1718}} {
		if low, high := test.p.interval(); math.Abs(low-test.low) > 0.0001 || math.Abs(high-test.high) > 0.0001 {
			t.Errorf("%d of %d: %.4f to %.4f, the table has %.4f to %.4f", test.p.hits, test.p.trials, low, high, test.low, test.high)
		}
	}
}

func TestRatesOfMeasuredPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 0))
	for _, slowdown := range []float64{0, 0.10} {
		values, _ := blocksOf(random, slowdown)(60)
		rates := standard.ratesOf(values, slowdown, 500, 1)
		if want := map[float64]proportion{0: {0, 500}, 0.10: {500, 500}}[slowdown]; math.Abs(float64(rates.fail.hits-want.hits)) > 10 {
			t.Errorf("%g %%: %d of 500 runs failed, want about %d", 100*slowdown, rates.fail.hits, want.hits)
		}
		if sum := rates.fail.hits + rates.pass.hits + rates.unclear.hits; sum != 500 {
			t.Errorf("%g %%: %d of 500 runs have a verdict", 100*slowdown, sum)
		}
	}
}

// TestSelftestCanFail: pairs that are all alike keep every promise, and pairs of which the equal ones differ break one.
func TestSelftestCanFail(t *testing.T) {
	s := &selftest{gate: gate{plan: standard}, count: 60, trials: 400}
	var honest, broken []levelRates
	for _, level := range levels {
		values := make([]float64, 60)
		for i := range values {
			values[i] = math.Log1p(level.slowdown)
		}
		honest = append(honest, s.plan.ratesOf(values, level.slowdown, s.trials, 1))
	}
	broken = append(broken, honest...)
	broken[0].fail = proportion{40, s.trials}
	var out bytes.Buffer
	if status := s.report(&out, honest); status != exitDone || strings.Contains(out.String(), "BROKEN") {
		t.Errorf("exit status %d of an honest gate:\n%s", status, out.String())
	}
	out.Reset()
	if status := s.report(&out, broken); status != exitFailed || strings.Count(out.String(), "BROKEN") != 1 {
		t.Errorf("exit status %d of a gate with a tenth of false alarms:\n%s", status, out.String())
	}
}

func TestBurnerIsCalibrated(t *testing.T) {
	needsCPUClock(t)
	s := &selftest{gate: gate{plan: Plan{Control: 3}, progress: io.Discard}}
	s.dir, s.out = t.TempDir(), t.TempDir()
	b, err := s.calibrate(context.Background())
	if err != nil && strings.Contains(err.Error(), "too busy to measure") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a request costs %.0f ns, a turn of the loop %.3f ns", b.request, b.turn)
	if b.request <= 0 || b.turn <= 0 || b.iterations(0.1) < 10*b.iterations(0.01)/2 || b.iterations(0) != 0 {
		t.Errorf("%+v: %d turns are 1 %%, %d are 10 %%", b, b.iterations(0.01), b.iterations(0.1))
	}
}

func TestSelftestRefuses(t *testing.T) {
	for _, arguments := range [][]string{{"-pairs", "5"}, {"-trials", "1"}, {"-speed"}} {
		var out, log bytes.Buffer
		if status := command(context.Background(), append([]string{"selftest"}, arguments...), &out, &log); status != exitUsage || log.Len() == 0 {
			t.Errorf("%v: exit status %d, %q", arguments, status, log.String())
		}
	}
}
