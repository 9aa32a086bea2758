package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"reactorbench/impls"
)

const selftestHelp = `ci selftest measures the gate itself on this machine: how often it would raise a false alarm, and how often it would find a
slow-down of 3, 5, 7 and 10 %.

  ci selftest                    60 pairs for each level, about a quarter of an hour
  ci selftest -pairs 24 -out records
  ci selftest -markdown ci/SELFTEST.md -json ci/selftest.json     a table to be committed

An interrupt prints the levels that are done; files are written of a whole table only.

An echo server that burns a calibrated time at each request is compared with itself without the burn. The pairs that were
measured are then drawn again, with replacement, into some thousand runs of the gate's plan. So the rates are those of this
machine's noise. Their intervals (95 %) are of the drawing and of the number of measured pairs.

Exit status: 0 the promises are kept, 1 a rate breaks its promise, 2 usage, 4 it could not be measured, 130 interrupted.

`

// levels are the injected slow-downs, and the rate that the plan promises for each. Between the margin and what is tolerated it promises
// nothing. The last is no property of the plan but of a machine that is quiet enough to be worth gating on.
var levels = []struct {
	slowdown float64
	verdict  Verdict // of which the promise is; "": none
	low      float64 // at least so often
	high     float64 // and at most
}{
	{0, Fail, 0, 0.0003}, // 3 looks × 0.002 × 0.05, see plan.go
	{0.03, "", 0, 1},
	{0.05, Pass, 0, 0.15}, // 3 looks × 0.05
	{0.07, Pass, 0, 0.15},
	{0.10, Fail, 0.95, 1},
}

// A selftest measures pairs of the burning server.
type selftest struct {
	gate
	count  int // of pairs for each level
	trials int // of simulated runs for each level
	seed   uint64

	markdown string // files of the table, "": none
	json     string
}

// selftestCommand is ci selftest.
func selftestCommand(ctx context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	s := &selftest{gate: gate{plan: standard, progress: stderr}}
	flags := flag.NewFlagSet("ci selftest", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&s.count, "pairs", 60, "`number` of pairs to measure for each level")
	flags.IntVar(&s.trials, "trials", 5000, "`number` of runs of the plan that are drawn from them")
	flags.Uint64Var(&s.seed, "seed", 1, "of the drawing")
	flags.StringVar(&s.out, "out", "", "keep the records in this `folder`; default none are kept")
	flags.StringVar(&s.markdown, "markdown", "", "write the table as Markdown to this `file`")
	flags.StringVar(&s.json, "json", "", "write the table as JSON to this `file`")
	flags.StringVar(&s.cpus, "cpus", "", "`cores` of servers and of the generator, such as 0/1; default half and half")
	flags.DurationVar(&s.slice, "slice", 0, "measured `time` of a slice; default 250ms")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, selftestHelp)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitDone, err
	case err != nil:
		return exitUsage, usagef("%w; ci selftest -h shows the flags", err)
	case s.count < 12 || s.trials < 100:
		return exitUsage, usagef("-pairs must be at least 12 and -trials at least 100")
	}
	if err := errors.Join(checkFolder("-json", s.json), checkFolder("-markdown", s.markdown), checkFresh(s.out)); err != nil {
		return exitUsage, err
	}
	return s.command(ctx, stdout)
}

// A level's outcome.
type levelRates struct {
	wanted   float64 // the slow-down that was injected
	measured shift   // what the pairs say it was
	fail     Rate
	pass     Rate
	unclear  Rate
	pairs    float64 // mean number of pairs until the verdict
}

// command measures in a folder that goes away.
func (s *selftest) command(ctx context.Context, stdout io.Writer) (status int, err error) {
	if s.dir, err = os.MkdirTemp("", "reactorbench-selftest-"); err != nil {
		return exitCannotTell, err
	}
	defer os.RemoveAll(s.dir)
	if s.out == "" {
		s.out = s.dir
	}
	if s.builder, err = impls.NewBuilder(); err != nil {
		return exitCannotTell, err
	}
	defer s.builder.Close()
	report := s.newReport()
	all, err := s.measureLevels(ctx)
	report.add(all)
	if len(all) > 0 {
		writeSelftest(stdout, report)
	}
	if err != nil {
		return exitCannotTell, err
	}
	return report.exitStatus(), s.write(report)
}

// measureLevels returns the levels that are done along with an error.
func (s *selftest) measureLevels(ctx context.Context) (all []levelRates, err error) {
	began := time.Now()
	burner, err := s.calibrate(ctx)
	if err != nil {
		return nil, err
	}
	pair := time.Since(began) / time.Duration(s.plan.Control) // building is in it too: an estimate that is too long disappoints nobody
	for i, level := range levels {
		tree := fmt.Sprintf("slower-by-%.0f", 100*level.slowdown)
		if err := s.install(tree, burner.iterations(level.slowdown)); err != nil {
			return all, err
		}
		left := pair * time.Duration(s.count*(len(levels)-i))
		s.say("%.0f %%: level %d of %d, %d pairs; about %v left for all", 100*level.slowdown, i+1, len(levels), s.count, left.Round(time.Second))
		began = time.Now()
		values, err := s.blocks(ctx, burning, "base", tree, s.count)
		if err != nil {
			return all, err
		}
		pair = time.Since(began) / time.Duration(s.count)
		all = append(all, s.plan.ratesOf(values, level.slowdown, s.trials, s.seed))
	}
	return all, nil
}

// resamples of the measured pairs say how far the rates hang on which pairs happened to be measured.
const resamples = 100

// ratesOf draws runs of the plan from measured blocks. Their rates have an interval of the drawing (Wilson's), widened to what comes
// out when the blocks themselves are drawn anew first: that there are only so many is the greater doubt.
func (p Plan) ratesOf(values []float64, slowdown float64, trials int, seed uint64) levelRates {
	random := rand.New(rand.NewPCG(seed, math.Float64bits(slowdown)))
	all := p.drawRuns(random, values, slowdown == 0, trials)
	var again []runs
	for range resamples {
		again = append(again, p.drawRuns(random, resample(random, values), slowdown == 0, max(20, trials/resamples)))
	}
	return levelRates{
		wanted: slowdown, measured: hodgesLehmann(values, 0.95), pairs: float64(all.pairs) / float64(trials),
		fail: all.rate(Fail, again), pass: all.rate(Pass, again), unclear: all.rate(Inconclusive, again),
	}
}

// runs are the outcomes of simulated runs of the plan.
type runs struct {
	counts        map[Verdict]int
	trials, pairs int
}

// drawRuns tosses the signs of an equal pair's blocks, so that a bias of these few is not taken for one of the gate.
func (p Plan) drawRuns(random *rand.Rand, values []float64, equal bool, trials int) runs {
	draw := func(n int) (drawn []float64, err error) {
		for range n {
			v := values[random.IntN(len(values))]
			if equal && random.IntN(2) == 0 {
				v = -v
			}
			drawn = append(drawn, v)
		}
		return drawn, nil
	}
	r := runs{counts: make(map[Verdict]int), trials: trials}
	for range trials {
		outcome, _ := p.decide(draw, draw) // drawing cannot fail
		r.counts[outcome.Verdict]++
		r.pairs += len(outcome.Values) + len(outcome.Confirmed)
	}
	return r
}

func (r runs) rate(v Verdict, again []runs) Rate {
	low, high := proportion{r.counts[v], r.trials}.interval()
	var parts []float64
	for _, other := range again {
		parts = append(parts, float64(other.counts[v])/float64(other.trials))
	}
	slices.Sort(parts)
	cut := len(parts) * 25 / 1000 // beyond either end of 95 %
	return Rate{float64(r.counts[v]) / float64(r.trials), min(low, parts[cut]), max(high, parts[len(parts)-1-cut])}
}

func resample(random *rand.Rand, values []float64) []float64 {
	drawn := make([]float64, len(values))
	for i := range drawn {
		drawn[i] = values[random.IntN(len(values))]
	}
	return drawn
}
