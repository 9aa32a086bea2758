package reactor

import (
	"errors"
	"fmt"
	"time"

	"reactorbench/impls/reactor/backend"
)

// What is a set of conditions: what an [Event] waits for, or what has come.
type What = backend.What

const (
	Read    = backend.Read    // bytes, a connection to accept, or the end of the stream
	Write   = backend.Write   // room for more bytes, or a connection attempt that has ended
	Closed  = backend.Closed  // the peer has stopped sending, told without reading up to there
	Signal  = backend.Signal  // the signal came, see NewSignal
	Persist = backend.Persist // stay added after the callback
	ET      = backend.ET      // tell changes of readiness, where Features has EdgeTriggered; elsewhere it means level
)

// Timeout is what an event's callback is told when its time is over, and equally what a bufferevent's is: the untyped
// constant is a bit of [What] and of [Outcome].
const Timeout = 0x40

// Forever as a timeout means that there is none.
const Forever time.Duration = -1

// ErrTriggersMixed is returned by Add for an event that wants edges on a descriptor whose other events want levels, or the
// other way about: the kernel knows one registration a descriptor.
var ErrTriggersMixed = errors.New("one descriptor is either level-triggered or edge-triggered, for all of its events")

// An Event waits for a descriptor, for a time, for a signal, or for [Event.Active], and then has its callback called.
//
//	        Add                    it comes to pass                the loop gets to it
//	new ──────────► pending ──────────────────────► active ─────────────────────────► callback
//	 ▲                 ▲                               │                                  │
//	 └──── Del ────────┴────── Persist: stays pending ─┴──── Del: will not be called ─────┘
//
// Pending and active are independent: a persistent event is both while it waits for its turn. Without Persist an
// event is no longer pending when its callback runs, so the callback may Add it again. Only the goroutine of the loop may touch an Event.
type Event struct {
	base     *Base
	handler  handler
	next     *Event        // the next event on the same descriptor, in the order of Add
	deadline moment        // when the timer is due, or was when it fired; 0: no timer
	interval time.Duration // the timeout of the last Add: what a persistent event is re-armed with; 0: with none

	descriptor int32
	heapPlace  int32 // its place in the heap, plus one; 0: not there
	queuePlace int32 // its place in its level's queue, plus one; 0: not active
	what       What  // what it waits for
	result     What  // what has come since the last callback
	marks      marks
	priority   uint8
}

// marks are the small facts about an Event.
type marks uint8

const (
	added     marks = 1 << iota // waits for its descriptor or its signal
	counted                     // is in the base's count of what may still happen
	internal                    // the loop's own: is never counted
	owner                       // closes its descriptor: two owners of one number cannot both be right
	spent                       // was activated while added: without Persist the callback finds it deleted
	unwatched                   // learns otherwise what it waits for: the backend is not told of it
)

// A handler is called when the loop gets to an active event. A func(What) in an interface costs no allocation, and what
// embeds an Event (BufferEvent, Listener) needs no closure.
type handler interface{ ready(what What) }

type callback func(What)

func (c callback) ready(what What) { c(what) }

type plainCallback func()

func (c plainCallback) ready(What) { c() }

// NewEvent returns an event that is not yet added. With fd below 0 it waits for its timeout or for Active alone.
//
// Several events may share a descriptor; they become active in the order of their Add. The descriptor stays the
// caller's. It should be non-blocking, and be closed after Del, not before.
func (b *Base) NewEvent(fd int, what What, call func(What)) *Event {
	if what.Has(Signal | Timeout) {
		panic("reactor: NewEvent with Signal or Timeout: use NewSignal, or the argument of Add")
	}
	if call == nil {
		panic("reactor: NewEvent without a callback")
	}
	e := new(Event)
	e.init(b, fd, what, callback(call))
	return e
}

// NewTimer returns an event that calls once, the timeout of its Add later.
func (b *Base) NewTimer(call func()) *Event { return b.newTimer(0, call) }

// NewTicker returns an event that calls again and again, with the timeout of its Add as the period. Ticks that the loop was too
// busy for are dropped, and the others stay on the grid of the first.
func (b *Base) NewTicker(call func()) *Event { return b.newTimer(Persist, call) }

func (b *Base) newTimer(what What, call func()) *Event {
	if call == nil {
		panic("reactor: NewTimer or NewTicker without a callback")
	}
	e := new(Event)
	e.init(b, -1, what, plainCallback(call))
	return e
}

// Once adds an event that calls once and is forgotten. For fd below 0 it is a timer.
func (b *Base) Once(fd int, what What, timeout time.Duration, call func(What)) error {
	return b.NewEvent(fd, what&^Persist, call).Add(timeout)
}

func (e *Event) init(b *Base, fd int, what What, h handler) {
	e.base, e.descriptor, e.what, e.handler = b, int32(fd), what, h
	e.priority = uint8(len(b.levels) / 2)
}

// FD is the descriptor, below 0 if there is none.
func (e *Event) FD() int { return int(e.descriptor) }

// Add makes the event pending; timeout is the time until it is called in any case, or [Forever].
//
// On a pending event a timeout replaces the one before, and Forever leaves it as it is (RemoveTimer takes it away). A timeout that had
// passed but was not yet told is thereby withdrawn. If the descriptor is refused, nothing has changed.
func (e *Event) Add(timeout time.Duration) error {
	b := e.base
	b.mustBeOpen("Add")
	if e.marks&added == 0 {
		if err := b.register(e); err != nil {
			return err
		}
	}
	if timeout >= 0 {
		e.withdraw(Timeout)
		e.interval = timeout
		b.arm(e, b.time().plus(timeout))
	}
	b.count(e)
	return nil
}

// register makes the event's source known: the descriptor to the backend, the signal to the runtime.
func (b *Base) register(e *Event) error {
	switch {
	case e.what.Has(Signal):
		e.handler.(*signalHandler).start()
	case e.descriptor >= 0 && e.what.Has(backend.Interest):
		if err := b.fds.add(e); err != nil {
			return err
		}
	case !e.what.Has(backend.Interest):
		return nil // a timer has no source but the clock
	}
	e.marks |= added
	return nil
}

// Del makes the event neither pending nor active: whatever came, the callback is not called.
func (e *Event) Del() error {
	err := e.unregister()
	e.base.disarm(e)
	e.interval = 0
	e.withdraw(^What(0))
	e.base.count(e)
	return err
}

func (e *Event) unregister() error {
	if e.marks&added == 0 {
		return nil
	}
	e.marks &^= added
	if e.what.Has(Signal) {
		e.handler.(*signalHandler).stop()
		return nil
	}
	if e.descriptor < 0 {
		return nil
	}
	return e.base.fds.remove(e)
}

// setInterest changes what an added event waits for. With nothing it stays in the fdmap, as the owner of its descriptor, and does not
// keep the loop going.
func (e *Event) setInterest(what What) error {
	if e.marks&added == 0 {
		return nil
	}
	e.withdraw(backend.Interest &^ what)
	err := e.base.fds.change(e, e.what&^backend.Interest|what)
	e.base.count(e)
	return err
}

// RemoveTimer takes the timeout away and leaves the rest as it is.
func (e *Event) RemoveTimer() {
	e.base.disarm(e)
	e.interval = 0
	e.withdraw(Timeout)
	e.base.count(e)
}

// Active has the callback called in the next turn as if what had come. The event need not be pending. Several
// activations before the callback are one, with all their conditions.
func (e *Event) Active(what What) { e.base.activate(e, what) }

// Pending reports whether the event waits for, or is about to be called for, any of what. Timeout asks for the timer.
func (e *Event) Pending(what What) bool {
	waits := e.result
	if e.marks&added != 0 {
		waits |= e.what & (backend.Interest | Signal)
	}
	if e.timed() {
		waits |= Timeout
	}
	return waits.Has(what)
}

// Deadline is when the timer is due; false without a timer.
func (e *Event) Deadline() (time.Time, bool) {
	if !e.timed() {
		return time.Time{}, false
	}
	return e.base.start.Add(time.Duration(e.deadline)), true
}

// SetPriority moves the event to a level, 0 being the most urgent; new events are in the middle. See [WithPriorities].
func (e *Event) SetPriority(priority int) {
	if priority < 0 || priority >= len(e.base.levels) {
		panic(fmt.Sprintf("reactor: SetPriority(%d) on a base with %d priorities", priority, len(e.base.levels)))
	}
	if e.queuePlace == 0 {
		e.priority = uint8(priority)
		return
	}
	e.base.levels[e.priority].cancel(e)
	e.priority = uint8(priority)
	e.base.levels[e.priority].push(e)
}

// withdraw takes conditions out of what is about to be told, and the event out of its queue if none is left.
func (e *Event) withdraw(what What) {
	if e.queuePlace == 0 {
		return
	}
	if e.result &^= what; e.result == 0 {
		e.base.levels[e.priority].cancel(e)
		e.base.active--
		e.marks &^= spent
	}
}

// call is the turn of an active event: out of the queue, then deleted or re-armed, and only then the callback, which may thus undo
// or redo all of it.
func (e *Event) call() {
	b := e.base
	result := e.result
	e.result, e.queuePlace = 0, 0
	b.active--
	if e.what.Has(Persist) {
		if e.interval > 0 {
			b.rearm(e, result)
		}
	} else if e.marks&spent != 0 {
		e.Del()
	}
	e.marks &^= spent
	e.handler.ready(result)
}
