package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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
		if want := map[float64]float64{0: 0, 0.10: 1}[slowdown]; math.Abs(rates.fail.Value-want) > 0.02 || rates.fail.Low > want || rates.fail.High < want {
			t.Errorf("%g %%: a part of %v failed, want about %v", 100*slowdown, rates.fail, want)
		}
		if sum := rates.fail.Value + rates.pass.Value + rates.unclear.Value; math.Abs(sum-1) > 1e-9 {
			t.Errorf("%g %%: a part of %v has a verdict", 100*slowdown, sum)
		}
	}
}

// TestFewPairsAreDoubted: the same slow-down leaves more doubt about the gate's rate when it was measured on fewer pairs.
func TestFewPairsAreDoubted(t *testing.T) {
	width := func(pairs int) float64 {
		random := rand.New(rand.NewPCG(23, 0))
		values, _ := blocksOf(random, 0.05)(pairs)
		r := standard.ratesOf(values, 0.05, 400, 1).fail
		if r.Low > r.Value || r.High < r.Value {
			t.Errorf("%d pairs: %+v is not within its interval", pairs, r)
		}
		return r.High - r.Low
	}
	if few, many := width(12), width(600); few < 1.5*many {
		t.Errorf("an interval of %.2f from 12 pairs and of %.2f from 600", few, many)
	}
}

// TestSelftestCanFail: pairs that are all alike keep every promise, and pairs of which the equal ones differ break one.
func TestSelftestCanFail(t *testing.T) {
	s := &selftest{gate: gate{plan: standard}, count: 60, trials: 400}
	var honest, broken, doubtful []levelRates
	for _, level := range levels {
		values := make([]float64, 60)
		for i := range values {
			values[i] = math.Log1p(level.slowdown)
		}
		honest = append(honest, s.plan.ratesOf(values, level.slowdown, s.trials, 1))
	}
	broken = append(broken, honest...)
	broken[0].fail = Rate{0.1, 0.07, 0.13}
	doubtful = append(doubtful, honest...)
	doubtful[2].pass = Rate{0.38, 0.08, 0.76} // of at most 0.15
	for _, test := range []struct {
		rates    []levelRates
		status   int
		broken   int
		doubtful int
	}{{honest, exitDone, 0, 0}, {broken, exitFailed, 1, 0}, {doubtful, exitDone, 0, 1}} {
		r := s.newReport()
		r.add(test.rates)
		var out bytes.Buffer
		writeSelftest(&out, r)
		if r.exitStatus() != test.status || strings.Count(out.String(), "BROKEN") != test.broken || strings.Count(out.String(), "cannot tell") != test.doubtful || r.Kept == (test.broken > 0) {
			t.Errorf("exit status %d, want %d and %d promises broken:\n%s", r.exitStatus(), test.status, test.broken, out.String())
		}
	}
}

// TestSelftestWritesItsTable: what is committed has every level, its rates with intervals, the promise, and where it was measured.
func TestSelftestWritesItsTable(t *testing.T) {
	random := rand.New(rand.NewPCG(22, 0))
	dir := t.TempDir()
	s := &selftest{gate: gate{plan: standard}, count: 60, trials: 300, seed: 5}
	s.markdown, s.json = filepath.Join(dir, "SELFTEST.md"), filepath.Join(dir, "selftest.json")
	r := s.newReport()
	var all []levelRates
	for _, level := range levels {
		values, _ := blocksOf(random, level.slowdown)(60)
		all = append(all, s.plan.ratesOf(values, level.slowdown, s.trials, s.seed))
	}
	r.add(all)
	if err := s.write(r); err != nil {
		t.Fatal(err)
	}
	var back SelftestReport
	if text, err := os.ReadFile(s.json); err != nil || json.Unmarshal(text, &back) != nil || len(back.Levels) != len(levels) || back.Machine.OS == "" || back.Levels[4].Fail.High < 0.9 {
		t.Errorf("the JSON: %v\n%s", err, text)
	}
	text, err := os.ReadFile(s.markdown)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| injected | measured | FAIL |", "| +0 % |", "| +3 % |", "| +5 % |", "| +7 % |", "| +10 % |", "FAIL in at least 95 %", "seed 5", "cores, "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// A canceller interrupts when the text that it waits for comes by.
type canceller struct {
	at     string
	cancel context.CancelFunc
	said   strings.Builder
}

func (c *canceller) Write(p []byte) (int, error) {
	c.said.Write(p)
	if strings.Contains(c.said.String(), c.at) {
		c.cancel()
	}
	return len(p), nil
}

// TestAnInterruptedSelftestKeepsWhatIsDone measures a machine without noise (testdata/calm): when the interrupt comes does not hang on
// how busy this one is.
func TestAnInterruptedSelftestKeepsWhatIsDone(t *testing.T) {
	t.Chdir("testdata/calm")
	ctx, cancel := context.WithCancel(t.Context())
	progress := &canceller{at: "level 2 of 5", cancel: cancel}
	page := filepath.Join(t.TempDir(), "SELFTEST.md")
	if err := os.WriteFile(page, []byte("the table of last time"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &selftest{gate: gate{plan: Plan{Looks: []int{12}, Control: 3}, progress: progress}, count: 12, trials: 100, markdown: page}
	var out bytes.Buffer
	_, err := s.command(ctx, &out)
	if ctx.Err() == nil || !strings.Contains(out.String(), "+0 %") || !strings.Contains(out.String(), "4 of 5 levels were not measured") {
		t.Errorf("%v\n%s%s", err, progress.said.String(), out.String())
	}
	if !strings.Contains(progress.said.String(), "left for all") {
		t.Errorf("nothing says how long it takes:\n%s", progress.said.String())
	}
	if text, err := os.ReadFile(page); err != nil || string(text) != "the table of last time" {
		t.Errorf("half a table has replaced a whole one: %v, %s", err, text)
	}
}

// TestSlicesWithoutAnAnswer: one of them costs a block, which is measured again; where they do not end the error says what the load
// generator saw, and a server that misbehaves is not taken for a machine that is busy.
func TestSlicesWithoutAnAnswer(t *testing.T) {
	t.Chdir("testdata/calm")
	for mishap, want := range map[string]string{"": "", "silence": "no request was answered", "faults": "the wrong bytes"} {
		t.Setenv("CALM", mishap)
		s := &selftest{gate: gate{plan: Plan{Looks: []int{12}, Control: 3}, progress: io.Discard}}
		s.dir, s.out = t.TempDir(), t.TempDir()
		b, err := s.calibrate(t.Context())
		if want == "" && (err != nil || b.request != 1000 || b.turn != 0.5) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("CALM=%q: %+v, %v; want an error with %q", mishap, b, err, want)
		}
		if mishap == "faults" && strings.Contains(err.Error(), "too busy") {
			t.Errorf("a wrong answer is laid on the machine: %v", err)
		}
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
	for _, arguments := range [][]string{{"-pairs", "5"}, {"-trials", "1"}, {"-speed"}, {"-markdown", "missing/SELFTEST.md"}, {"-json", "missing/selftest.json"}} {
		var out, log bytes.Buffer
		if status := command(context.Background(), append([]string{"selftest"}, arguments...), &out, &log); status != exitUsage || log.Len() == 0 {
			t.Errorf("%v: exit status %d, %q", arguments, status, log.String())
		}
	}
}
