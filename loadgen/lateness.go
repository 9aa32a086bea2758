package main

import "reactorbench/results"

// A lateness bounds what the generator's own unevenness has done to each response time of an open loop, so that a percentile can be
// judged by itself: a generator that is late once in a hundred times says little about p99 and much about p50.
//
// A generator that is late by the same for each request has another plan, shifted, and nothing else. So only what differs from its usual
// lateness counts, which is the median of the warm-up; whatever value stands there the bounds hold, the median makes them narrow. Sent
// at its planned time and the usual lateness, a request would have been answered
//
//	at least after  response − behind    behind: how much later than usual it was sent, and its reply read
//	at most after   response + ahead     ahead: how much earlier
//
// Where several are sent at once each also waits for those before it. A server that takes requests in the order in which they come, and
// does not work longer on a request because it comes earlier, answers none later by more than the worst lateness among it and those
// before it since the server last had nothing to do: D(n) = max(A(n), D(n−1)) + s(n) does not grow by more than its largest A does. So
// all that are sent at once have the lateness of the worst of them, and those that come behind have it too, until everything is answered:
// then the server had nothing to do, and what it does next it does for what is sent next.
//
// Of several engines none knows when everything is answered. There what was late melts, by the time for which the server would have had nothing
// to do, 1−ρ of all: at ρ ≤ 0.8 it is gone after 5·d on average, and after 16·d but for chance. Where the server is busier, spread bounds all
// requests by the worst.
//
// Against virtual servers that were busy for 5 to 95 % of the time the bounds held (lateness_test.go); with a limit in flight, where a
// late reply holds the next request up, to within 3 %. What they do not know: the lateness of another engine's requests, and a server
// that works on many requests at once.
type lateness struct {
	alone            bool // the only engine
	sending, reading usual
	behind, ahead    carried
}

const (
	// carriedFor is how many times as long as a lateness it may be felt, in a server that is busy for tooBusy of the time.
	carriedFor = 16
	tooBusy    = 0.8
)

// A usual is how late something is most of the time.
type usual struct {
	ns   int64
	seen *results.Histogram // of the warm-up; nil once that is over
}

func newLateness(alone bool) lateness {
	return lateness{alone: alone, sending: usual{seen: results.NewHistogram()}, reading: usual{seen: results.NewHistogram()}}
}

func (u *usual) note(ns int64) {
	if u.seen != nil {
		u.seen.Record(ns)
	}
}

func (u *usual) settle() {
	if u.seen != nil && u.seen.Count() > 0 {
		u.ns = u.seen.Percentile(50)
	}
	u.seen = nil
}

// beyond is how much more than usual ns is, and how much less: one of them is 0.
func (u *usual) beyond(ns int64) (more, less int64) {
	return max(0, ns-u.ns), max(0, u.ns-ns)
}

// settle is called once, before the window: finding a median takes longer than a request.
func (l *lateness) settle() {
	l.sending.settle()
	l.reading.settle()
	l.behind, l.ahead = carried{lasts: l.alone}, carried{}
}

// answered forgets what was late before, since nothing is in flight any more. What was sent too early is another matter: later, it would
// have met what came after it.
func (l *lateness) answered(now int64) {
	if l.alone {
		l.behind = carried{at: now, lasts: true}
	}
}

// sent notes a request that is sent at now, ns after its planned time, and returns the bounds for it.
func (l *lateness) sent(ns, now int64) (behind, ahead int64) {
	l.sending.note(ns)
	more, less := l.sending.beyond(ns)
	return l.behind.with(more, now), l.ahead.with(less, now)
}

// A carried is the worst of several latenesses, as far as it is still felt.
type carried struct {
	ns, at int64
	lasts  bool // and does not melt
}

// with notes another one and returns the worst that is felt at now. One that shows only when its reply comes is noted behind those of
// requests that were sent since, which it may still outlast.
func (c *carried) with(ns, now int64) int64 {
	if now < c.at {
		c.ns = max(c.ns, c.left(ns, c.at-now))
		return ns
	}
	if left := c.left(c.ns, now-c.at); left > ns {
		return left
	}
	c.ns, c.at = ns, now
	return ns
}

// left is what ns has become after so long.
func (c *carried) left(ns, after int64) int64 {
	if c.lasts {
		return ns
	}
	return max(0, ns-after/carriedFor)
}

// unknown is how long a reply has lain unread where the kernel does not tell.
const unknown = -1

// boundsOf are those of a request whose reply was read at now.
func (a *accounts) boundsOf(s *stream, r *request, now int64) (behind, ahead int64) {
	l := &a.open.lateness
	behind = r.behind
	if s.limit == noLimit && r.sent > r.planned { // no place was waited for: until it was written it was the generator's turn
		more, _ := l.sending.beyond(r.sent - r.planned)
		behind = max(behind, l.behind.with(more, r.sent))
	}
	if a.unread == unknown {
		if a.open.counts(r.planned) {
			a.tally.Unseen++
		}
		return behind, r.ahead
	}
	l.reading.note(a.unread)
	more, less := l.reading.beyond(a.unread)
	if s.limit != noLimit { // a reply that is read late frees its place late
		behind = max(behind, l.behind.with(more, now))
	}
	return behind + more, r.ahead + less
}

// recordBounds keeps what a response time would have been at least and at most.
func (a *accounts) recordBounds(response, behind, ahead int64) {
	a.tally.Least.Record(response - behind)
	a.tally.Most.Record(response + ahead)
	a.tally.WorstBehind, a.tally.WorstAhead = max(a.tally.WorstBehind, behind), max(a.tally.WorstAhead, ahead)
}

// spread makes the worst lateness of any request that of all, which holds however busy the server was.
func (m *Measurement) spread() {
	m.Least, m.Most = m.Latencies.Shifted(-m.WorstBehind), m.Latencies.Shifted(m.WorstAhead)
}
