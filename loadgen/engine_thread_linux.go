package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// A threadEngine is what the engines have in common that run on a thread of their own, locked and pinned.
type threadEngine struct {
	*accounts
	keepsP    bool // while it sleeps
	clocks    threadClocks
	spent     readOut // of the thread at the start of the window
	idle      int64   // ns, of an engine that spins; the next is what it was at the start of the window
	idleThen  int64
	published atomic.Int64
}

// A turner is the part that differs: how requests begin and how replies come.
type turner interface {
	start() error                        // begins the load
	launch(c *control, now int64) error  // begins what no reply begins
	turn() error                         // waits once and handles what is ready
	lateness(s *stream, now int64) error // the fault of a stream that has waited too long
	drop(i int, err error) error         // ends connection i by the fault err; an error that is no fault comes back
	silent() error                       // checks that no connection holds a byte more when all is answered
}

func (e *threadEngine) answered() int64 { return e.published.Load() }

// runOn must have a goroutine of its own: it locks the thread, pins it and leaves it locked, so that the thread ends with the
// goroutine and pins nobody else.
func (e *threadEngine) runOn(t turner, c *control) (Tally, error) {
	runtime.LockOSThread()
	if err := pinThread(e.plan.CPU); err != nil {
		return Tally{}, err
	}
	if err := e.clocks.open(); err != nil {
		return Tally{}, err
	}
	defer e.clocks.close()
	e.keepsP = mayKeepP(e.plan)
	for _, step := range []func() error{t.start, func() error { return e.turns(t, c) }, t.silent} {
		if err := step(); err != nil {
			return Tally{}, err
		}
	}
	return e.finish(clock())
}

// mayKeepP reports whether a P is left for goroutines that are no engine when every engine of the plan keeps one.
func mayKeepP(p Plan) bool { return runtime.GOMAXPROCS(0) > p.Shares }

// turns is the loop: look whether the phase has changed, begin what is due, wait, handle what is ready.
func (e *threadEngine) turns(t turner, c *control) error {
	now := clock()
	for lastLook := now; ; {
		if phase := c.now(); phase != e.phase {
			if err := e.obey(phase); err != nil {
				return err
			}
		}
		if e.drained(now) {
			return nil
		}
		if err := t.launch(c, now); err != nil {
			return err
		}
		if err := t.turn(); err != nil {
			return err
		}
		e.published.Store(e.total)
		if now = clock(); now-lastLook > int64(100*time.Millisecond) {
			lastLook = now
			if err := e.loseOverdue(t, now); err != nil {
				return err
			}
		}
	}
}

func (e *threadEngine) loseOverdue(t turner, now int64) error {
	for i := range e.streams {
		if err := t.drop(i, t.lateness(&e.streams[i], now)); err != nil {
			return err
		}
	}
	return nil
}

// obey enters the next phase. The thread's clocks are read as close to the edge as a thread can read its own.
func (e *threadEngine) obey(next phase) error {
	if next == aborted {
		return e.calledOff()
	}
	spent, err := e.clocks.read()
	if err != nil {
		return err
	}
	if e.phase == warming { // an engine that got no core for the whole window comes here with draining: its window is empty
		e.spent, e.idleThen = spent, e.idle
		e.begin(clock())
		if next == measuring {
			return nil
		}
	}
	e.tally.CPU, e.tally.Idle = spent.cpu-e.spent.cpu, time.Duration(e.idle-e.idleThen)
	e.tally.Queue = &queued{spent.wait - e.spent.wait, spent.slices - e.spent.slices}
	e.end(clock())
	return nil
}

// dueUntil takes up what is planned until now and returns the streams that have something to send.
func (e *threadEngine) dueUntil(c *control, now int64) []int {
	if s := c.span.Load(); s != nil {
		e.open.announce(s)
	}
	return e.takeUp(now)
}

// sleepUntil is when the engine has to be awake again to look at its control or to send.
func (e *threadEngine) sleepUntil(now int64) int64 {
	until := now + int64(idleWait)
	if e.isOpen() {
		if planned, ok := e.nextPlanned(); ok {
			until = min(until, planned)
		}
	}
	return until
}

// broken makes the error of a call on a connection: a fault of the server's if the other end caused it.
func broken(s *stream, call string, errno syscall.Errno) error {
	if isPeersDoing(errno) {
		return s.broken(call, errno)
	}
	return fmt.Errorf("%s on connection %d: %w", call, s.number, errno)
}
