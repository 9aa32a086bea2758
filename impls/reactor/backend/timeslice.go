package backend

import (
	"runtime"
	"time"
)

// A timeslice keeps the monitor of Go's scheduler patient with a loop that sleeps often and never comes by the scheduler.
//
// Whoever has not come by for 10 ms is taken for a goroutine that runs without end. In a system call it cannot be interrupted, so the monitor
// takes its P instead, and goes on doing so at every look, some 20 µs apart: each wake-up then had to get a P back and to wake the monitor, and
// that was half of what a loop cost at 5000 requests a second. So whoever is about to sleep yields, if the last time was long ago. See
// retake in runtime/proc.go (Go 1.26): it spares the sleeper only while another P is idle, which is why a program should have one more than
// loops.
type timeslice struct{ yielded time.Duration } // since opened

// sliceLength is half of what the monitor grants.
const sliceLength = 5 * time.Millisecond

var opened = time.Now()

// yieldWhenDue is called before each system call that may sleep; where it does, a look at the clock is cheap beside it.
func (s *timeslice) yieldWhenDue() {
	if now := time.Since(opened); now-s.yielded >= sliceLength {
		runtime.Gosched()
		s.yielded = now
	}
}
