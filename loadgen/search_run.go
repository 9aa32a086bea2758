package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"reactorbench/results"
)

const (
	longer        = 4 // times the window of a probe: a confirmation
	longestWindow = 10 * time.Second
)

// searchAll finds the highest rate that keeps the objective for each server, one after the other.
func (r *runner) searchAll(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	load := r.workloads[0]
	table := [][]string{{"", fmt.Sprintf("highest rate with %v", r.slo), "probes", clientOverBare}}
	for _, t := range targets {
		found, err := search(load.Rate, r.probe(ctx, b, t, load, writer))
		if err != nil {
			return err
		}
		table = append(table, []string{t.impl.Name, found.String(), fmt.Sprint(found.Probes), searchedClient(r.records, t.impl.Name, found)})
	}
	fmt.Fprintf(r.stdout, "\n%s: %s\n", load.Name, load.shape())
	printColumns(r.stdout, table)
	fmt.Fprintf(r.stdout, "  the first rate kept the promise, the second did not; between them nothing is known\n")
	explainClient(r.stdout, r.records, "; at the first rate, or else the nearest that was tried, and of "+results.Reference+"'s cells alone, for the others were asked at other rates")
	fmt.Fprintf(r.stdout, "\n%s\n", r.footerOf("a cell for each probe"))
	return nil
}

// searchedClient is what the generator cost as a multiple of bare where the search for bare ended.
func searchedClient(records []results.Record, impl string, found Found) string {
	if impl != results.Reference {
		return "–"
	}
	return againstBare(nearestRate(chosen(records, ofBare), cmp.Or(found.Holds, found.Breaks)), "probe")
}

// probe runs one fresh server at a rate. Every probe is a record, so that a search can be followed afterwards.
func (r *runner) probe(ctx context.Context, b *bench, t target, load Workload, writer *results.Writer) probe {
	random, tries := rand.New(rand.NewPCG(r.seed, uint64(len(t.impl.Name)))), 0
	return func(rate float64, long bool) (verdict, string, error) {
		at, own := load, *b
		at.Rate = math.Round(rate*10) / 10
		own.window.Measure = probeWindow(r.suite.Measure(), r.slo, rate, long)
		own.watch = row(r.stderr, "now   "+t.impl.Name+" · "+rateText(at.Rate)+" asked")
		record, err := r.probed(ctx, &own, cell{target: t, workload: at, block: tries, seed: random.Uint64()}, "search", writer)
		if err != nil {
			return cannotTell, "", err
		}
		tries++
		v, why, err := r.slo.judge(record)
		fmt.Fprintf(r.stderr, "%s at %s for %v: %s\n", t.impl.Name, rateText(at.Rate), own.window.Measure.Round(time.Millisecond), said(v, why))
		return v, why, err
	}
}

// probed runs a cell that serves a purpose other than the comparison and keeps its record.
func (r *runner) probed(ctx context.Context, b *bench, c cell, purpose string, writer *results.Writer) (results.Record, error) {
	record, err := b.run(ctx, c)
	if err != nil {
		return record, err
	}
	err = r.keepFor(&record, purpose, writer)
	return record, err
}

// keepFor writes a record that serves a purpose other than the comparison.
func (r *runner) keepFor(record *results.Record, purpose string, writer *results.Writer) error {
	record.Purpose = purpose
	record.RunID, record.EnvID, record.Commit, record.Dirty = r.runID(), r.env.EnvID, r.env.Commit, r.env.Dirty
	r.records = append(r.records, *record)
	return writer.Write(*record)
}

// probeWindow is long enough for the percentile of the objective: twice the requests that it needs.
func probeWindow(least time.Duration, slo Objective, rate float64, long bool) time.Duration {
	window := max(least, time.Duration(2*slo.leastRequests()/rate*float64(time.Second)))
	if long {
		window *= longer
	}
	return min(window, longestWindow)
}

func said(v verdict, why string) string {
	return map[verdict]string{holds: "holds", breaks: "breaks: " + why, cannotTell: "cannot tell: " + why}[v]
}
