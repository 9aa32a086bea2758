package main

import (
	"fmt"
	"testing"

	"reactorbench/impls"
)

func someTargets(names ...string) (targets []target) {
	for _, name := range names {
		targets = append(targets, target{impl: impls.Impl{Name: name, Folder: name}})
	}
	return targets
}

// order writes a plan down so that two can be compared.
func order(plan [][]cell) (text string) {
	for _, block := range plan {
		for _, c := range block {
			text += fmt.Sprintf("%d %s %s %d\n", c.block, c.target.impl.Name, c.workload.Name, c.seed)
		}
	}
	return text
}

// TestBlocksKeepTheTargetsOfAWorkloadTogether: what is compared is measured within seconds.
func TestBlocksKeepTheTargetsOfAWorkloadTogether(t *testing.T) {
	targets, workloads := someTargets("bare", "gnet", "netpoll"), []Workload{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	for number, block := range blocks(targets, workloads, 6, 99) {
		for i := range block {
			if first := block[i-i%3]; block[i].workload.Name != first.workload.Name {
				t.Errorf("block %d: %s between the cells of %s", number, block[i].workload.Name, first.workload.Name)
			}
		}
	}
}

func TestBlocksAreCompleteAndShuffledReproducibly(t *testing.T) {
	targets, workloads := someTargets("bare", "gnet", "netpoll"), []Workload{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	plan := blocks(targets, workloads, 6, 99)
	orders, seeds := make(map[string]bool), make(map[uint64]bool)
	for number, block := range plan {
		seen, text := make(map[string]bool), ""
		for _, c := range block {
			key := c.target.impl.Name + " " + c.workload.Name
			if seen[key] || c.block != number {
				t.Errorf("block %d: %s in block %d, seen before: %v", number, key, c.block, seen[key])
			}
			seen[key], seeds[c.seed] = true, true
			text += key + "\n"
		}
		if len(seen) != 12 {
			t.Errorf("block %d has %d of 12 cells", number, len(seen))
		}
		orders[text] = true
	}
	if len(orders) != 6 || len(seeds) != 72 {
		t.Errorf("%d orders of 6, %d seeds of 72", len(orders), len(seeds))
	}
	if order(plan) != order(blocks(targets, workloads, 6, 99)) {
		t.Error("the same seed gives another plan")
	}
	if order(plan) == order(blocks(targets, workloads, 6, 100)) {
		t.Error("another seed gives the same plan")
	}
	if order(plan[:3]) != order(blocks(targets, workloads, 3, 99)) {
		t.Error("a shorter run is not the beginning of a longer one")
	}
}
