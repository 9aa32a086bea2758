package main

import (
	"context"
	"sync/atomic"
	"time"
)

// An engine drives the connections of one plan. It knows nothing of other engines, of servers' processes or of records; whoever
// starts it moves all engines through the phases together and adds their tallies up.
type engine interface {
	connect(ctx context.Context) error // makes all connections
	run(c *control) (Tally, error)     // sends, receives and verifies until all is drained; *Faults or errAborted if that came to nothing
	answered() int64                   // requests so far, for the eyes of other goroutines
	close()                            // ends all connections
}

// A phase is what engines are doing. They only move forward.
//
//	warming    requests flow and nothing counts
//	measuring  the measured window
//	draining   no new requests; what is in flight comes home, so that every byte is accounted for
//	aborted    everything ends now
type phase int32

const (
	warming phase = iota
	measuring
	draining
	aborted
)

// A control is what engines share with their conductor. They look at it once a turn, some microseconds under load and at most
// idleWait without.
type control struct {
	phase atomic.Int32
	span  atomic.Pointer[span] // of the open loop; nil until the warm-up is over
}

// A span is the window of an open loop: the arrivals planned within it, from ≤ planned < until, are the ones that count.
type span struct{ from, until int64 }

func (c *control) enter(p phase) { c.phase.Store(int32(p)) }
func (c *control) now() phase    { return phase(c.phase.Load()) }

// idleWait bounds how long an engine sleeps without looking at its control.
const idleWait = 10 * time.Millisecond

// clock is nanoseconds since the start of the process, from the monotonic clock; one reading costs about 25 ns.
func clock() int64 { return int64(time.Since(processStart)) }

var processStart = time.Now()
