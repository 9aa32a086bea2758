package main

import (
	"cmp"
	"slices"

	"reactorbench/results"
)

// cheapest are the implementations of a workload that spend the least CPU per request: the one with the lowest median and all
// that cannot be told from it. The reference takes no part, as it is the limit and not a choice.
//
// sure is false where there are too few blocks to tell anything apart.
func (w workload) cheapest() (leaders []string, sure bool) { return w.cheapestOf(w.rivals()) }

// cheapestOf is the same among some of the rivals; the first of the leaders has the lowest median.
func (w workload) cheapestOf(rivals []results.Summary) (leaders []string, sure bool) {
	if len(rivals) == 0 {
		return nil, false
	}
	first := slices.MinFunc(rivals, func(a, b results.Summary) int {
		return cmp.Compare(a.CPUPerRequestNs.Median, b.CPUPerRequestNs.Median)
	})
	leaders = []string{first.Impl}
	for _, rival := range rivals {
		if rival.Impl == first.Impl {
			continue
		}
		if !w.against(rival.Impl, first.Impl).Differs() {
			leaders = append(leaders, rival.Impl)
		}
	}
	return leaders, first.CPUPerRequestNs.Trusted()
}

// rivals are the servers that one might choose, as far as they have figures.
func (w workload) rivals() []results.Summary {
	return slices.DeleteFunc(slices.Clone(w.Rows), func(s results.Summary) bool {
		return s.Impl == reference || !s.CPUPerRequestNs.Known()
	})
}

// against is the CPU per request of one implementation as a multiple of another's in the same block.
func (w workload) against(impl, other string) results.Estimate {
	type block struct {
		run   string
		block int
	}
	base := map[block]float64{}
	for _, r := range w.Records {
		if r.Impl == other && !r.Failed() {
			base[block{r.RunID, r.Block}] = r.ServerCPUPerRequestNs
		}
	}
	var ratios []float64
	for _, r := range w.Records {
		below := base[block{r.RunID, r.Block}]
		if r.Impl == impl && !r.Failed() && r.ServerCPUPerRequestNs > 0 && below > 0 {
			ratios = append(ratios, r.ServerCPUPerRequestNs/below)
		}
	}
	return results.EstimateMedian(ratios)
}
