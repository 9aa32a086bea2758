package reactor

import (
	"fmt"
	"iter"
	"os"
	"slices"

	"reactorbench/impls/reactor/backend"
)

// This file looks at the events of a base as a set: visits them, activates those that have something in common, moves one elsewhere.

// Events goes over the events that are added, that have a timer, or that are active, each once: first those with a descriptor, by its
// number, then signals, then timers in no order, then what is active alone. They may be deleted on the way, and one that is is not
// visited any more. Listeners and bufferevents are not among them.
func (b *Base) Events() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		b.enter("Events")
		for _, e := range slices.Collect(b.everyEvent) {
			if e.isUsers() && e.inUse() && !yield(e) {
				return
			}
		}
	}
}

// everyEvent yields each event that the base knows of once, the loop's own too. They must not change on the way.
func (b *Base) everyEvent(yield func(*Event) bool) {
	for fd := range b.fds.len() {
		for e := b.fds.entry(fd).first; e != nil; e = e.next {
			if !yield(e) {
				return
			}
		}
	}
	for h := range b.signals {
		if !yield(&h.event) {
			return
		}
	}
	for e := range b.timed {
		if e.marks&added == 0 && !yield(e) {
			return
		}
	}
	for e := range b.activeEvents {
		if e.marks&added == 0 && e.heapPlace == 0 && !yield(e) {
			return
		}
	}
}

// activeEvents yields what is in the queues, then what is put off to the next turn.
func (b *Base) activeEvents(yield func(*Event) bool) {
	for p := range b.levels {
		for _, e := range b.levels[p].queue {
			if e != nil && !yield(e) {
				return
			}
		}
	}
	seen := make(map[*Event]bool) // what was withdrawn and put off again is there twice
	for _, e := range b.later {
		if e.marks&deferred != 0 && !seen[e] && !yield(e) {
			return
		}
		seen[e] = true
	}
}

// inUse reports whether the base has to do with e.
func (e *Event) inUse() bool {
	return e.marks&(added|deferred) != 0 || e.heapPlace != 0 || e.queuePlace != 0
}

// isUsers reports whether e was made by NewEvent and its like, and is not a part of something else.
func (e *Event) isUsers() bool {
	if e.marks&internal != 0 {
		return false
	}
	switch e.handler.(type) {
	case callback, plainCallback, *signalHandler:
		return true
	}
	return false
}

// RunningEvent is the event whose callback is running; nil outside of one, and in those of listeners and bufferevents.
func (b *Base) RunningEvent() *Event {
	if b.current == nil || !b.current.isUsers() {
		return nil
	}
	return b.current
}

// ActiveByFD activates the events on a descriptor that wait for any of what, as if it had come, and says how many they are; Timeout is
// for those with a timer. Listeners and bufferevents are among them. A number that is no descriptor has none.
func (b *Base) ActiveByFD(fd int, what What) (activated int) {
	b.enter("ActiveByFD")
	if fd < 0 || fd >= b.fds.len() {
		return 0
	}
	for e := b.fds.entry(fd).first; e != nil; e = e.next {
		hit := what & e.what & backend.Interest
		if what.Has(Timeout) && e.timed() {
			hit |= Timeout
		}
		if hit != 0 && e.marks&internal == 0 {
			b.activate(e, hit)
			activated++
		}
	}
	return activated
}

// ActiveBySignal activates the added events of a signal, as if it had come, and says how many they are.
func (b *Base) ActiveBySignal(sig os.Signal) (activated int) {
	b.enter("ActiveBySignal")
	for h := range b.signals {
		if h.signal == sig {
			b.activate(&h.event, Signal)
			activated++
		}
	}
	return activated
}

// SetBase moves an event to another base, where it is in the middle level. It must not be added, timed or active ([ErrInUse]), and the
// other base not closed ([ErrClosed]). The caller must own both bases: neither may be looping in another goroutine.
func (e *Event) SetBase(b *Base) error {
	e.base.enter("SetBase")
	b.enter("SetBase")
	switch {
	case b.closed:
		return fmt.Errorf("SetBase of %s: %w", e.source(), ErrClosed)
	case e.inUse():
		return fmt.Errorf("SetBase of %s: %w", e.source(), ErrInUse)
	}
	e.base.later = slices.DeleteFunc(e.base.later, func(other *Event) bool { return other == e }) // a withdrawn deferral leaves e there
	e.base = b
	e.priority = uint8(len(b.levels) / 2)
	return nil
}

// Base is the loop that the event belongs to.
func (e *Event) Base() *Base { return e.base }

// What is what the event waits for.
func (e *Event) What() What { return e.what }

// Priority is the level that the event belongs to.
func (e *Event) Priority() int { return int(e.priority) }
