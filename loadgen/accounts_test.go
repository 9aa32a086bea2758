package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"reactorbench/results"
)

// A simulation drives the accounts through virtual time, with a server of known behaviour at the other end, so that the histograms
// can be compared with a distribution that is calculated, on any machine, however busy.
//
// The server handles one request after the other, each in cost, and stands still for the first stop of every period.
type simulation struct {
	*accounts
	cost, stop, period int64
	late               func() int64 // how late the engine comes to a planned request
	lateRead           func() int64 // and to a reply

	now    int64
	free   int64 // when the server is through with all that it has
	coming []arrival
}

// An arrival is bytes on their way to the client.
type arrival struct {
	at     int64
	stream int
	n      int
}

func simulate(t *testing.T, p Plan, length time.Duration, change func(*simulation)) (*simulation, Tally) {
	t.Helper()
	p.All, p.Shares = p.Conns, max(p.Shares, 1)
	s := &simulation{
		accounts: newAccounts(p), cost: int64(5 * time.Microsecond), stop: int64(100 * time.Millisecond), period: int64(time.Second),
		late: func() int64 { return 0 }, lateRead: func() int64 { return 0 },
	}
	if change != nil {
		change(s)
	}
	s.startPlan(0)
	s.open.announce(&span{from: 0, until: int64(length)})
	s.begin(0)
	for s.phase == measuring {
		if !s.turn() || s.now >= int64(length) {
			s.end(s.now)
		}
	}
	for !s.drained(s.now) && s.turn() {
	}
	tally, err := s.finish(max(s.now, int64(length)+int64(p.Patience)))
	if err != nil {
		t.Fatal(err)
	}
	return s, tally
}

// turn moves time to what comes next, a planned request or a reply, and lets the accounts handle it. It returns false if nothing comes.
func (s *simulation) turn() bool {
	planned, more := s.nextPlanned()
	if len(s.coming) > 0 && (!more || s.coming[0].at <= planned) {
		reply := s.coming[0]
		s.coming = s.coming[1:]
		s.now = max(s.now, reply.at+s.lateRead())
		s.unread = s.now - reply.at
		stream := &s.streams[reply.stream]
		if err := s.read(stream, reply.n, s.now); err != nil {
			panic(err)
		}
		s.issue(stream, s.now)
		s.transmit(stream)
		return true
	}
	if !more {
		return false
	}
	s.now = max(s.now, planned+s.late())
	for _, i := range s.takeUp(s.now) {
		s.transmit(&s.streams[i])
	}
	return true
}

// transmit writes what is due; each whole request comes back when the server has handled it.
func (s *simulation) transmit(stream *stream) {
	for stream.sent < stream.due {
		n := int(s.sizes.at(stream.number, stream.begun))
		stream.wrote(n, s.now)
		if at := s.handle(); at < math.MaxInt64 {
			s.coming = append(s.coming, arrival{at, stream.index, n})
		}
	}
}

// handle is when the server has handled one more request.
func (s *simulation) handle() int64 {
	if s.stop >= s.period {
		return math.MaxInt64
	}
	s.free = max(s.free, s.now)
	if into := s.free % s.period; into < s.stop {
		s.free += s.stop - into
	}
	s.free += s.cost
	return s.free
}

// expected is the response time at a percentile, calculated. Requests come evenly at a rate, the server could do 1/cost of them, and
// stands still for stop in every period. A request that comes u after the start of a stop waits for its end and for the rate·u before
// it, which shrink by cost each:
//
//	response(u) = cost + stop − u·(1 − rate·cost)    until that is down to cost, and cost after that
//
// So a share u*/period of all, u* = stop/(1 − rate·cost), is spread evenly between cost and cost + stop, and the others take cost.
func (s *simulation) expected(percent, rate float64) float64 {
	cost, stop := float64(s.cost), float64(s.stop)
	slow := stop / (1 - rate*cost/1e9) / float64(s.period)
	above := (percent/100 - (1 - slow)) / slow
	return cost + stop*max(0, above)
}

// TestResponseTimesAgreeWithCalculation is the proof of the open loop: with stops of 100 ms in every second the response percentiles must be
// those of the calculated distribution within 2 %. The service times, which begin only when a place in flight falls free, must
// miss nearly all of the stops: that is what a generator without planned times would have shown.
func TestResponseTimesAgreeWithCalculation(t *testing.T) {
	const rate = 5000
	for name, depth := range map[string]int{"a place for each connection": 1, "no limit": 0} {
		t.Run(name, func(t *testing.T) {
			p := Plan{Conns: 4, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Depth: depth, Open: steadyAt(rate, false)}, Patience: time.Second}
			s, tally := simulate(t, p, 40*time.Second, nil)
			if tally.Offered != 40*rate || tally.Unanswered != 0 {
				t.Fatalf("%d offered, %d unanswered", tally.Offered, tally.Unanswered)
			}
			for _, percent := range []float64{50, 90, 99, 99.9} {
				got, want := float64(tally.Latencies.Percentile(percent)), s.expected(percent, rate)
				t.Logf("p%-5v response %10v, calculated %10v; service %10v, send lag %v", percent, time.Duration(got), time.Duration(want),
					time.Duration(tally.Service.Percentile(percent)), time.Duration(tally.SendLag.Percentile(percent)))
				if math.Abs(got/want-1) > 0.02 {
					t.Errorf("p%v is %v, calculated %v", percent, time.Duration(got), time.Duration(want))
				}
			}
			response, service := tally.Latencies.Percentile(99), tally.Service.Percentile(99)
			switch {
			case depth == 1 && service*1000 > response:
				t.Errorf("p99: service %v does not hide the stops of response %v", time.Duration(service), time.Duration(response))
			case depth == 0 && service != response:
				t.Errorf("p99: every request was sent in time, and yet service %v differs from response %v", time.Duration(service), time.Duration(response))
			}
			checkAccounts(t, tally, 40*time.Second)
		})
	}
}

// The check must be able to fail: a generator that forgot the planned times would show the service times instead.
func TestTheProofCanFail(t *testing.T) {
	const rate = 5000
	p := Plan{Conns: 4, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Depth: 1, Open: steadyAt(rate, false)}, Patience: time.Second}
	s, tally := simulate(t, p, 10*time.Second, nil)
	if want := s.expected(99, rate); math.Abs(float64(tally.Service.Percentile(99))/want-1) <= 0.02 {
		t.Error("service times pass for response times")
	}
}

// checkAccounts holds a tally to the identities of every run: each request has all its times, response = send lag + service on
// average, and Little's law.
func checkAccounts(t *testing.T, tally Tally, length time.Duration) {
	t.Helper()
	m := Measurement{Counts: tally.Counts, Wall: length, Conducted: length}
	if doubts := m.openDoubts(time.Second); tally.Unanswered == 0 && len(doubts) > 0 {
		t.Errorf("%q", doubts)
	}
	if broken := brokenLaws(Workload{Loop: "open"}, m); len(broken) > 0 {
		t.Errorf("%q", broken)
	}
	if got, want := mean(tally.Latencies), mean(tally.SendLag)+mean(tally.Service); math.Abs(got/want-1) > 0.01 {
		t.Errorf("mean response %v, send lag + service %v", time.Duration(got), time.Duration(want))
	}
}

func mean(h *results.Histogram) float64 { return h.HDR().Mean() }

// A generator that is late itself lengthens response and send lag alike, leaves service alone, and the lateness is counted as its own.
func TestLatenessIsTheGeneratorsOwn(t *testing.T) {
	const lateness = 300 * time.Microsecond
	for name, generatorIsLate := range map[string]bool{"the generator is late": true, "the server stops": false} {
		p := Plan{Conns: 64, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Depth: 1, Open: steadyAt(1000, true)}, Patience: time.Second}
		_, tally := simulate(t, p, 10*time.Second, func(s *simulation) {
			if generatorIsLate {
				s.stop, s.late = 0, func() int64 { return int64(lateness) }
			}
		})
		late, lag, service := tally.Late.Percentile(99), tally.SendLag.Percentile(99), tally.Service.Percentile(99)
		if generatorIsLate && (late < int64(lateness) || lag < int64(lateness) || service > int64(lateness)/10) {
			t.Errorf("%s: late %v, send lag %v, service %v", name, time.Duration(late), time.Duration(lag), time.Duration(service))
		}
		if !generatorIsLate && (late > int64(time.Microsecond) || lag < int64(10*time.Millisecond)) {
			t.Errorf("%s: late %v, send lag %v", name, time.Duration(late), time.Duration(lag))
		}
	}
}

// Requests that are never answered stay in the histogram with the time that they had waited, and so do those that were never sent.
func TestUnansweredRequestsAreKept(t *testing.T) {
	const rate, patience = 1000, 3 * time.Second
	for name, c := range map[string]struct{ depth, unsent int }{"sent at once": {0, 0}, "waiting for a place": {1, 2*rate - 4}} {
		p := Plan{Conns: 4, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Depth: c.depth, Open: steadyAt(rate, false)}, Patience: patience}
		_, tally := simulate(t, p, 2*time.Second, func(s *simulation) { s.stop = s.period })
		if tally.Offered != 2*rate || tally.Unanswered != 2*rate || tally.Unsent != int64(c.unsent) || tally.Latencies.Count() != 2*rate {
			t.Errorf("%s: %d offered, %d unanswered, %d of them unsent (want %d), %d in the histogram", name,
				tally.Offered, tally.Unanswered, tally.Unsent, c.unsent, tally.Latencies.Count())
		}
		if shortest, longest := time.Duration(tally.Latencies.Min()), time.Duration(tally.Latencies.Max()); shortest < patience-patience/500 || longest < patience+2*time.Second-10*time.Millisecond {
			t.Errorf("%s: ages from %v to %v", name, shortest, longest)
		}
	}
}

// Whatever the schedule, the sizes, the limit and the server's pace, every request is counted once and the books balance.
func TestBooksBalanceUnderRandomLoads(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		length := time.Duration(1+random.IntN(3)) * time.Second
		p := Plan{
			Conns: 1 + random.IntN(40), Seed: random.Uint64(), Patience: time.Minute,
			Sizes:    mixed([]SizeShare{{64, 0.9}, {5000, 0.1}}, 1),
			Schedule: Schedule{Depth: random.IntN(4), Open: steadyAt(float64(100+random.IntN(20_000)), random.IntN(2) == 0)},
		}
		_, tally := simulate(t, p, length, func(s *simulation) {
			s.cost, s.stop = int64(random.IntN(40_000)), int64(random.IntN(int(200*time.Millisecond)))
			s.late = func() int64 { return int64(random.IntN(1000)) }
		})
		if tally.Unanswered != 0 || tally.Offered == 0 {
			t.Fatalf("plan %+v: %d of %d unanswered", p, tally.Unanswered, tally.Offered)
		}
		checkAccounts(t, tally, length)
	}
}

// The steady state allocates nothing: requests, replies and arrivals all live in memory of the start.
func TestAccountsDoNotAllocate(t *testing.T) {
	a := newAccounts(Plan{Conns: 16, All: 16, Shares: 1, Seed: 1, Sizes: fixedSize(64), Schedule: Schedule{Open: steadyAt(1e6, true)}, Patience: time.Second})
	a.open.announce(&span{from: 0, until: math.MaxInt64})
	a.begin(0)
	now := int64(0)
	step := func() {
		now += 20_000
		for _, i := range a.takeUp(now) {
			s := &a.streams[i]
			n := len(s.toSend(a.payload))
			s.wrote(n, now)
			if err := a.read(s, n, now+10); err != nil {
				t.Fatal(err)
			}
		}
	}
	step()
	if n := testing.AllocsPerRun(10_000, step); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
	if a.total < 100_000 {
		t.Errorf("only %d requests", a.total)
	}
}

// Bytes that have just fallen due have waited for nothing, however long the process has run before its first connection.
func TestWhatHasJustFallenDueIsNotStuck(t *testing.T) {
	p := plan("", 1, 1, 64)
	p.Patience = 5 * time.Second
	a := newAccounts(p)
	s := &a.streams[0]
	a.issue(s, int64(100*time.Second))
	if err := a.overdue(s, int64(100*time.Second+10*time.Millisecond)); err != nil {
		t.Error(err)
	}
	if err := a.overdue(s, int64(106*time.Second)); err == nil {
		t.Error("bytes that nobody takes for 6 s are no fault")
	}
}
