package main

import (
	"testing"
)

// What waking costs is found on whatever machine, and lies between what a slice costs anyway and what is taken for a stranger's doing.
func TestWakeCost(t *testing.T) {
	cpus := allowedCPUs()
	if len(cpus) < 2 {
		t.Skip("there is one core, and waking is measured from another")
	}
	cost, err := wakeCost(cpus[0], cpus[1])
	t.Logf("a wake-up costs %v", cost)
	if err != nil || cost < sliceCosts || cost >= dearestWake {
		t.Errorf("%v, %v; want %v to %v", cost, err, sliceCosts, dearestWake)
	}
}

// A core that cannot be had is an error, and nobody waits for the other side.
func TestWakeCostWithoutACore(t *testing.T) {
	for _, c := range [][2]int{{4095, 0}, {0, 4095}} {
		if cost, err := wakeCost(c[0], c[1]); err == nil || cost != sliceCosts {
			t.Errorf("cores %v: %v, %v; want an error", c, cost, err)
		}
	}
}
