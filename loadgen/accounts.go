package main

import (
	"errors"
	"time"

	"reactorbench/results"
)

// accounts is what engines of every kind keep: the streams, the plan's arrivals, and the histograms that replies go to. It reads no
// clock and touches no socket: every time is handed in, so a test can drive it through virtual time (accounts_test.go).
type accounts struct {
	plan    Plan
	payload *payload
	sizes   sizes
	streams []stream
	living  int // streams that no fault has ended

	phase    phase
	inFlight int   // requests queued and unanswered
	total    int64 // requests answered since the start
	connects int64 // connections that took the place of spent ones, or came in a storm
	atStart  int64 // of total, when the window began
	bytesWas int64 // of replied() likewise

	tally  Tally
	aside  *results.Histogram // for replies of the closed loop outside the window
	into   *results.Histogram // where those replies go now: tally.Latencies or aside
	sum    *int64
	other  int64 // sum for aside, never read
	faults Faults

	open     openLoop
	unread   int64 // ns for which the bytes that are handed to read lay in the kernel, or unknown
	overTime overTime
	glimpse  glimpse
}

func newAccounts(p Plan) *accounts {
	a := &accounts{plan: p, payload: newPayload(p.Seed), sizes: p.Sizes, living: p.Conns, unread: unknown}
	a.streams = newStreams(p, a.payload)
	a.faults.conns = p.All
	a.tally.Latencies, a.tally.ReceiveLag = results.NewHistogram(), results.NewHistogram()
	a.aside = results.NewHistogram()
	a.into, a.sum = a.aside, &a.other
	a.overTime = newOverTime(p.Every, p.Window)
	a.tally.OverTime = a.overTime.parts
	if p.Schedule.Open != nil {
		a.beginOpen()
	}
	return a
}

// isOpen reports which loop this is.
func (a *accounts) isOpen() bool { return a.plan.Schedule.Open != nil }

// issue makes due what the closed loop says, and nothing once the window is over. In the open loop it gives the places that replies
// have freed to requests that wait for one.
func (a *accounts) issue(s *stream, now int64) {
	if a.isOpen() || a.phase == draining {
		s.release() // what was queued already, behind the last request of a spent connection
		return
	}
	n := a.plan.Schedule.Due(s.inFlight())
	if a.plan.Storm {
		n = min(n, int(s.last-s.queued)) // the next connection's requests count from its own beginning
	}
	for range n {
		s.queue(now, a.sizes.at(s.number, s.queued))
	}
	if s.sent == s.due {
		s.movedAt = now // what falls due now has not waited for room yet, though a writer on a busy machine may come to it late
	}
	s.release()
	a.inFlight += n
}

// read accounts for n bytes that came on s at now.
func (a *accounts) read(s *stream, n int, now int64) error {
	before, err := s.read(n)
	if completed := s.answered - before; completed > 0 {
		if a.isOpen() {
			a.recordOpen(s, before, now)
		} else {
			a.record(s, before, now)
		}
		a.inFlight -= int(completed)
		a.total += completed
		a.glimpse.answer()
	}
	return err
}

// record counts the requests from k on that are answered at now, those with the same send time together.
func (a *accounts) record(s *stream, k, now int64) {
	for k < s.answered {
		at, same := s.request(k).sent, int64(1)
		longest := at - s.request(k).planned // the first of them fell due first
		paused := longest
		for k+same < s.answered && s.request(k+same).sent == at {
			paused += at - s.request(k+same).planned
			same++
		}
		a.into.RecordTimes(now-at, same)
		a.glimpse.add(now-at, same)
		if a.phase == measuring {
			a.overTime.record(now-a.tally.Began, now-at, same)
			a.tally.Paused += paused
			a.tally.PausedMax = max(a.tally.PausedMax, time.Duration(longest))
		}
		*a.sum += (now - at) * same
		k += same
	}
}

// begin and end are the edges of the window in time.
func (a *accounts) begin(now int64) {
	a.phase = measuring
	a.tally.Began, a.atStart, a.bytesWas = now, a.total, a.replied()
	a.into, a.sum = a.tally.Latencies, &a.tally.LatencySum
	a.tally.Connects = -a.connects
	a.open.begin(a, now)
}

func (a *accounts) end(now int64) {
	a.phase = draining
	a.tally.Ended, a.tally.Requests, a.tally.Bytes = now, a.total-a.atStart, a.replied()-a.bytesWas
	a.tally.Connects += a.connects
	a.open.end(a, now)
	a.aside.Reset()
	a.into, a.sum = a.aside, &a.other
}

// replied is how many bytes of whole replies have come.
func (a *accounts) replied() (sum int64) {
	for i := range a.streams {
		sum += a.streams[i].answeredEnd
	}
	return sum
}

// overdue is the fault of a stream that has waited too long. In the open loop a late reply is no fault: it has its place in the
// histograms.
func (a *accounts) overdue(s *stream, now int64) error {
	if s.lost {
		return nil
	}
	err := s.stuck(now, a.plan.Patience)
	if err == nil && !a.isOpen() {
		err = s.overdue(now, a.plan.Patience)
	}
	return err
}

// lose ends a stream by its fault; an error that is no fault of the server's comes back. Its engine stops the input and output.
func (a *accounts) lose(s *stream, err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	if s.lost {
		return nil
	}
	s.lost = true
	a.living--
	a.inFlight -= s.inFlight()
	a.faults.add(f)
	return nil
}

// calledOff is the end of a run that was called off: by the faults that there were, since one of them may be why.
func (a *accounts) calledOff() error {
	if len(a.faults.count) > 0 {
		return &a.faults
	}
	return errAborted
}

// drained reports whether nothing is left to wait for at now.
func (a *accounts) drained(now int64) bool {
	if a.living == 0 {
		return true
	}
	if a.phase != draining {
		return false
	}
	if a.isOpen() {
		return a.open.over(a, now)
	}
	return a.inFlight == 0
}

// finish makes the tally complete: every byte that was sent must have come back, or its request is one of those unanswered.
func (a *accounts) finish(now int64) (Tally, error) {
	if a.isOpen() {
		a.censor(now)
	}
	for i := range a.streams {
		s := &a.streams[i]
		if s.lost || a.isOpen() && s.answered < s.queued {
			continue
		}
		if err := s.balanced(); err != nil {
			a.lose(s, err)
		}
	}
	if len(a.faults.count) > 0 {
		return Tally{}, &a.faults
	}
	if !a.isOpen() {
		a.tally.LateMax = time.Duration(a.aside.Max())
	}
	return a.tally, nil
}
