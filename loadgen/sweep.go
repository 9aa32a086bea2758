package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"reactorbench/results"
)

// sweepSteps are the shares of the capacity, in percent.
var sweepSteps = []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}

// capacityCells is how many closed cells the capacity is the median of.
const capacityCells = 3

// sweepAll shows how the response time of each server grows with the load. Its capacity is what it does in a closed loop of the same
// connections and sizes.
func (r *runner) sweepAll(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	load := r.workloads[0]
	var report strings.Builder // printed in the end: a terminal shows the progress until then
	fmt.Fprintf(&report, "\n%s: %s\n", load.Name, load.shape())
	p := newProgress(r.stderr, len(targets)*(capacityCells+len(sweepSteps)), len(sweepSteps))
	defer p.finish()
	b.watch = p.watch
	probed := func(c cell) (results.Record, error) {
		p.begin(c)
		record, err := r.probed(ctx, b, c, "sweep", writer)
		if err == nil {
			p.done(c, record)
		}
		return record, err
	}
	for _, t := range targets {
		capacity, doubt, err := r.capacity(t, load, probed)
		if err != nil {
			return err
		}
		if capacity == 0 {
			fmt.Fprintf(&report, "%s: no capacity: %s\n", t.impl.Name, doubt)
			r.failed++
			continue
		}
		fmt.Fprintf(&report, "%s: capacity %s in a closed loop%s\n", t.impl.Name, rateText(capacity), doubt)
		if err := r.sweepOne(&report, t, load, capacity, probed); err != nil {
			return err
		}
	}
	p.finish()
	explainClient(&report, r.records, "; the rates are shares of each server's own capacity, so it is told of "+results.Reference+"'s cells alone")
	fmt.Fprintf(r.stdout, "%s\n%s\n", report.String(), r.footerOf(fmt.Sprintf("one cell of %v at each rate, %d for a capacity", r.suite.Measure(), capacityCells)))
	return nil
}

func (r *runner) capacity(t target, load Workload, probed func(cell) (results.Record, error)) (perSecond float64, doubt string, err error) {
	closed := load
	closed.Loop, closed.Depth, closed.Rate, closed.Arrivals = "closed", max(1, load.Depth), 0, ""
	var rates []float64
	for i := range capacityCells {
		record, err := probed(cell{target: t, workload: closed, block: i, seed: r.seed + uint64(i)})
		switch {
		case err != nil:
			return 0, "", err
		case record.Failed():
			doubt = record.Error
			continue
		case record.ClientLimited:
			doubt = " (a lower bound: " + record.ClientLimitedWhy + ")"
		}
		rates = append(rates, record.RequestsPerSecond)
	}
	if len(rates) == 0 {
		return 0, doubt, nil
	}
	slices.Sort(rates)
	return rates[len(rates)/2], doubt, nil
}

func (r *runner) sweepOne(w io.Writer, t target, load Workload, capacity float64, probed func(cell) (results.Record, error)) error {
	table := [][]string{{"", "offered/s", "answered/s", "response p50", "p99", "p99.9", "service p99", clientOverBare, ""}}
	for i, percent := range sweepSteps {
		at := load
		at.Rate = math.Ceil(capacity * float64(percent) / 100)
		record, err := probed(cell{target: t, workload: at, block: i, seed: r.seed + uint64(percent)})
		if err != nil {
			return err
		}
		table = append(table, sweepRow(percent, record))
	}
	printColumns(w, table)
	return nil
}

// sweepRow shows the figures even where the client was the limit, and says so: the shape of the curve is the point here.
func sweepRow(percent int, r results.Record) []string {
	row := []string{fmt.Sprintf("%d %%", percent), fmt.Sprintf("%.0f", r.AskedPerSecond)}
	if r.Failed() {
		return append(row, "–", "–", "–", "–", "–", "–", "✗ "+r.Error)
	}
	remark := r.ShortOf
	for _, percent := range []float64{50, 99, 99.9} {
		if r.Blurred(percent) {
			remark = strings.TrimPrefix(remark+fmt.Sprintf("; p%g blurred by the generator's lateness", percent), "; ")
		}
	}
	if r.ClientLimited {
		remark = "client-limited: " + r.ClientLimitedWhy
	}
	row = append(row, fmt.Sprintf("%.0f", r.RequestsPerSecond))
	for _, ns := range []int64{r.LatencyP50Ns, r.LatencyP99Ns, r.LatencyP999Ns, r.ServiceP99Ns} {
		if ns == 0 {
			row = append(row, "–")
			continue
		}
		row = append(row, rounded(ns).String())
	}
	return append(row, number(results.ClientRatio([]results.Record{r}), 1, 2, ""), remark)
}
