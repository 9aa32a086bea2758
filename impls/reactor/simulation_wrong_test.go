package reactor

import (
	"strings"
	"testing"
)

// wrong is a fault that a world has on purpose. Each stands for a line of the library, of a transport, of a backend or of a
// program that could be written so, and must be found.
type wrong int

const (
	nothingWrong wrong = iota
	swallowsAByte
	sendsAByteTwice
	dropsTheRestOfAShortWrite
	alwaysWantsToWrite
	sendsNoFIN
	closesTooEarly
	closesWhatIsNotItsOwn
	leaksDescriptors
	ringsNoBell
	firesEarly
	oversleeps
	forgetsATimer
	losesAnInterest
	losesPatience
	forgetsTheHighMark
	forgetsToAskForRoom
	doesNotRead
	callsTheDeleted
)

func (w *world) is(fault wrong) bool { return w.wrong == fault }

func (w *world) one(fault wrong) int {
	if w.is(fault) {
		return 1
	}
	return 0
}

// mostSeeds is how many worlds a fault may hide from: a few milliseconds' worth.
const mostSeeds = 300

// Each fault is found within some seeds, and by the rule that is meant for it.
func TestSimulationFindsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name  string
		wrong wrong
		want  string // in the failure; one of several with "|" between
	}{
		{"a read swallows a byte", swallowsAByte, "is wrong|more came back|too early|sleeps for ever"},
		{"a write sends a byte twice", sendsAByteTwice, "is wrong|more came back"},
		{"a short write drops the rest", dropsTheRestOfAShortWrite, "is wrong|too early|sleeps for ever"},
		{"write readiness is always asked for", alwaysWantsToWrite, "waits for"},
		{"CloseWrite sends no FIN", sendsNoFIN, "sleeps for ever"},
		{"closing does not wait for the peer", closesTooEarly, "came"},
		{"a disowned bufferevent closes its number", closesWhatIsNotItsOwn, "another's by now|bad file descriptor"},
		{"Close leaves the descriptor open", leaksDescriptors, "descriptors are|sleeps for ever|no end"},
		{"Post does not wake the loop", ringsNoBell, "sleeps for ever"},
		{"the clock is fast", firesEarly, "early|Timeout after"},
		{"the loop sleeps longer than until its next timer", oversleeps, "the loop would sleep"},
		{"a timer is not entered", forgetsATimer, "forgotten"},
		{"the backend does not hear of write interest", losesAnInterest, "the backend knows"},
		{"a level waits beyond the patience", losesPatience, "has waited"},
		{"there is no high mark", forgetsTheHighMark, "the output has"},
		{"a program forgets what a short write has left", forgetsToAskForRoom, "sleeps for ever|are open at the end"},
		{"a program does not read", doesNotRead, "spins"},
		{"a deleted event is called", callsTheDeleted, "after its end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(mostSeeds) {
				w := simulate(seed, ordinary, test.wrong)
				if w.failure == "" {
					continue
				}
				for _, want := range strings.Split(test.want, "|") {
					if strings.Contains(w.failure, want) {
						return
					}
				}
				t.Fatalf("seed %d: %s\nwant something about %q", seed, w.failure, test.want)
			}
			t.Fatalf("not found in %d worlds", mostSeeds)
		})
	}
}
