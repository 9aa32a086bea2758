package reactor

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/evbuffer"
)

// A Base is one event loop: it waits for descriptors, deadlines and signals, and calls the callbacks of the events that came to pass.
//
// One goroutine at a time uses a Base and all that belongs to it, and takes no lock for it: while it loops, the one that is in
// [Base.Loop]. [Base.Post] is the only method for the others. A Base that is no longer wanted is to be closed, for it has descriptors.
type Base struct {
	backend backend.Backend
	reopen  func() (backend.Backend, error) // another one like backend
	ready   []backend.Ready                 // what the backend fills
	edge    What                            // ET where the backend has it: what may be told of it

	attended bool // Loop has more to do than to loop, see attend

	fds    fdmap
	timers minheap
	common commonTimeouts
	levels []level  // by priority, 0 being the most urgent
	later  []*Event // ActiveLater; those without the mark deferred are gone
	active int      // events in all queues, and in later

	prepares, checks []*Watcher // replaced, never changed, when one is deleted

	pending int    // events that may still come to pass; with none the loop is at its end
	running uint8  // the priority of the level that runs, or noLevel
	broken  bool   // Break was called
	exiting bool   // Exit was called
	again   bool   // Continue or Break was called, or something more urgent than the running level became active
	turning bool   // a turn is under way: the time is cached
	current *Event // whose callback runs; nil between callbacks

	clock     func() moment
	uncached  bool      // WithoutCachedTime
	start     time.Time // when the clock showed 0
	now       moment    // the time of this turn; 0: not yet asked for
	exitTimer Event
	wake      wake
	signals   map[*signalHandler]bool // the added ones
	limits    turnLimits
	patience  int // turns that a level may be passed over

	sockets    sockets     // how bufferevents and listeners come by their bytes and connections
	completion *completion // where the backend is a Proactor
	pool       *evbuffer.Pool
	touched    []*BufferEvent // to settle at the end of the turn
	pairs      []*BufferEvent // what is open and has no descriptor by which to find it
	scratch    []byte         // for a moment within one call, see room16
	settings   map[settings]*settings

	debug *debug         // nil without WithDebug
	slow  *slowCallbacks // nil without WithSlowCallback

	leftovers int // turns in a row with readiness for nobody
	looping   atomic.Bool
	closed    bool
	stats     Stats
}

// Flags change how a Loop goes; 0 is until nothing is left to wait for.
type Flags uint8

const (
	Once      Flags = 1 << iota // return when at least one callback was called and none is left to call
	NonBlock                    // make one pass over what is ready now
	KeepAlive                   // go on even if nothing is left to wait for: a Post may bring something
)

// An End is the reason why a Loop returned.
type End uint8

const (
	Empty   End = iota + 1 // nothing was left to wait for
	Exited                 // Exit
	Broken                 // Break
	Passed                 // what Once or NonBlock asked for is done
	Aborted                // an error
)

// String is the name of e in small letters.
func (e End) String() string {
	return [...]string{"not ended", "empty", "exited", "broken", "passed", "aborted"}[e]
}

// New returns a base that waits by the first of [Methods] that fits the options. It fails with [ErrNoBackend] where none does, with
// [backend.ErrUnavailable] where the kernel does not grant the one that was named, and for an option that makes no sense.
func New(options ...Option) (*Base, error) {
	c, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	first, err := c.open()
	if err != nil {
		return nil, err
	}
	b := &Base{
		backend:  first,
		reopen:   c.reopen(first),
		ready:    make([]backend.Ready, 128),
		levels:   make([]level, c.priorities),
		running:  noLevel,
		start:    time.Now(),
		sockets:  readiness{},
		limits:   c.limits,
		patience: c.patience,
		pool:     evbuffer.NewPool(c.chunkBytes, poolKeeps),
		settings: make(map[settings]*settings),
		signals:  make(map[*signalHandler]bool),
	}
	if first.Features().Has(backend.EdgeTriggered) {
		b.edge = ET
	}
	b.stats.Levels = make([]LevelStats, c.priorities)
	b.attended = c.debug || first.Features().Has(backend.OneThread)
	if c.debug {
		b.debug = new(debug)
	}
	if c.longest > 0 {
		b.slow = &slowCallbacks{b, c.longest, c.report}
	}
	b.uncached = c.uncached
	b.fds.backend, b.fds.stats, b.fds.debug, b.fds.exists = first, &b.stats, b.debug, descriptorExists
	if c.exists != nil {
		b.fds.exists = c.exists
	}
	b.clock = func() moment { return moment(time.Since(b.start)) + 1 }
	if c.clock != nil {
		b.clock = c.clock
	}
	if ring, ok := first.(backend.Proactor); ok {
		b.completion = newCompletion(b, ring, c.chunkBytes)
		b.sockets = b.completion
		b.attended = true
	}
	if c.socket != nil {
		b.sockets = c.socket
	}
	b.exitTimer.init(b, -1, 0, plainCallback(func() { b.exiting = true }))
	b.exitTimer.marks |= internal
	b.wake.target = new(wakeTarget)
	if c.bell != nil {
		b.wake.target = c.bell
	}
	if err := b.wake.open(b); err != nil {
		return nil, errors.Join(err, first.Close())
	}
	return b, nil
}

// poolKeeps is how many free large chunks a loop keeps for its next reads: 64 of 64 KiB are 4 MiB.
const poolKeeps = 64

// Method is the name of the backend, one of [Methods].
func (b *Base) Method() string { return b.backend.Name() }

// Features says what the backend can do, for example whether ET is honoured.
func (b *Base) Features() backend.Features { return b.backend.Features() }

// Dispatch is Loop without flags: until nothing is left to wait for, or until Exit or Break.
func (b *Base) Dispatch() error {
	_, err := b.Loop(0)
	return err
}

// Loop makes turns until the flags, Exit, Break or the lack of anything to wait for end it, and says which of them it was.
// An Exit or Break from before the loop ends it at once: it cannot be missed.
//
// Errors are [ErrLooping], from a callback too; [ErrClosed]; and what the backend says where the wait itself fails. The base is as
// before then, and may loop again.
func (b *Base) Loop(flags Flags) (End, error) {
	if !b.looping.CompareAndSwap(false, true) {
		return Aborted, ErrLooping
	}
	defer b.looping.Store(false)
	if b.closed {
		return Aborted, ErrClosed
	}
	if b.attended {
		return b.attend(flags)
	}
	return b.loop(flags)
}

// attend is a loop with something to do before and after it. It is apart because a function pays for each of its defers, used or not.
func (b *Base) attend(flags Flags) (End, error) {
	defer b.debug.loop()()
	if b.Features().Has(backend.OneThread) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	if b.completion != nil {
		defer b.completion.ring.Flush() // what was written last is on its way when the loop has ended, as everywhere
	}
	return b.loop(flags)
}

// loop is without Loop's clean-up: a function of many returns would be charged for each of its defers by the runtime, some 250 instructions.
func (b *Base) loop(flags Flags) (End, error) {
	if len(b.touched) > 0 {
		b.now, b.turning = 0, true // one time for all that is settled
		b.settleTouched()
		b.turning = false
	}
	for {
		if end := b.stopped(); end != 0 {
			return end, nil
		}
		if flags&KeepAlive == 0 && b.idle() {
			return Empty, nil
		}
		called, err := b.turn(flags)
		if err != nil {
			return Aborted, err
		}
		if flags&NonBlock != 0 || flags&Once != 0 && called > 0 && b.active == 0 {
			return b.stoppedOr(Passed), nil
		}
	}
}

// turn is one round of the loop. The story is told in the package comment. What most turns have nothing of costs a comparison here, not
// a call: with one descriptor ready a turn is most of what it costs.
func (b *Base) turn(flags Flags) (called int, err error) {
	limit := b.waitLimit(flags)
	if len(b.prepares) > 0 {
		limit = b.prepare(limit, flags)
	}
	b.now, b.again = 0, false
	n, err := b.backend.Wait(b.ready, limit)
	if err != nil {
		return 0, err
	}
	b.turning = true
	b.stats.Turns++
	b.check()
	b.activateReady(b.ready[:n])
	if b.timers.len() > 0 {
		b.expire()
	}
	if len(b.later) > 0 {
		b.activateLater()
	}
	called = b.runActive()
	if len(b.touched) > 0 {
		b.settleTouched()
	}
	b.turning = false
	if n == len(b.ready) && n < mostReady {
		b.ready = make([]backend.Ready, 2*n)
	}
	return called, nil
}

// mostReady bounds what one wait reports. The lists of a turn grow with it and keep what they have grown to: after thousands were ready at
// once, 4096 cost 40 bytes more of each of 9000 connections (PERFORMANCE.md). A wait shared by 512 is no longer a cost.
const mostReady = 512

// activateReady passes each readiness on to the events that wait for it.
func (b *Base) activateReady(ready []backend.Ready) {
	b.stats.Ready += uint64(len(ready))
	stale := false
	for i := range ready {
		r := &ready[i]
		if r.Op != nil {
			b.completion.completed(*r)
			continue
		}
		entry := b.fds.find(r.Token)
		if entry == nil {
			stale = true
			b.stats.Stale++
			continue
		}
		for e := entry.first; e != nil; e = e.next {
			if hit := r.What & e.what & backend.Interest; hit != 0 {
				b.activate(e, hit|e.what&b.edge)
			}
		}
	}
	if stale || b.leftovers > 0 {
		b.washOut(stale)
	}
}

// washOut gets rid of a registration that has outlived its owner. The kernel keeps one, and goes on reporting it, if the descriptor was
// closed before Del while a duplicate kept the file open: no call can name it any more. Only a new
// backend is without it. A Proactor knows its registrations by their numbers, and has none that cannot be named.
func (b *Base) washOut(stale bool) {
	if !stale || b.completion != nil {
		b.leftovers = 0
		return
	}
	if b.leftovers++; b.leftovers < 3 {
		return
	}
	b.leftovers = 0
	fresh, err := b.reopen()
	if err != nil {
		return // out of descriptors, perhaps: the next turns try again
	}
	if b.fds.moveTo(fresh) != nil {
		fresh.Close() // out of memory, perhaps: the old one still serves all but one
		return
	}
	b.backend.Close()
	b.backend = fresh
	b.stats.Reopened++
}

// idle reports whether nothing can come to pass any more.
func (b *Base) idle() bool {
	return b.pending == 0 && b.active == 0 && len(b.touched) == 0 && !b.wake.posted()
}

// stopped consumes Exit and Break.
func (b *Base) stopped() (end End) {
	switch {
	case b.broken:
		end = Broken
	case b.exiting:
		end = Exited
	default:
		return 0
	}
	b.broken, b.exiting = false, false
	return end
}

func (b *Base) stoppedOr(end End) End {
	if stopped := b.stopped(); stopped != 0 {
		return stopped
	}
	return end
}

// Break ends the loop after the callback that runs now; what is active stays so for the next Loop.
// From another goroutine: base.Post(base.Break).
func (b *Base) Break() {
	b.enter("Break")
	b.broken, b.again = true, true
}

// Exit ends the loop after all callbacks of this turn, or of the turn that comes after the given time. A time below 0 is 0: what is left
// until a moment that has passed ([Forever] too; an end that never comes needs no Exit). It does not keep a loop going that has nothing
// else to wait for. Of several Exits the earliest counts.
func (b *Base) Exit(after time.Duration) {
	b.enter("Exit")
	if after <= 0 {
		b.exiting = true
		return
	}
	deadline := b.time().plus(after)
	if !b.exitTimer.timed() || deadline < b.exitTimer.deadline {
		b.exitTimer.Add(after)
	}
}

// Continue ends the turn after the callback that runs now: the loop asks the backend again, and then runs the most urgent level.
func (b *Base) Continue() {
	b.enter("Continue")
	b.again = true
}

// count keeps the number of events that may still come to pass.
func (b *Base) count(e *Event) {
	waits := e.marks&added != 0 && e.what.Has(backend.Interest|Signal) || e.timed()
	if e.marks&internal != 0 || waits == (e.marks&counted != 0) {
		return
	}
	e.marks ^= counted
	if waits {
		b.pending++
		b.stats.MostPending = max(b.stats.MostPending, b.pending)
	} else {
		b.pending--
	}
}

// Pending is the number of events, listeners and bufferevents that wait for something. Each counts once, whatever it waits for; those
// that wait in memory only, for the other end of a pair, do not count. With 0, and nothing active, the loop ends.
func (b *Base) Pending() int {
	b.enter("Pending")
	return b.pending
}

// BufferEvents goes over all open bufferevents in the order of their descriptors, and then over the pairs. Of a stack of filters
// it gives the top, which is the one to flush and close. They may be closed on the way.
func (b *Base) BufferEvents() iter.Seq[*BufferEvent] {
	return func(yield func(*BufferEvent) bool) {
		b.enter("BufferEvents")
		for fd := range b.fds.len() {
			for e := b.fds.entry(fd).first; e != nil; e = e.next {
				if bev, ok := e.handler.(*BufferEvent); ok {
					if !yield(bev.top()) {
						return
					}
					break // at most one owns a descriptor, and e may be gone
				}
			}
		}
		for _, bev := range slices.Clone(b.pairs) {
			if bev.state != closed && !yield(bev.top()) {
				return
			}
		}
	}
}

// Close closes the listeners and bufferevents of the base, deletes all events and gives back what the loop itself
// has opened. Descriptors of plain events are their owner's. What is in the buffers is dropped, and what was posted and not yet called is
// not called. A base that is looping is refused by [ErrLooping]. A second Close does nothing.
//
// What is left over may be tidied up, and does nothing any more: Add, Loop, Listen and Post say [ErrClosed]; NewBufferEvent, NewPair and
// NewRateGroup, which have no such error to return, panic.
func (b *Base) Close() error {
	if b.closed {
		return nil
	}
	if b.looping.Load() {
		return fmt.Errorf("Close: %w: Break first", ErrLooping)
	}
	b.fds.deleteAll()
	for len(b.pairs) > 0 {
		b.pairs[0].Close()
	}
	for _, e := range slices.Collect(b.everyEvent) {
		if e.marks&internal == 0 {
			e.Del()
		}
	}
	b.exitTimer.Del()
	b.prepares, b.checks = nil, nil
	b.closed = true
	return errors.Join(b.wake.close(), b.backend.Close())
}

// mustBeOpen is for calls that have no error to return.
func (b *Base) mustBeOpen(verb string) {
	b.enter(verb)
	if b.closed {
		panic("reactor: " + verb + " on a closed base")
	}
}
