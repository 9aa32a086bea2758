//go:build unix

package backend

import "time"

// eagerness decides whether a wait first asks without blocking. A call that cannot block need not tell Go's scheduler, which saves the
// 165 instructions of it, and the visits of the runtime's monitor, which looks every 20 µs at whoever is in a call that may. A question
// that finds nothing is a system call for nothing.
//
// So it asks on trial, after trialAfter waits that found something, and goes on for as long as each question is answered. A trial that is
// not worth it makes the next one twice as long in coming: a loop that sleeps before each wake-up makes one wait for each, and some ten
// more in its first hundred thousand.
type eagerness struct {
	asks  bool
	run   uint32 // questions answered in a row, or waits that found something since the last question
	doubt uint8  // trials in a row that were not worth it, up to mostDoubt
}

const (
	trialAfter = 64 // and so many answers in a row are worth a question without one
	mostDoubt  = 16
)

// asked notes what a question came to.
func (e *eagerness) asked(found bool) {
	if found {
		e.run++
		return
	}
	if e.run >= trialAfter {
		e.doubt = 0
	} else {
		e.doubt = min(e.doubt+1, mostDoubt)
	}
	e.asks, e.run = false, 0
}

// blocked notes what a wait came to that may have slept.
func (e *eagerness) blocked(found bool) {
	if !found {
		return
	}
	if e.run++; e.run >= trialAfter<<e.doubt {
		e.asks, e.run = true, 0
	}
}

// wait is a call that blocks for at most timeout, after a question where that is worth it.
func (e *eagerness) wait(timeout time.Duration, call func(limit time.Duration) (int, error)) (int, error) {
	if timeout == 0 {
		return call(0)
	}
	if e.asks {
		n, err := call(0)
		e.asked(n > 0)
		if n > 0 || err != nil {
			return n, err
		}
	}
	n, err := call(timeout)
	e.blocked(n > 0)
	return n, err
}
