package main

import "reactorbench/results"

// An openLoop is the part of the accounts that sends by plan. Planned times are never stored ahead: the schedule is a pure function,
// so what is still to come, or has not been taken up in time, is always one call away.
type openLoop struct {
	arrivals *Arrivals
	origin   int64 // clock at the profile's time 0
	span     *span // nil until the conductor has set the window
	turn     int   // the stream that gets the next request
	areaAt   int64 // up to where tally.InFlight is summed up; 0 outside the window
	lateness lateness

	touched []int // streams that got a request in this turn, in the order of the plan
}

const (
	// mostTakenUp is how many requests an engine takes up in one turn: when it is behind, replies must not wait for all of them.
	mostTakenUp = 64
	// mostInFlight keeps a server that answers nothing from filling the memory: 2²⁰ requests need 40 MiB. What is planned beyond it
	// still counts from its planned time.
	mostInFlight = 1 << 20
)

// The streams of random numbers of a cell's seed, one a purpose.
const (
	windowStream = iota + 1
	warmUpStream
	sizeStream
)

func (a *accounts) beginOpen() {
	a.tally.Service, a.tally.SendLag, a.tally.Late = results.NewHistogram(), results.NewHistogram(), results.NewHistogram()
	a.tally.Least, a.tally.Most = results.NewHistogram(), results.NewHistogram()
	a.open.lateness = newLateness(a.plan.Shares == 1)
	a.open.touched = make([]int, 0, min(mostTakenUp, len(a.streams)))
	a.open.arrivals = a.plan.Schedule.Open.steady().arrivals(a.plan.Seed, warmUpStream, a.plan.Share, a.plan.Shares)
}

// startPlan sets time 0 of the warm-up.
func (a *accounts) startPlan(now int64) { a.open.origin = now }

// announce sets the window. The engine must look for it after it has read the clock that it then hands to takeUp: the conductor
// announces a window before it begins, so no arrival of the warm-up can be taken up that lies within.
func (o *openLoop) announce(s *span) {
	if o.span == nil {
		o.span = s
		o.lateness.settle()
	}
}

// nextPlanned is when the next request should be sent; ok is false if none is left.
func (a *accounts) nextPlanned() (planned int64, ok bool) {
	o := &a.open
	planned = o.origin + o.arrivals.peek()
	if o.span == nil {
		return planned, true
	}
	if o.origin != o.span.from && planned >= o.span.from {
		o.origin = o.span.from
		o.arrivals = a.plan.Schedule.Open.arrivals(a.plan.Seed, windowStream, a.plan.Share, a.plan.Shares)
		planned = o.origin + o.arrivals.peek()
	}
	return planned, planned < o.span.until
}

// takeUp queues the requests that are due at now, some of them if there are many, and returns the streams that got one. Requests go
// to the connections in turn, and each gets one at most, since two would be sent together and the second of them before its time.
func (a *accounts) takeUp(now int64) []int {
	o := &a.open
	o.touched = o.touched[:0]
	for range min(mostTakenUp, max(1, a.living)) {
		planned, ok := a.nextPlanned()
		if !ok || planned > now {
			break
		}
		if a.inFlight >= mostInFlight || a.living == 0 {
			a.tally.Held = true
			break
		}
		o.arrivals.pop()
		if a.inFlight == 0 {
			o.lateness.answered(now)
		}
		s := a.nextStream()
		s.queue(planned, a.sizes.at(s.number, s.queued))
		s.release()
		added := s.request(s.queued - 1)
		added.behind, added.ahead = o.lateness.sent(now-planned, now)
		a.plannedFlow(planned, now)
		o.touched = append(o.touched, s.index)
	}
	return o.touched
}

func (a *accounts) nextStream() *stream {
	for {
		s := &a.streams[a.open.turn]
		if a.open.turn++; a.open.turn == len(a.streams) {
			a.open.turn = 0
		}
		if !s.lost {
			return s
		}
	}
}

// plannedFlow counts a request in flight from its planned time on.
func (a *accounts) plannedFlow(planned, now int64) {
	a.flow(now)
	a.inFlight++
	if a.open.areaAt != 0 {
		a.tally.InFlight += now - max(planned, a.tally.Began)
	}
	if a.open.counts(planned) {
		a.tally.Offered++
		a.tally.Late.Record(now - planned)
	}
}

// counts reports whether a planned time lies in the window.
func (o *openLoop) counts(planned int64) bool {
	return o.span != nil && o.span.from <= planned && planned < o.span.until
}

// flow sums up the requests in flight until now.
func (a *accounts) flow(now int64) {
	if a.open.areaAt != 0 {
		a.tally.InFlight += int64(a.inFlight) * (now - a.open.areaAt)
		a.open.areaAt = now
	}
}

func (o *openLoop) begin(a *accounts, now int64) { o.areaAt = now }

func (o *openLoop) end(a *accounts, now int64) {
	if o.areaAt == 0 {
		return
	}
	a.flow(now)
	o.areaAt = 0
	for i := range a.streams {
		s := &a.streams[i]
		for k := s.answered; k < s.queued && !s.lost; k++ {
			a.tally.LatencySum += now - max(s.request(k).planned, a.tally.Began)
		}
	}
}

// recordOpen counts the requests from k on that are answered at now.
func (a *accounts) recordOpen(s *stream, k, now int64) {
	a.flow(now)
	for ; k < s.answered; k++ {
		r := s.request(k)
		*a.sum += now - max(r.planned, a.tally.Began)
		a.glimpse.add(now-r.planned, 1)
		behind, ahead := a.boundsOf(s, r, now)
		if !a.open.counts(r.planned) {
			continue
		}
		a.tally.Latencies.Record(now - r.planned)
		a.recordBounds(now-r.planned, behind, ahead)
		a.overTime.record(r.planned-a.open.span.from, now-r.planned, 1)
		a.tally.Service.Record(now - r.sent)
		a.tally.SendLag.Record(r.sent - r.planned)
		if now-r.sent > int64(a.plan.Patience) {
			a.tally.Overdue++
		}
	}
}

// over reports whether all is answered, or the patience for the rest is.
func (o *openLoop) over(a *accounts, now int64) bool {
	if o.span == nil {
		return true
	}
	_, more := a.nextPlanned()
	return !more && a.inFlight == 0 || now > o.span.until+int64(a.plan.Patience)
}

// censor keeps what was never answered: such a request took at least as long as it has waited by now. To drop it would drop the
// slowest ones.
func (a *accounts) censor(now int64) {
	for i := range a.streams {
		s := &a.streams[i]
		for k := s.answered; k < s.queued; k++ {
			if r := s.request(k); a.open.counts(r.planned) {
				a.censorOne(r, k < s.begun, now)
			}
		}
	}
	for a.open.span != nil {
		planned, ok := a.nextPlanned()
		if !ok {
			return
		}
		a.open.arrivals.pop()
		if a.open.counts(planned) {
			a.tally.Offered++
			a.tally.Late.Record(now - planned)
			behind, _ := a.open.lateness.sending.beyond(now - planned)
			a.censorOne(&request{planned: planned, behind: behind}, false, now)
		}
	}
}

func (a *accounts) censorOne(r *request, begun bool, now int64) {
	a.tally.Unanswered++
	a.tally.Latencies.Record(now - r.planned)
	a.recordBounds(now-r.planned, r.behind, r.ahead)
	a.overTime.record(r.planned-a.open.span.from, now-r.planned, 1)
	if !begun {
		a.tally.Unsent++
		a.tally.SendLag.Record(now - r.planned)
		return
	}
	a.tally.Service.Record(now - r.sent)
	a.tally.SendLag.Record(r.sent - r.planned)
}
