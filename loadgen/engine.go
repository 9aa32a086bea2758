package main

import (
	"context"
	"sync/atomic"
	"time"

	"reactorbench/results"
)

// An engine drives the connections of one plan. It knows nothing of other engines, of servers' processes or of records; whoever
// starts it moves all engines through the phases together and adds their tallies up.
type engine interface {
	connect(ctx context.Context) error // makes all connections
	run(c *control) (Tally, error)     // sends, receives and verifies until all is drained; returns errAborted if called off
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

// A control is the one word that engines share with their conductor. They look at it once a turn, some microseconds
// under load and at most idleWait without.
type control struct{ phase atomic.Int32 }

func (c *control) enter(p phase) { c.phase.Store(int32(p)) }
func (c *control) now() phase    { return phase(c.phase.Load()) }

// idleWait bounds how long an engine sleeps without looking at its control.
const idleWait = 10 * time.Millisecond

// A Tally is what an engine saw in the measured window.
type Tally struct {
	Began, Ended int64 // clock at the engine's own edges of the window
	Requests     int64 // answered in the window
	Latencies    *results.Histogram
	LatencySum   int64         // ns, exact, for Little's law
	LateMax      time.Duration // the longest of the requests that were in flight when the window ended

	CPU          time.Duration  // of the engine's thread; 0: the engine has no thread of its own
	RunQueueWait *time.Duration // the thread was runnable and had no core; nil: the system does not tell
}

// clock is nanoseconds since the start of the process, from the monotonic clock; one reading costs about 25 ns.
func clock() int64 { return int64(time.Since(processStart)) }

var processStart = time.Now()

// accounts is what both engines keep: the streams and the two histograms that replies go to.
type accounts struct {
	plan    Plan
	payload *payload
	streams []stream

	phase    phase
	inFlight int
	total    int64 // requests answered since the start
	atStart  int64 // of total, when the window began

	tally Tally
	aside *results.Histogram // for replies outside the window
	into  *results.Histogram // where replies go now: tally.Latencies or aside
	sum   *int64
	other int64 // sum for aside, never read
}

func newAccounts(p Plan) *accounts {
	a := &accounts{plan: p, payload: newPayload(p.Seed)}
	a.streams = newStreams(p, a.payload)
	a.tally.Latencies = results.NewHistogram()
	a.aside = results.NewHistogram()
	a.into, a.sum = a.aside, &a.other
	return a
}

// issue makes due what the schedule says, and nothing once the window is over.
func (a *accounts) issue(s *stream, now int64) {
	if a.phase == draining {
		return
	}
	n := a.plan.Schedule.Due(s.inFlight())
	s.issue(n, now)
	a.inFlight += n
}

// read accounts for n bytes that came on s at now.
func (a *accounts) read(s *stream, n int, now int64) error {
	completed, err := s.read(n, now, a.into, a.sum)
	a.inFlight -= completed
	a.total += int64(completed)
	return err
}

// begin and end are the edges of the window.
func (a *accounts) begin(now int64) {
	a.phase = measuring
	a.tally.Began, a.atStart = now, a.total
	a.into, a.sum = a.tally.Latencies, &a.tally.LatencySum
}

func (a *accounts) end(now int64) {
	a.phase = draining
	a.tally.Ended, a.tally.Requests = now, a.total-a.atStart
	a.aside.Reset()
	a.into, a.sum = a.aside, &a.other
}

// overdue is the error of the first stream that has waited too long.
func (a *accounts) overdue(now int64) error {
	for i := range a.streams {
		if err := a.streams[i].overdue(now, a.plan.Patience); err != nil {
			return err
		}
	}
	return nil
}

// finish makes the tally complete: every byte that was sent must have come back.
func (a *accounts) finish() (Tally, error) {
	for i := range a.streams {
		if err := a.streams[i].balanced(); err != nil {
			return Tally{}, err
		}
	}
	a.tally.LateMax = time.Duration(a.aside.Max())
	return a.tally, nil
}
