package main

import (
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

// upTo is a server that keeps its promise up to a rate and not beyond.
func upTo(limit float64) probe {
	return func(rate float64, _ bool) (verdict, string, error) {
		if rate <= limit {
			return holds, "", nil
		}
		return breaks, "p99 was 2ms", nil
	}
}

func TestSearchFindsTheEdge(t *testing.T) {
	for _, limit := range []float64{15, 999, 5000, 5001, 123_456, 5e6} {
		for _, start := range []float64{10, 5000, 1e6} {
			found, err := search(start, upTo(limit))
			if err != nil || !found.Confirmed || found.Holds > limit || found.Breaks <= limit || found.Breaks/found.Holds > closeness {
				t.Errorf("limit %v from %v: %+v, %v", limit, start, found, err)
			}
		}
	}
	if found, _ := search(100, upTo(1)); found.Holds != 0 || !strings.HasPrefix(found.String(), "below ") {
		t.Errorf("nothing holds: %v", found)
	}
	if found, _ := search(5e6, upTo(1e9)); found.Breaks != 0 || !strings.Contains(found.String(), "the highest that was tried") {
		t.Errorf("everything holds: %v", found)
	}
}

// Every fifth short probe and every twentieth long one lies, either way. In at least 90 of 100 searches
// the two rates must enclose the truth all the same.
func TestSearchAmongNoise(t *testing.T) {
	const searches, limit = 500, 40_000.0
	random := rand.New(rand.NewPCG(7, 0))
	right := 0
	for range searches {
		found, err := search(5000, func(rate float64, long bool) (verdict, string, error) {
			v, why, err := upTo(limit)(rate, long)
			if lies := map[bool]float64{false: 0.2, true: 0.05}[long]; random.Float64() < lies {
				v = breaks - v // the other of the two
			}
			return v, why, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if found.Holds <= limit && found.Breaks > limit {
			right++
		}
	}
	t.Logf("seed 7: %d of %d enclose the truth", right, searches)
	if right < searches*90/100 {
		t.Errorf("seed 7: only %d of %d enclose the truth", right, searches)
	}
}

// Where the generator is the limit the search says so, and claims nothing about the server beyond it.
func TestSearchEndsAtTheGeneratorsLimit(t *testing.T) {
	found, err := search(1000, func(rate float64, _ bool) (verdict, string, error) {
		if rate > 20_000 {
			return cannotTell, "the generator used its core to 99 %", nil
		}
		return holds, "", nil
	})
	if err != nil || !found.Limited || found.Breaks != 0 || found.Holds > 20_000 || found.Holds < 20_000/growth {
		t.Errorf("%+v, %v", found, err)
	}
	if text := found.String(); !strings.HasPrefix(text, "at least ") || !strings.Contains(text, "generator limit: the generator used") {
		t.Errorf("%q", text)
	}
	if _, err := search(1000, func(float64, bool) (verdict, string, error) { return 0, "", errAborted }); !errors.Is(err, errAborted) {
		t.Errorf("%v", err)
	}
}

// With a simulated server whose queue is real, the two rates must enclose the objective in long independent runs.
func TestSearchInVirtualTime(t *testing.T) {
	slo := Objective{Percent: 99, Within: 100 * time.Microsecond}
	p99 := func(rate float64, length time.Duration, seed uint64) int64 {
		p := Plan{Conns: 16, Seed: seed, Sizes: fixedSize(64), Schedule: Schedule{Open: steadyAt(rate, true)}, Patience: time.Second}
		_, tally := simulate(t, p, length, func(s *simulation) { s.cost, s.stop = int64(20*time.Microsecond), 0 })
		return tally.Latencies.Percentile(slo.Percent)
	}
	seed := uint64(0)
	found, err := search(1000, func(rate float64, long bool) (verdict, string, error) {
		seed++
		if p99(rate, probeWindow(time.Second, slo, rate, long), seed) <= int64(slo.Within) {
			return holds, "", nil
		}
		return breaks, "too slow", nil
	})
	if err != nil || !found.Confirmed {
		t.Fatalf("%v, %v", found, err)
	}
	low, high := p99(found.Holds, 20*time.Second, 1001), p99(found.Breaks, 20*time.Second, 1002)
	t.Logf("%v; p99 %v and %v in long runs", found, time.Duration(low), time.Duration(high))
	if low > int64(slo.Within)*103/100 || high < int64(slo.Within)*97/100 {
		t.Errorf("p99 is %v at %v and %v at %v", time.Duration(low), found.Holds, time.Duration(high), found.Breaks)
	}
}

func TestObjective(t *testing.T) {
	for text, want := range map[string]Objective{
		"p99<1ms": {99, time.Millisecond}, "p99.9 < 250us": {99.9, 250 * time.Microsecond}, "p50<=2s": {50, 2 * time.Second},
	} {
		if got, err := parseObjective(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "99<1ms", "p99", "p99<1", "p100<1ms", "p0<1ms", "p99<0s", "p99>1ms"} {
		if _, err := parseObjective(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestObjectiveJudges(t *testing.T) {
	slo := Objective{99, time.Millisecond}
	record := func(ns, n int64, change func(*results.Record)) results.Record {
		h := results.NewHistogram()
		h.RecordTimes(ns, n)
		var r results.Record
		r.HDR, _ = h.Encode()
		if change != nil {
			change(&r)
		}
		return r
	}
	limited := func(r *results.Record) { r.ClientLimited, r.ClientLimitedWhy = true, "it was late" }
	for name, c := range map[string]struct {
		record results.Record
		want   verdict
		why    string
	}{
		"kept":               {record(900_000, 5000, nil), holds, ""},
		"kept by a late one": {record(900_000, 5000, limited), holds, ""},
		"broken":             {record(1_100_000, 5000, nil), breaks, "p99 was 1.1ms"},
		"broken but for lateness": {record(1_100_000, 5000, func(r *results.Record) {
			least := results.NewHistogram()
			least.RecordTimes(950_000, 5000)
			r.MostHDR = r.HDR
			r.LeastHDR, _ = least.Encode()
		}), cannotTell, "p99 was 1.1ms, and 950"},
		"broken by the client": {record(1_100_000, 5000, limited), cannotTell, "it was late"},
		"too few":              {record(900_000, 900, nil), cannotTell, "too few for p99"},
		"rate not reached":     {record(900_000, 5000, func(r *results.Record) { r.ShortOf = "asked 9, did 5, because" }), breaks, "asked 9"},
		"unanswered":           {record(900_000, 5000, func(r *results.Record) { r.Unanswered = 1 }), breaks, "p99"},
		"failed":               {results.Record{Error: "it died"}, breaks, "it died"},
	} {
		if v, why, err := slo.judge(c.record); err != nil || v != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %v %q, %v", name, v, why, err)
		}
	}
}

// The commands run for real, against a server in a process of its own; what they find on a busy machine is not the point, that it
// is told and recorded is.
func TestSearchAndSweepCommands(t *testing.T) {
	file := workloadFile(t, `{"about":"a test","loop":"open","conns":4,"rate":400,"message_bytes":64}`)
	for purpose, arguments := range map[string][]string{"search": {"-slo", "p50<1us"}, "sweep": {"-sweep"}} {
		out := filepath.Join(t.TempDir(), "run")
		arguments = append(arguments, "-workload", file, "-duration", "60ms", "-patience", "200ms", "-seed", "4", "-out", out, implementations(t, "none"))
		cmd, stdout, stderr := loadgen(t, arguments...)
		if code := exitCode(t, cmd); code != exitDone {
			t.Fatalf("%s: exit status %d: %s", purpose, code, stderr)
		}
		t.Logf("\n%s", stdout)
		records := open(t, out).Records()
		for _, r := range records {
			if r.Purpose != purpose {
				t.Errorf("a record of purpose %q", r.Purpose)
			}
		}
		if len(records) < 2 || len(results.Summarise(records)) != 0 {
			t.Errorf("%s: %d records, %d of them compared", purpose, len(records), len(results.Summarise(records)))
		}
		for _, want := range map[string][]string{
			"search": {"highest rate with p50<1µs", "\na cell for each probe · ", withoutBare}, "sweep": {"100 %", "\none cell of 60ms at each rate, 3 for a capacity · ", withoutBare},
		}[purpose] {
			if !strings.Contains(stdout.String(), want) || !strings.Contains(stdout.String(), "server/none") {
				t.Errorf("%s: the table lacks %q:\n%s", purpose, want, stdout)
			}
		}
	}
}

// A scaling run records each cell and the law of each server, with its intervals, and compares neither with anything.
func TestScaleCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-scale", "-workload", mine(t, "closed", 12), "-blocks", "2", "-duration", "200ms", "-seed", "4", "-out", out,
		implementations(t, "none", "wrong byte"))
	if code := exitCode(t, cmd); code != exitSomeFailed {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	t.Logf("\n%s", stdout)
	if want := "20 cells: 2 servers × 5 numbers of connections × 2 blocks, seed 4, records in " + out; !strings.Contains(stderr.String(), want) {
		t.Errorf("it does not begin with %q:\n%s", want, stderr)
	}
	records, conns := open(t, out).Records(), make(map[int]int)
	var laws []results.Record
	for _, r := range records {
		switch {
		case r.Purpose == "scaling law":
			laws = append(laws, r)
		case r.Impl == "server/none":
			conns[r.Conns]++
		}
	}
	if want := map[int]int{1: 2, 2: 2, 4: 2, 8: 2, 12: 2}; !maps.Equal(conns, want) {
		t.Errorf("cells by connections: %v, want %v", conns, want)
	}
	if len(laws) != 2 || len(results.Summarise(records)) != 0 {
		t.Fatalf("%d laws, %d records are compared", len(laws), len(results.Summarise(records)))
	}
	if r := laws[0]; r.Failed() || r.Block < 1 || *r.ScalingPerSecondLow > *r.ScalingPerSecond || *r.ScalingPerSecond > *r.ScalingPerSecondHigh || *r.ScalingPerSecondLow <= 0 {
		t.Errorf("%+v", r)
	}
	if r := laws[1]; !strings.Contains(r.Error, "no block is whole: ") || r.ScalingPerSecond != nil {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(stdout.String(), "misfit") || !strings.Contains(stdout.String(), "beyond 12") && !strings.Contains(stdout.String(), " connections ") {
		t.Errorf("the table:\n%s", stdout)
	}
}

// A law is believed only as far as it was measured.
func TestPeakBeyondWhatWasMeasuredIsNoFigure(t *testing.T) {
	if text := peakText(results.Scaling{PerSecond: 1, Contention: 0.19, Coherency: 0.0001}, 64); text != "beyond 64" {
		t.Error(text)
	}
	if text := peakText(results.Scaling{PerSecond: 1, Contention: 0.19, Coherency: 0.0001}, 128); text != "90 connections" {
		t.Error(text)
	}
}
