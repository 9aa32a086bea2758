package main

import "math/rand/v2"

// blocks lays the run out as randomised complete blocks: each block holds every pair of target and workload once. The workloads
// come in an order of their own in each block, and so do the targets within each workload, so that the order of neighbours favours
// nobody. All targets of a workload follow one another: a ratio is taken within a block, and a shared machine drifts less in the few
// seconds that they take together than over a whole block. The same seed gives the same order and the same seeds of cells.
func blocks(targets []target, workloads []Workload, count int, seed uint64) [][]cell {
	plan := make([][]cell, count)
	for block := range plan {
		random := rand.New(rand.NewPCG(seed, uint64(block)))
		for _, w := range random.Perm(len(workloads)) {
			for _, t := range random.Perm(len(targets)) {
				plan[block] = append(plan[block], cell{target: targets[t], workload: workloads[w], block: block, seed: random.Uint64()})
			}
		}
	}
	return plan
}
