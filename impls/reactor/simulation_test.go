package reactor

import (
	"flag"
	"fmt"
	"testing"

	"reactorbench/impls/reactor/backend/simulated"
)

// The loop, its bufferevents and its listener run here on a simulated kernel (backend/simulated), through schedules that a seed chooses:
//
//	simulation_world_test.go    a base, its servers and its clients, from the beginning to the end
//	simulation_servers_test.go  what runs on the base: echoes of all kinds, a proxy, clients
//	simulation_peers_test.go    what is outside: clients that send in pieces, are slow, reset, vanish
//	simulation_noise_test.go    timers, posts, signals, Break and Exit, descriptors closed behind their owner's back
//	simulation_rules_test.go    what must hold between any two turns
//	simulation_wrong_test.go    faults on purpose, each of which must be found
//
// A failure prints the seed, and the way to see it again:
//
//	go test ./impls/reactor -run TestSimulation$ -seed 17
var (
	seedFlag  = flag.Uint64("seed", 0, "replay this `seed` of the simulation, and no other")
	turnsFlag = flag.Int("turns", 1_000_000, "`turns` of the loop that the simulation makes")
	firstFlag = flag.Uint64("first", 1, "the `seed` that the simulation begins with")
)

// simulate runs the world of a seed.
func simulate(seed uint64, size extent, wrong wrong) *world {
	w := newWorld(simulated.Seeded(seed), size, wrong)
	w.run()
	return w
}

// At least a million turns, each of which may be seen again by its seed.
func TestSimulation(t *testing.T) {
	if *seedFlag != 0 {
		w := simulate(*seedFlag, ordinary, nothingWrong)
		t.Logf("seed %d: %d turns, trace %x", *seedFlag, w.waits, w.k.Trace.Hash())
		report(t, *seedFlag, w)
		return
	}
	turns, seeds := 0, 0
	for seed := *firstFlag; turns < *turnsFlag; seed++ {
		w := simulate(seed, ordinary, nothingWrong)
		if w.failure != "" {
			report(t, seed, w)
		}
		turns += w.waits
		seeds++
	}
	t.Logf("%d turns in %d worlds", turns, seeds)
}

// report fails with all that is needed to understand, and to begin with in the smallest world that fails.
func report(t *testing.T, seed uint64, w *world) {
	t.Helper()
	if w.failure == "" {
		return
	}
	t.Fatalf("seed %d, turn %d, %s: %s\n\n%s\n%s\nagain: go test ./impls/reactor -run TestSimulation$ -seed %d",
		seed, w.waits, w.style.Name, w.failure, fmt.Sprintf("%+v", w.k.Faults), w.k.Trace.Last(100), seed)
}

// The same seed gives the same run, and another seed another.
func TestSimulationIsDeterministic(t *testing.T) {
	hashes := map[uint64]uint64{}
	for seed := range uint64(50) {
		first, second := simulate(seed, ordinary, nothingWrong), simulate(seed, ordinary, nothingWrong)
		if first.k.Trace.Hash() != second.k.Trace.Hash() || first.waits != second.waits {
			t.Fatalf("seed %d: two runs differ", seed)
		}
		if other, taken := hashes[first.k.Trace.Hash()]; taken && first.waits > 10 { // a kernel may refuse all from the beginning
			t.Fatalf("seeds %d and %d give the same run", seed, other)
		}
		hashes[first.k.Trace.Hash()] = seed
	}
}
