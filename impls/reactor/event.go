package reactor

import (
	"fmt"
	"math"
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

// An Event waits for a descriptor, for a time, for a signal, or for [Event.Active], and then has its callback called.
//
//	        Add                    it comes to pass                the loop gets to it
//	new ──────────► pending ──────────────────────► active ─────────────────────────► callback
//	 ▲                 ▲                               │                                  │
//	 └──── Del ────────┴────── Persist: stays pending ─┴──── Del: will not be called ─────┘
//
// Pending and active are independent: a persistent event is both while it waits for its turn. Without Persist an
// event is no longer pending when its callback runs, so the callback may Add it again.
//
// Only the goroutine of the loop may touch an Event. It is kept alive by its base while it is pending or active, and takes 64 bytes.
type Event struct {
	base     *Base
	handler  handler
	next     *Event        // the next event on the same descriptor, in the order of Add
	deadline moment        // when the timer is due, or was when it fired; 0: no timer
	interval time.Duration // the timeout of the last Add: what a persistent event is re-armed with; 0: with none

	descriptor int32
	heapPlace  int32 // its place in the heap, plus one, or below 0 that in a list (commontimeout.go); 0: in neither
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
	drives                      // stands in the heap for the head of a timerList
	deferred                    // ActiveLater was called: is active, but in no queue before the next turn
)

// A handler is called when the loop gets to an active event. A func(What) in an interface costs no allocation, and what
// embeds an Event (BufferEvent, Listener) needs no closure.
type handler interface{ ready(what What) }

type callback func(What)

func (c callback) ready(what What) { c(what) }

type plainCallback func()

func (c plainCallback) ready(What) { c() }

// A partsCallback is that of an event which is a part of something else: a pause of a listener, the next tick of a limit.
type partsCallback func()

func (c partsCallback) ready(What) { c() }

// NewEvent returns an event that is not yet added. what is made of Read, Write, Closed, Persist and ET; call is told which of them has
// come, or Timeout. With fd below 0 it waits for its timeout or for Active alone (and with Read, Write or Closed it is pending even so,
// as in libevent). It panics for Signal and Timeout in what, and without call.
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

// NewTimer returns an event that calls once, the timeout of its Add later. It may be added again, in its callback too.
func (b *Base) NewTimer(call func()) *Event { return b.newTimer(0, call) }

// NewTicker returns an event that calls again and again, with the timeout of its Add as the period, until Del. Ticks that the loop was
// too busy for are dropped; the next one is then a whole period away. Otherwise a period counts from the deadline before, and so does
// not drift. A period of 0 calls once.
func (b *Base) NewTicker(call func()) *Event { return b.newTimer(Persist, call) }

func (b *Base) newTimer(what What, call func()) *Event {
	if call == nil {
		panic("reactor: NewTimer or NewTicker without a callback")
	}
	e := new(Event)
	e.init(b, -1, what, plainCallback(call))
	return e
}

// Once adds an event that calls once and is forgotten; Persist has no effect. For fd below 0 it is a timer. Errors are those of
// [Event.Add].
func (b *Base) Once(fd int, what What, timeout time.Duration, call func(What)) error {
	return b.NewEvent(fd, what&^Persist, call).Add(timeout)
}

func (e *Event) init(b *Base, fd int, what What, h handler) {
	e.base, e.descriptor, e.what, e.handler = b, descriptorNumber(fd), what, h
	e.priority = uint8(len(b.levels) / 2)
}

// descriptorNumber keeps a wild number wild: cut off at 32 bits it might be somebody's descriptor.
func descriptorNumber(fd int) int32 { return int32(min(max(-1, fd), math.MaxInt32)) }

// FD is the descriptor, below 0 if there is none.
func (e *Event) FD() int { return int(e.descriptor) }

// Add makes the event pending; timeout is the time until it is called in any case, from [Base.Now] on, or [Forever]. 0 is the next turn.
//
// On a pending event a timeout replaces the one before, and Forever leaves it as it is (RemoveTimer takes it away). A timeout that had
// passed but was not yet told is thereby withdrawn. With Persist it is also how long the event may wait after each call.
//
// What is pending and already active stays active, and is deleted before its callback unless it has Persist: a timeout that was added
// in between goes with the rest, as in libevent. To go on waiting, Add in the callback, or Del before the Add.
//
// Whatever is refused, nothing has changed: a negative timeout ([ErrTimeout]), a closed base ([ErrClosed]), edges among levels
// ([ErrTriggersMixed]), a signal that cannot be caught (unix.EINVAL), and a descriptor by the system's error: unix.EBADF if there is none,
// unix.EPERM for a file that cannot be waited for.
func (e *Event) Add(timeout time.Duration) error {
	b := e.base
	b.enter("Event.Add")
	if err := e.mayAdd(timeout); err != nil {
		return fmt.Errorf("add %s: %w", e.source(), err)
	}
	if e.marks&added == 0 {
		if err := b.register(e); err != nil {
			return err
		}
		if !e.timed() {
			e.marks &^= spent // what it was activated for came before this Add
		}
	}
	if timeout >= 0 {
		e.withdraw(Timeout)
		e.interval = timeout
		b.arm(e, b.time().plus(timeout), timeout)
	}
	b.count(e)
	return nil
}

func (e *Event) mayAdd(timeout time.Duration) error {
	switch {
	case e.base.closed:
		return ErrClosed
	case timeout < 0 && timeout != Forever:
		return fmt.Errorf("timeout %v: %w", timeout, ErrTimeout)
	}
	if h, ok := e.handler.(*signalHandler); ok {
		return h.mayStart()
	}
	return nil
}

// source names what the event waits for.
func (e *Event) source() string {
	switch h := e.handler.(type) {
	case *signalHandler:
		return fmt.Sprintf("signal %q", h.signal)
	default:
		if e.descriptor >= 0 {
			return fmt.Sprintf("descriptor %d", e.descriptor)
		}
		return "timer"
	}
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

// Del makes the event neither pending nor active: whatever came, the callback is not called. It is so whatever Del returns; an error is the
// backend's, and mostly says that the descriptor was closed too early.
func (e *Event) Del() error {
	e.base.enter("Event.Del")
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
	if e.descriptor >= 0 {
		e.base.debug.mustBeOpen(int(e.descriptor))
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
	e.base.enter("RemoveTimer")
	e.base.disarm(e)
	e.interval = 0
	e.withdraw(Timeout)
	e.base.count(e)
}

// Active has the callback called in the next turn as if what had come. The event need not be pending, and keeps the loop going until it
// is called. Several activations before the callback are one, with all their conditions. On a closed base nothing happens.
func (e *Event) Active(what What) {
	e.base.enter("Event.Active")
	if !e.base.closed {
		e.base.activate(e, what)
	}
}

// ActiveLater is Active, but behind everything that the next wait finds ready: what puts itself off again and again is called once a
// turn, and after those that came by the kernel. An event that is active already only adds what to what it will be told.
func (e *Event) ActiveLater(what What) {
	b := e.base
	b.enter("ActiveLater")
	if b.closed {
		return
	}
	e.note(what)
	if e.queuePlace == 0 && e.marks&deferred == 0 {
		e.marks |= deferred
		b.active++
		b.later = append(b.later, e)
	}
}

// Pending reports whether the event waits for, or is about to be called for, any of what. Timeout asks for the timer.
func (e *Event) Pending(what What) bool {
	e.base.enter("Event.Pending")
	waits := e.result
	if e.marks&added != 0 {
		waits |= e.what & (backend.Interest | Signal)
	}
	if e.timed() {
		waits |= Timeout
	}
	return waits.Has(what)
}

// Deadline is when the timer is due, on the clock of [Base.Now]; false without a timer.
func (e *Event) Deadline() (time.Time, bool) {
	if !e.timed() {
		return time.Time{}, false
	}
	return e.base.start.Add(time.Duration(e.deadline)), true
}

// SetPriority moves the event to a level, 0 being the most urgent, also while it is active; new events are in the middle.
// A level that [WithPriorities] did not make is refused by [ErrPriority].
func (e *Event) SetPriority(priority int) error {
	e.base.enter("SetPriority")
	if priority < 0 || priority >= len(e.base.levels) {
		return fmt.Errorf("SetPriority(%d) of %s, on a base with %d priorities: %w", priority, e.source(), len(e.base.levels), ErrPriority)
	}
	if e.queuePlace == 0 {
		e.priority = uint8(priority)
		return nil
	}
	e.base.levels[e.priority].cancel(e)
	e.priority = uint8(priority)
	e.base.levels[e.priority].push(e)
	return nil
}

// withdraw takes conditions out of what is about to be told, and the event out of its queue if none is left.
func (e *Event) withdraw(what What) {
	if e.queuePlace == 0 && e.marks&deferred == 0 {
		return
	}
	if e.result &^= what; e.result != 0 {
		return
	}
	if e.queuePlace != 0 {
		e.base.levels[e.priority].cancel(e)
	}
	e.base.active--
	e.marks &^= spent | deferred
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
	b.current = e
	if call, ok := e.handler.(callback); ok { // the most frequent one, without a detour
		call(result)
	} else {
		e.handler.ready(result)
	}
	b.current = nil
}
