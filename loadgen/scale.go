package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"reactorbench/results"
)

// scaleFrom are the numbers of connections up to most: each twice the one before, and most itself.
func scaleFrom(most int) (conns []int) {
	for n := 1; n < most; n *= 2 {
		conns = append(conns, n)
	}
	return append(conns, most)
}

// leastScaled is how many connections a workload needs to be scaled: 1, 2, 4 and 8 are the fewest numbers that can contradict a law of three
// coefficients.
const leastScaled = 8

// scaled are the workloads of a scaling run.
func scaled(load Workload) (loads []Workload) {
	for _, n := range scaleFrom(load.Conns) {
		at := load
		at.Conns = n
		loads = append(loads, at)
	}
	return loads
}

// scaleAll shows how the throughput of each server grows with the connections, in randomised blocks as any comparison, and fits
// the universal scalability law.
func (r *runner) scaleAll(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	load := r.workloads[0]
	loads := scaled(load)
	plan := blocks(targets, loads, r.suite.Blocks, r.seed)
	fmt.Fprintf(r.stderr, "%s: %s × %s of connections × %s, seed %d, records in %s\n",
		countOf(len(targets)*len(loads)*len(plan), "cell"), countOf(len(targets), "server"), countOf(len(loads), "number"), countOf(len(plan), "block"), r.seed, r.out)
	if err := r.inBlocks(ctx, b, plan, "scale", writer); err != nil {
		return err
	}
	return r.tellScaling(targets, load, writer)
}

// tellScaling fits the law for each server, writes it down and prints it.
func (r *runner) tellScaling(targets []target, load Workload, writer *results.Writer) error {
	at := scaleFrom(load.Conns)
	measured, cpu, law := scalingHead(at), scalingHead(at), [][]string{{"", "λ", "σ", "κ", "peak", "misfit", ""}}
	for _, t := range targets {
		runs := scalingOf(r.records, t.impl.Name, at)
		measured = append(measured, runs.medians(t.impl.Name, runs.perSecond, rate))
		cpu = append(cpu, runs.medians(t.impl.Name, runs.cpu, duration))
		record, remark := r.scalingLaw(t, load, runs)
		law = append(law, scalingRow(record, remark))
		if err := r.keepFor(&record, "scaling law", writer); err != nil {
			return err
		}
	}
	fmt.Fprintf(r.stdout, "\n%s: %s, in a closed loop; requests/s with so many connections\n", load.Name, load.shape())
	printColumns(r.stdout, measured)
	fmt.Fprintf(r.stdout, "\nserver CPU per request, which holds where the generator was the limit too\n")
	printColumns(r.stdout, append(cpu, scaledClient(r.records, at)))
	explainClient(r.stdout, r.records, "")
	fmt.Fprintf(r.stdout, "\nthe universal scalability law, X(N) = λN / (1 + σ(N−1) + κN(N−1)), fitted to each block\n")
	printColumns(r.stdout, law)
	fmt.Fprint(r.stdout, scalingWords)
	fmt.Fprintf(r.stdout, "\n%s\n", r.footer())
	return nil
}

const scalingWords = `  λ is what one connection alone does, σ the share of its time that a request queues for the others (the throughput tends to λ/σ), κ what
  each connection costs each other one (the throughput falls beyond its peak). misfit: by how much the law is wrong where it is most wrong.
`

// A scaling is one server's throughput, perSecond[block][i] with conns[i] connections, and its CPU per request likewise. Blocks with a cell that failed are left out.
type scaling struct {
	conns          []float64
	perSecond, cpu [][]float64
	cells, limited int
	failure        string
}

func scalingOf(records []results.Record, impl string, at []int) (s scaling) {
	found := make(map[int]map[int]results.Record) // block → connections
	for _, record := range records {
		switch {
		case record.Impl != impl || record.Purpose != "scale":
			continue
		case record.Failed():
			s.failure = record.Error
			continue
		case record.ClientLimited:
			s.limited++
		}
		s.cells++
		if found[record.Block] == nil {
			found[record.Block] = make(map[int]results.Record)
		}
		found[record.Block][record.Conns] = record
	}
	for _, n := range at {
		s.conns = append(s.conns, float64(n))
	}
	for _, block := range slices.Sorted(maps.Keys(found)) {
		if len(found[block]) < len(at) {
			continue
		}
		var row, cpu []float64
		for _, n := range at {
			row = append(row, found[block][n].RequestsPerSecond)
			cpu = append(cpu, found[block][n].ServerCPUPerRequestNs)
		}
		s.perSecond, s.cpu = append(s.perSecond, row), append(s.cpu, cpu)
	}
	return s
}

// scaledClient is a row of what the generator costs as a multiple of bare, at each number of connections.
func scaledClient(records []results.Record, at []int) []string {
	row := []string{clientOverBare}
	cells := chosen(records, func(r results.Record) bool { return r.Purpose == "scale" && ofBare(r) })
	for _, n := range at {
		row = append(row, number(results.ClientRatio(chosen(cells, func(r results.Record) bool { return r.Conns == n })), 1, 2, ""))
	}
	return row
}

// medians is a row of the median over blocks at each number of connections. A figure that a block does not have is 0 there and left out.
func (s scaling) medians(impl string, of [][]float64, write func(results.Estimate) string) []string {
	row := []string{impl}
	for i := range s.conns {
		var values []float64
		for _, block := range of {
			if block[i] > 0 {
				values = append(values, block[i])
			}
		}
		row = append(row, write(results.EstimateMedian(values)))
	}
	return row
}

// scalingLaw is the record of the law, and what a reader should know of it.
func (r *runner) scalingLaw(t target, load Workload, s scaling) (record results.Record, remark string) {
	record = r.bench().newRecord(cell{target: t, workload: load, block: len(s.perSecond), seed: r.seed})
	record.Time = time.Now().UTC()
	if len(s.perSecond) == 0 {
		record.Error = "no block is whole: " + s.failure
		return record, "✗ " + record.Error
	}
	law, err := results.EstimateScaling(s.conns, s.perSecond)
	if err != nil {
		record.Error = err.Error()
		return record, "✗ " + record.Error
	}
	record.ScalingPerSecond, record.ScalingPerSecondLow, record.ScalingPerSecondHigh = figures(law.PerSecond)
	record.ScalingContention, record.ScalingContentionLow, record.ScalingContentionHigh = figures(law.Contention)
	record.ScalingCoherency, record.ScalingCoherencyLow, record.ScalingCoherencyHigh = figures(law.Coherency)
	record.ScalingWorstMisfit = new(law.Misfit.Median)
	if s.limited > 0 {
		record.ClientLimited = true
		record.ClientLimitedWhy = fmt.Sprintf("in %d of %d cells: the law is that of server and generator together", s.limited, s.cells)
		remark = "client-limited " + record.ClientLimitedWhy
	}
	return record, remark
}

func figures(e results.Estimate) (median, low, high *float64) {
	return new(e.Median), new(e.Low), new(e.High)
}

func scalingHead(at []int) [][]string {
	head := []string{"connections"}
	for _, n := range at {
		head = append(head, fmt.Sprint(n))
	}
	return [][]string{head}
}

// scalingRow is the law in figures, each with its interval.
func scalingRow(r results.Record, remark string) []string {
	if r.Failed() {
		return []string{r.Impl, "–", "–", "–", "–", "–", remark}
	}
	if r.Block < leastTrusted {
		remark = joinRemarks(fmt.Sprintf("%d whole blocks, an interval of 95 %% needs %d", r.Block, leastTrusted), remark)
	}
	law := results.Scaling{PerSecond: *r.ScalingPerSecond, Contention: *r.ScalingContention, Coherency: *r.ScalingCoherency}
	return []string{
		r.Impl,
		fmt.Sprintf("%s (%s to %s)", rateText(law.PerSecond), rateText(*r.ScalingPerSecondLow), rateText(*r.ScalingPerSecondHigh)),
		fmt.Sprintf("%.3g (%.3g to %.3g)", law.Contention, *r.ScalingContentionLow, *r.ScalingContentionHigh),
		fmt.Sprintf("%.2g (%.2g to %.2g)", law.Coherency, *r.ScalingCoherencyLow, *r.ScalingCoherencyHigh),
		peakText(law, r.Conns),
		fmt.Sprintf("%.0f %%", 100**r.ScalingWorstMisfit),
		remark,
	}
}

// leastTrusted is the fewest blocks whose lowest and highest value enclose the median with 95 %.
const leastTrusted = 6

func joinRemarks(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

// peakText does not say more than was measured: a peak beyond the highest number of connections is one that nobody saw.
func peakText(law results.Scaling, most int) string {
	if peak := law.Peak(); peak <= float64(most) {
		return fmt.Sprintf("%.0f connections", math.Round(peak))
	}
	return fmt.Sprintf("beyond %d", most)
}
