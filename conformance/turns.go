package main

import (
	"sync"

	"reactorbench/conformance/spec"
)

// Turns lets implementations, and the checks of one, run side by side and still be reported one after another: what the first
// unfinished one has to say is told at once, what the later ones say waits until it is their turn.
type turns struct {
	mu      sync.Mutex
	tell    progress
	now     int // whose turn it is
	waiting map[int][]func(progress)
	over    map[int]bool
}

func newTurns(tell progress) *turns {
	return &turns{tell: tell, waiting: map[int][]func(progress){}, over: map[int]bool{}}
}

func (t *turns) say(who int, what func(progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if who == t.now {
		what(t.tell)
		return
	}
	t.waiting[who] = append(t.waiting[who], what)
}

// leave ends the turn of who. The next ones catch up, as far as they have come.
func (t *turns) leave(who int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over[who] = true
	for t.over[t.now] {
		t.now++
		for _, what := range t.waiting[t.now] {
			what(t.tell)
		}
		delete(t.waiting, t.now)
	}
}

// A turn is what one implementation, or one check, among several reports to.
type turn struct {
	turns *turns
	who   int
}

func (t turn) begin(x target)       { t.turns.say(t.who, func(p progress) { p.begin(x) }) }
func (t turn) unavailable(x target) { t.turns.say(t.who, func(p progress) { p.unavailable(x) }) }
func (t turn) notBuilt(x target, output error) {
	t.turns.say(t.who, func(p progress) { p.notBuilt(x, output) })
}
func (t turn) running(c spec.Check)   { t.turns.say(t.who, func(p progress) { p.running(c) }) }
func (t turn) finished(x spec.Result) { t.turns.say(t.who, func(p progress) { p.finished(x) }) }
func (t turn) end(o outcome)          { t.turns.say(t.who, func(p progress) { p.end(o) }) }
