package spec

import (
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a check waits, without any progress, for something that a right server does within
// milliseconds. It is a thousand times the need, so that only a server which has stopped exceeds it (times -slow).
const patience = 5 * time.Second

// pollEvery is the time between two looks at a state that cannot be waited for. Most states come at once, so for the first
// few milliseconds the looks follow each other faster.
const (
	pollEvery = 2 * time.Millisecond
	pollFirst = 50 * time.Microsecond
)

// slice bounds one blocking call, so that Ctrl-C and a server's death are noticed at once.
const slice = 50 * time.Millisecond

// A Condition is a state that can be looked at.
type Condition struct {
	What string                // "the server is in CLOSE_WAIT"
	Now  func() (bool, string) // whether it holds, and what was seen
}

// WaitFor looks at a condition every two milliseconds until it holds. If it does not within the patience the check
// fails, naming what was awaited and what was seen last.
func (t *T) WaitFor(c Condition) { t.waitFor(t.scaled(patience), c) }

// WaitUntil is WaitFor with a condition in place.
func (t *T) WaitUntil(what string, now func() (bool, string)) { t.WaitFor(Condition{what, now}) }

// WaitWithin is WaitFor with another limit than the patience, before -slow.
func (t *T) WaitWithin(d time.Duration, c Condition) { t.waitFor(t.scaled(d), c) }

func (t *T) waitFor(limit time.Duration, c Condition) {
	t.await(limit, c)
	t.Eventf("%s", c.What)
}

// waitQuietly is WaitFor without a line in the timeline, for what is done many times.
func (t *T) waitQuietly(c Condition) { t.await(t.scaled(patience), c) }

func (t *T) await(limit time.Duration, c Condition) {
	began := time.Now()
	for {
		waited := time.Since(began) // before the look: behind it the machine itself may stand still for any time
		ok, seen := c.Now()
		if ok {
			return
		}
		t.alive(c.What)
		if waited > limit {
			t.Fatal(c.What, "after "+seconds(waited)+": "+seen)
		}
		t.Sleep(min(pollEvery, pollFirst+waited/4))
	}
}

// Holds looks once.
func (t *T) Holds(c Condition) bool {
	ok, _ := c.Now()
	return ok
}

// alive ends the check when a server has died that was not asked to: there is nobody left to wait for.
func (t *T) alive(what string) {
	for _, s := range t.servers() {
		if !s.leaving && !s.Alive() {
			t.Fatal(what, "the server died: it "+s.process.Exit().String())
		}
	}
}

// poll waits until one of the descriptors is ready or the time has come, and reports whether any is. It ends the check when
// the run is interrupted or the watchdog's hour has come; what says what for.
func (t *T) poll(fds []unix.PollFd, until time.Time, what string) bool {
	for {
		now := time.Now()
		n, err := pollFor(fds, max(0, min(until.Sub(now), slice)))
		switch {
		case n > 0:
			return true
		case err != nil && err != unix.EINTR:
			t.brokenf("poll: %v", err)
		case t.ctx.Err() != nil:
			t.end(Skip, "interrupted")
		case now.After(t.deadline):
			t.hang(what)
		case now.After(until):
			return false
		}
	}
}
