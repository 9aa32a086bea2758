package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"reactorbench/results"
)

// This file measures one server from two checkouts, base and head, so that a difference of a few percent can be told from the noise
// of a shared machine. A block is a pair of fresh processes that live side by side and are loaded by turns, a slice each: whatever
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

// measurePairs runs all blocks; targets are base and head.
func (r *runner) measurePairs(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	b.window.WarmUp = pairWarmUp
	slices := r.suite.Blocks * pairRounds * len(pairRoles)
	fmt.Fprintf(r.stderr, "%d pairs of processes × %d rounds, seed %d, records in %s\n", r.suite.Blocks, pairRounds, r.seed, r.out)
	p := newProgress(r.stderr, slices, r.suite.Blocks)
	defer p.finish()
	for block := range r.suite.Blocks {
		random := rand.New(rand.NewPCG(r.seed, uint64(block)))
		cells := pairCells(targets, r.workloads[0], block, random)
		err := b.pair(ctx, targets, cells, func(c cell, record results.Record) error {
			p.done(c)
			return r.keep(writer, p, record)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pairCells are the slices of a block: by turns, with the first by lot and then alternating, so that neither is always
// the one that comes after the other.
func pairCells(targets []target, w Workload, block int, random *rand.Rand) (cells []cell) {
	first := random.IntN(2)
	seed := random.Uint64()
	for round := range pairRounds {
		for slot := range 2 {
			arm := (first + round + slot) % 2
			cells = append(cells, cell{target: targets[arm], workload: w, block: block, role: pairRoles[arm], round: round, seed: seed})
		}
	}
	return cells
}

// pair starts both servers, the one that is loaded first being started first, and runs the slices on them.
func (b *bench) pair(ctx context.Context, targets []target, cells []cell, keep func(cell, results.Record) error) (err error) {
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
		runtime.GC() // between slices, for none may fall into one
		record := newRecord(c)
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

// printPairs tells the ratio and its interval. What to conclude from it is for ci gate.
func printPairs(w io.Writer, records []results.Record, footer string) {
	ratios, all := results.PairRatios(records)
	for i, r := range ratios {
		ratios[i] = math.Exp(r)
	}
	e := results.EstimateMedian(ratios)
	switch {
	case !e.Known():
		fmt.Fprintf(w, "none of %d pairs has figures\n", all)
	case !e.Trusted():
		fmt.Fprintf(w, "head ÷ base, server CPU per request: %.3f over %d of %d pairs; six are needed for an interval\n", e.Median, e.N, all)
	default:
		fmt.Fprintf(w, "head ÷ base, server CPU per request: %.3f (%.3f–%.3f) over %d of %d pairs\n", e.Median, e.Low, e.High, e.N, all)
	}
	fmt.Fprintln(w, footer)
}
