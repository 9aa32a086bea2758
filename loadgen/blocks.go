package main

import "math/rand/v2"

// blocks lays the run out as randomised complete blocks: each block holds every pair of target and workload once, in an order
// of its own, so that neither the drift of a shared machine nor the order of neighbours favours anybody. The same seed gives
// the same order and the same seeds of cells.
func blocks(targets []target, workloads []Workload, count int, seed uint64) [][]cell {
	plan := make([][]cell, count)
	for block := range plan {
		random := rand.New(rand.NewPCG(seed, uint64(block)))
		for _, t := range targets {
			for _, w := range workloads {
				plan[block] = append(plan[block], cell{target: t, workload: w, block: block, seed: random.Uint64()})
			}
		}
		cells := plan[block]
		random.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	}
	return plan
}
