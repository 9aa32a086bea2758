package results

import "math"

// ClientRatio is what the load generator costs as a multiple of the least server: the CPU time per request of its whole process ÷ that of
// Reference, in the same cell. A generator that costs more than that measures itself wherever the two share a core.
//
// Records of other servers, and those without both figures, say nothing: of one workload it is the caller's to choose them, for any purpose. The
// block is the unit: of a pair's several slices in one it takes the geometric mean.
func ClientRatio(records []Record) Estimate {
	type block struct {
		run, pair string
		number    int
	}
	logs := make(map[block][]float64)
	for _, r := range records {
		if own, ok := clientCPU(r); ok && r.Impl == Reference && !r.Failed() && r.ServerCPUPerRequestNs > 0 {
			at := block{r.RunID, r.Pair, r.Block}
			logs[at] = append(logs[at], math.Log(own/r.ServerCPUPerRequestNs))
		}
	}
	var ratios []float64
	for _, slices := range logs {
		sum := 0.0
		for _, l := range slices {
			sum += l
		}
		ratios = append(ratios, math.Exp(sum/float64(len(slices))))
	}
	return EstimateMedian(ratios)
}
