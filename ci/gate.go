package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// A series is what has one verdict: a server under a workload.
type series struct{ Impl, Workload string }

func (s series) String() string { return s.Impl + " " + s.Workload }

// A gate compares two commits. Everything that it makes is below dir.
type gate struct {
	gateOptions
	plan     Plan
	repo     repository
	accepted map[series]string
	dir      string // of the trees, of loadgen, and of the records unless out is given
	builder  *impls.Builder
	progress io.Writer
	number   int // of the runs of loadgen, for the names of their folders
}

// A Report is the outcome of a gate, and its JSON.
type Report struct {
	Schema  int       `json:"schema"`
	Verdict Verdict   `json:"verdict"` // the worst of the series
	Base    string    `json:"base"`    // commits
	Head    string    `json:"head"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Records string    `json:"records,omitempty"` // the folder of the raw records
	Control *Judged   `json:"control,omitempty"` // base against itself
	Series  []Judged  `json:"series"`
	Counted []Counted `json:"counted,omitempty"` // what is counted and not timed
}

// A Judged is a series with its verdict and what it rests on. Ratios are head ÷ base, server CPU time per request.
type Judged struct {
	Impl       string  `json:"impl"`
	Workload   string  `json:"workload"`
	Verdict    Verdict `json:"verdict"`
	Why        string  `json:"why"` // one sentence
	Ratio      float64 `json:"ratio,omitempty"`
	Low        float64 `json:"low,omitempty"` // 95 % interval
	High       float64 `json:"high,omitempty"`
	Blocks     int     `json:"blocks"`
	Fresh      int     `json:"fresh_blocks,omitempty"` // of the confirmation
	Detectable float64 `json:"detectable,omitempty"`   // the least slow-down that would have failed, 0.04 is 4 %
	Improved   bool    `json:"improved,omitempty"`
}

// reportSchema is raised when a field changes its meaning.
const reportSchema = 1

// compare measures until every series has a verdict.
func (g *gate) compare(ctx context.Context) (*Report, error) {
	report := &Report{Schema: reportSchema, Base: g.base, Head: g.head, Began: time.Now().UTC(), Records: g.out}
	if err := g.prepare(ctx); err != nil {
		return nil, err
	}
	var different []series
	for _, s := range g.series {
		same, err := g.identical(ctx, s)
		if err != nil {
			return nil, err
		}
		if same {
			report.Series = append(report.Series, Judged{Impl: s.Impl, Workload: s.Workload, Verdict: Identical, Why: "base and head build to the same bytes; nothing was measured"})
			continue
		}
		different = append(different, s)
	}
	if err := g.count(ctx, report, different); err != nil {
		return nil, err
	}
	if len(different) > 0 && g.gates["cpu"] {
		if err := g.measure(ctx, report, different); err != nil {
			return nil, err
		}
	}
	report.Verdict = worst(report)
	report.Ended = time.Now().UTC()
	return report, nil
}

// prepare lays both trees out and builds the head's load generator, which measures both.
func (g *gate) prepare(ctx context.Context) error {
	g.say("base %s, head %s", short(g.base), short(g.head))
	for name, commit := range map[string]string{"base": g.base, "head": g.head} {
		tree := filepath.Join(g.dir, name)
		if err := os.Mkdir(tree, 0o755); err != nil {
			return err
		}
		if err := g.repo.extract(ctx, commit, tree); err != nil {
			return err
		}
	}
	return goBuild(ctx, filepath.Join(g.dir, "head"), g.loadgen(), "./loadgen")
}

func (g *gate) loadgen() string { return filepath.Join(g.dir, "loadgen") }

// server is the folder of a series' server in one of the trees.
func (g *gate) server(tree string, s series) string {
	return filepath.Join(g.dir, tree, "impls", filepath.FromSlash(s.Impl))
}

// identical builds a server from both trees and compares.
func (g *gate) identical(ctx context.Context, s series) (bool, error) {
	var digests [2]string
	for i, tree := range []string{"base", "head"} {
		found, err := impls.Find(g.server(tree, s))
		if err != nil {
			return false, usagef("%s: %w (in the tree of %s)", s.Impl, err, tree)
		}
		if len(found) != 1 {
			return false, usagef("%s names %d servers in the tree of %s; a series is about one", s.Impl, len(found), tree)
		}
		program, err := g.builder.Build(ctx, found[0])
		if err != nil {
			return false, fmt.Errorf("%s: %w", tree, err)
		}
		if digests[i], err = program.Digest(); err != nil {
			return false, err
		}
	}
	return digests[0] == digests[1], nil
}

// measure runs the control first: a run that sees a difference where there is none need not go on.
func (g *gate) measure(ctx context.Context, report *Report, different []series) error {
	control := different[0]
	g.say("control: %s, base against itself", control)
	values, err := g.blocks(ctx, control, "base", "base", g.plan.Control)
	if err != nil {
		return err
	}
	report.Control = describe(control, values)
	report.Control.Verdict, report.Control.Why = Pass, "two copies of one program are told apart by no more than the margin"
	if g.plan.contaminated(values) {
		report.Control.Verdict, report.Control.Why = Invalid, "two copies of one program differ by more than the margin: the machine makes differences of its own"
		for _, s := range different {
			report.Series = append(report.Series, Judged{Impl: s.Impl, Workload: s.Workload, Verdict: Invalid, Why: "not measured, because the control failed"})
		}
		return nil
	}
	for _, s := range different {
		judged, err := g.judge(ctx, s)
		if err != nil {
			return err
		}
		report.Series = append(report.Series, *judged)
		g.say("%s: %s, %s", s, judged.Verdict, judged.Why)
	}
	return nil
}

// judge follows the plan for one series.
func (g *gate) judge(ctx context.Context, s series) (*Judged, error) {
	pairs := func(blocks int) ([]float64, error) { return g.blocks(ctx, s, "base", "head", blocks) }
	outcome, err := g.plan.decide(pairs, func(blocks int) ([]float64, error) {
		g.say("%s: suspected; confirming with %d fresh pairs", s, blocks)
		return pairs(blocks)
	})
	if err != nil {
		return nil, err
	}
	judged := describe(s, outcome.Values)
	judged.Verdict, judged.Fresh, judged.Improved = outcome.Verdict, len(outcome.Confirmed), outcome.Improved
	judged.Detectable = g.plan.detectable(outcome.Values)
	if reason, ok := g.accepted[s]; ok && judged.Verdict == Fail {
		judged.Verdict = Accepted
		judged.Why = "slower, and a commit accepts that: " + reason
		return judged, nil
	}
	judged.Why = g.plan.why(outcome)
	return judged, nil
}

// describe turns the values of blocks into ratios.
func describe(s series, values []float64) *Judged {
	shift := hodgesLehmann(values, 0.95)
	return &Judged{
		Impl: s.Impl, Workload: s.Workload, Blocks: len(values),
		Ratio: exp(shift.Estimate), Low: exp(shift.Low), High: exp(shift.High),
	}
}

// mostRuns bounds how often missing pairs are replaced.
const mostRuns = 4

// blocks runs the load generator and returns the values of count blocks. A block of which a slice has no figure, because the machine
// left no time for either side, is replaced by another: what takes the figure away is not which of the two it was.
func (g *gate) blocks(ctx context.Context, s series, base, head string, count int) (values []float64, err error) {
	measured, why := 0, ""
	for range mostRuns {
		more, silent, err := g.pairs(ctx, s, base, head, count-len(values))
		if err != nil {
			return nil, err
		}
		measured += count - len(values)
		if silent != "" {
			why = "; a slice without one: " + silent
		}
		if values = append(values, more...); len(values) == count {
			return values, nil
		}
	}
	return nil, fmt.Errorf("%s: only %d of %d pairs have figures; the machine is too busy to measure (records: %s)%s", s, len(values), measured, g.out, why)
}

// pairs is one run of the load generator, and why a slice of it has no figure if it says so.
func (g *gate) pairs(ctx context.Context, s series, base, head string, count int) (values []float64, silent string, err error) {
	g.number++
	out := filepath.Join(g.out, fmt.Sprintf("%02d-%s-against-%s-%s-%s", g.number, head, base, flat(s.Impl), s.Workload))
	failed := g.runPairs(ctx, s, base, head, count, out)
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	run, err := results.Open(out)
	if err != nil {
		return nil, "", errors.Join(failed, err)
	}
	if failed != nil {
		if silent, err = silence(run.Records()); err != nil || silent == "" {
			return nil, "", errors.Join(failed, err)
		}
	}
	for _, pair := range results.Pairs(run.Records()) {
		values, _ = results.PairRatios(run.Records(), pair)
	}
	return values, silent, nil
}

// silence is why slices have no figure although no server did anything wrong: nothing came back in time. What a server did wrong is an error.
func silence(records []results.Record) (why string, err error) {
	for _, r := range records {
		if len(r.Faults) > 0 {
			return "", fmt.Errorf("%s: %s", r.Role, r.Error)
		}
		if r.Failed() {
			why = r.Error
		}
	}
	return why, nil
}

func (g *gate) say(format string, args ...any) { fmt.Fprintf(g.progress, format+"\n", args...) }
