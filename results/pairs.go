package results

import (
	"math"
	"slices"
)

// A PairSeries is what PairRatios are of: a head under a workload.
type PairSeries struct{ Pair, Workload string }

// Pairs are the series of a run of pairs, in the order in which they first appear.
func Pairs(records []Record) (all []PairSeries) {
	for _, r := range records {
		if s := (PairSeries{r.Pair, r.Workload}); r.Role != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// PairRatios are the values of the blocks of one series, where each is a pair of processes, base and head: the mean over
// the block's rounds of ln(head ÷ base), server CPU time per request. A block of which any slice has no figure
// has no value; all counts such blocks too.
func PairRatios(records []Record, of PairSeries) (ratios []float64, all int) {
	type slice struct{ block, round int }
	figures := map[string]map[slice]float64{"base": {}, "head": {}}
	rounds := make(map[int]map[int]bool)
	for _, r := range records {
		if figures[r.Role] == nil || r.Pair != of.Pair || r.Workload != of.Workload {
			continue
		}
		if rounds[r.Block] == nil {
			rounds[r.Block] = make(map[int]bool)
		}
		rounds[r.Block][r.Round] = true
		if r.ServerCPUPerRequestNs > 0 {
			figures[r.Role][slice{r.Block, r.Round}] = r.ServerCPUPerRequestNs
		}
	}
	var blocks []int
	for block := range rounds {
		blocks = append(blocks, block)
	}
	slices.Sort(blocks)
	for _, block := range blocks {
		sum := 0.0
		for round := range rounds[block] {
			at := slice{block, round}
			sum += math.Log(figures["head"][at] / figures["base"][at]) // NaN or infinite where a figure is missing
		}
		if mean := sum / float64(len(rounds[block])); !math.IsNaN(mean) && !math.IsInf(mean, 0) {
			ratios = append(ratios, mean)
		}
	}
	return ratios, len(blocks)
}
