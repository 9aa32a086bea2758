package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"text/tabwriter"
	"time"

	"reactorbench/results"
)

// This file compares a server with another, head with base, so that a difference of a few percent can be told from the noise of a
// shared machine: the same server from two checkouts, or several with the least that one can do. A block is a pair of fresh processes that live side by side and are loaded by turns, a slice each: whatever
// the machine does for seconds meets both. Processes differ by percents for as long as they live, by the layout of
// their memory; so the block and not the slice is the unit of statistics, and every block has processes of its own.

const (
	// pairBlocks are the fewest that ci gate looks at.
	pairBlocks = 12

	// pairRounds is how often both of a pair are loaded. More rounds make a block surer of its two processes only, which
	// differ from the next two all the same.
	pairRounds = 3

	// A slice is short, so that what it is compared with is near, and long enough for some thousand requests.
	pairSlice  = 250 * time.Millisecond
	pairWarmUp = 80 * time.Millisecond
)

var pairRoles = [2]string{"base", "head"}

// measurePairs runs all blocks; the first of the targets is the base of every pair. Within a block the pairs come in random order,
// so that no server is always measured in the company of another.
func (r *runner) measurePairs(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	b.window.WarmUp = pairWarmUp
	base, heads := targets[0], targets[1:]
	pairs := len(heads) * len(r.workloads)
	fmt.Fprintf(r.stderr, "%s of %s of processes, %d rounds each, seed %d, records in %s\n", countOf(r.suite.Blocks, "block"), countOf(pairs, "pair"), pairRounds, r.seed, r.out)
	p := newProgress(r.stderr, r.suite.Blocks*pairs*pairRounds*len(pairRoles), r.suite.Blocks)
	defer p.finish()
	b.watch = p.watch
	keep := func(c cell, record results.Record) error {
		p.done(c, record)
		return r.keep(writer, p, record)
	}
	for block := range r.suite.Blocks {
		random := rand.New(rand.NewPCG(r.seed, uint64(block)))
		for _, i := range random.Perm(pairs) {
			both := [2]target{base, heads[i%len(heads)]}
			if err := b.pair(ctx, pairCells(both, r.workloads[i/len(heads)], block, random), p.begin, keep); err != nil {
				return err
			}
		}
	}
	return nil
}

// pairCells are the slices of a pair: by turns, with the first by lot and then alternating, so that neither is always
// the one that comes after the other.
func pairCells(both [2]target, w Workload, block int, random *rand.Rand) (cells []cell) {
	first := random.IntN(2)
	seed := random.Uint64()
	for round := range pairRounds {
		for slot := range 2 {
			arm := (first + round + slot) % 2
			cells = append(cells, cell{
				target: both[arm], workload: w, block: block, seed: seed,
				role: pairRoles[arm], pair: both[1].impl.Name, round: round,
			})
		}
	}
	return cells
}

// pair starts both servers, the one that is loaded first being started first, and runs the slices on them.
func (b *bench) pair(ctx context.Context, cells []cell, begin func(cell), keep func(cell, results.Record) error) (err error) {
	servers := make(map[string]session)
	defer func() {
		for _, role := range pairRoles {
			if s := servers[role]; s != nil {
				if _, died := s.stop(err != nil); err == nil {
					err = died
				}
			}
		}
	}()
	for _, c := range cells[:2] {
		s, err := c.target.start(ctx, b, c.seed)
		if err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%s: %w", c.role, err))
		}
		servers[c.role] = s
	}
	for _, c := range cells {
		begin(c)
		runtime.GC() // between slices, for none may fall into one
		record := b.newRecord(c)
		record, err := conclude(ctx, record, b.on(ctx, c, servers[c.role], &record))
		if err != nil {
			return err
		}
		if err := keep(c, record); err != nil {
			return err
		}
	}
	return nil
}

// printPairs tells the ratios and their intervals. Whether a change is to be refused for them is for ci gate.
func printPairs(w io.Writer, records []results.Record, footer string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "server\tworkload\thead ÷ base, server CPU per request\tpairs\t%s\n", clientOverBare)
	for _, series := range results.Pairs(records) {
		ratios, all := results.PairRatios(records, series)
		for i, r := range ratios {
			ratios[i] = math.Exp(r)
		}
		slices := chosen(records, func(r results.Record) bool { return r.Pair == series.Pair && r.Workload == series.Workload })
		fmt.Fprintf(t, "%s\t%s\t%s\t%d of %d\t%s\n", series.Pair, series.Workload, ratioText(results.EstimateMedian(ratios)), len(ratios), all, againstBare(slices, "block"))
	}
	t.Flush()
	explainClient(w, records, "")
	fmt.Fprintln(w, footer)
}

func ratioText(e results.Estimate) string {
	switch {
	case !e.Known():
		return "no figure"
	case !e.Trusted():
		return fmt.Sprintf("%.3f, too few for an interval", e.Median)
	}
	return fmt.Sprintf("%.3f (%.3f–%.3f)", e.Median, e.Low, e.High)
}
