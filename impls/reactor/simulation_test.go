package reactor

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"unicode"

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
	seedFlag  = flag.Uint64("seed", 0, "replay this `seed` of TestSimulation or TestDifferential, and no other")
	turnsFlag = flag.Int("turns", 1_000_000, "`turns` of the loop that the simulation makes")
	firstFlag = flag.Uint64("first", 1, "the `seed` that the simulation begins with")
	seedsFlag = flag.Int("seeds", differentialSeeds, "`schedules` that are run on every method and compared")

	ordinary extent // size of the worlds
)

func init() {
	flag.IntVar(&ordinary.clients, "clients", 10, "most `clients` of a simulated world")
	flag.IntVar(&ordinary.bytes, "bytes", 3000, "most `bytes` that each of them sends")
	flag.IntVar(&ordinary.noise, "noise", 150, "timers, posts and `mischief` of a simulated world")
	flag.BoolVar(&ordinary.faults, "faults", true, "whether the simulated kernel does odd things")
}

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

// report fails with all that is needed to understand, and with the smallest world that fails in the same way.
func report(t *testing.T, seed uint64, w *world) {
	t.Helper()
	if w.failure == "" {
		return
	}
	t.Fatalf("seed %d, turn %d, %s: %s\n\n%+v\n%s\nagain: %s\n%s", seed, w.waits, w.style.Name, w.failure,
		w.k.Faults, w.k.Trace.Last(100), again(seed, ordinary), smaller(w))
}

func again(seed uint64, size extent) string {
	text := fmt.Sprintf("go test ./impls/reactor -run TestSimulation$ -seed %d", seed)
	if size != ordinary {
		text += fmt.Sprintf(" -clients %d -bytes %d -noise %d -faults=%v", size.clients, size.bytes, size.noise, size.faults)
	}
	return text
}

// smaller looks for the same failure in small worlds, the smallest first. Another size is another world, so each is tried with many seeds.
func smaller(w *world) string {
	for _, size := range []extent{{1, 200, 0, false}, {1, 200, 0, true}, {1, 500, 20, false}, {2, 500, 20, true}, {4, 1000, 50, true}} {
		for seed := range uint64(500) {
			other := simulate(seed+1, size, w.wrong)
			if other.failure != "" && wording(other.failure) == wording(w.failure) {
				return "or, smaller: " + again(seed+1, size)
			}
		}
	}
	return "not found in smaller worlds"
}

// wording is a failure without its numbers.
func wording(failure string) string {
	line, _, _ := strings.Cut(failure, "\n")
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, line)
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

// The odd things that the simulation is for do happen in it.
func TestSimulationReaches(t *testing.T) {
	reached := map[string]int{}
	for seed := range uint64(300) {
		w := simulate(seed, ordinary, nothingWrong)
		stats, trace := w.b.Stats(), &w.k.Trace
		reached[w.style.Name]++
		for name, n := range map[string]int{
			"refused interests":         trace.Count(simulated.Refused),
			"interruptions":             trace.Count(simulated.Interrupted),
			"failed calls":              trace.Count(simulated.Failed),
			"resets":                    trace.Count(simulated.Reset),
			"short writes":              int(stats.ShortWrites),
			"readiness for the dead":    int(stats.Stale),
			"orphans":                   int(stats.Orphans),
			"backends replaced":         int(stats.Reopened),
			"pauses of the listener":    int(stats.AcceptWaits),
			"timers pushed back":        int(stats.TimersMoved),
			"levels that were rescued":  int(stats.Levels[len(stats.Levels)-1].Rescued),
			"streams echoed completely": w.complete(),
		} {
			reached[name] += n
		}
	}
	for name, n := range reached {
		if n == 0 {
			t.Errorf("there were no %s", name)
		}
	}
	if len(reached) != 4+12 {
		t.Errorf("not every style has its turn: %v", reached)
	}
	t.Log(reached)
}

// complete is the number of clients that got back all that they had sent.
func (w *world) complete() (n int) {
	for _, s := range w.streams {
		if s.got == s.total && s.total > 0 {
			n++
		}
	}
	return n
}

// A failure names the way to see it again, also in a smaller world.
func TestSimulationShrinks(t *testing.T) {
	w := simulate(3, ordinary, sendsAByteTwice)
	if found := smaller(w); w.failure == "" || !strings.Contains(found, "-clients 1 -bytes 200 -noise 0 -faults=false") {
		t.Errorf("%s: %s", w.failure, found)
	}
}
