package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func newStream(depth int) (*stream, *payload) {
	load := newPayload(1)
	streams := newStreams(Plan{Conns: 1, Schedule: Schedule{Depth: depth}}, load)
	return &streams[0], load
}

// newTestAccounts is one connection of a closed loop without an engine.
func newTestAccounts(depth int, sizes sizes) *accounts {
	return newAccounts(Plan{Conns: 1, All: 1, Shares: 1, Sizes: sizes, Schedule: Schedule{Depth: depth}, Patience: time.Second})
}

// TestStreamCountsWhateverThePieces sends and receives requests of changing sizes in random pieces and compares with an account of
// whole requests.
func TestStreamCountsWhateverThePieces(t *testing.T) {
	const seed = 3
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		steps := make([]int, 1+random.IntN(5))
		for i := range steps {
			steps[i] = 1 + random.IntN(300)
		}
		depth := 1 + random.IntN(20)
		a := newTestAccounts(depth, ladder(steps))
		a.begin(0)
		s, now := &a.streams[0], int64(1000)
		var sentAt, ends []int64 // of each request, kept apart
		var want, end int64      // sum of latencies
		for k := range 400 {
			end += int64(steps[k%len(steps)])
			ends = append(ends, end)
		}
		for s.answered < 200 {
			now += int64(random.IntN(1000))
			a.issue(s, now)
			if piece := s.toSend(a.payload); len(piece) > 0 && random.IntN(2) == 0 {
				n := 1 + random.IntN(len(piece))
				for k := len(sentAt); k == 0 || ends[k-1] < s.sent+int64(n); k++ {
					sentAt = append(sentAt, now)
				}
				s.wrote(n, now)
			}
			if there := int(s.sent - s.received); there > 0 {
				before := s.answered
				if err := a.read(s, 1+random.IntN(there), now); err != nil {
					t.Fatal(err)
				}
				for k := before; k < s.answered; k++ {
					want += now - sentAt[k]
				}
				if ends[s.answered] <= s.received || s.answered > 0 && ends[s.answered-1] > s.received {
					t.Fatalf("%d answered by %d bytes", s.answered, s.received)
				}
			}
			if s.inFlight() > depth || a.inFlight != s.inFlight() || s.received > s.sent || s.sent > s.due {
				t.Fatalf("out of bounds: %+v", s)
			}
		}
		if a.tally.LatencySum != want || a.tally.Latencies.Count() != s.answered {
			t.Fatalf("sizes %v depth %d: sum of latencies %d, want %d; %d latencies of %d", steps, depth, a.tally.LatencySum, want, a.tally.Latencies.Count(), s.answered)
		}
	}
}

// However many requests wait for a place, at most depth of them are released, and none is lost or changed when the ring grows.
func TestReleasedRequestsKeepToTheLimit(t *testing.T) {
	s, _ := newStream(2)
	for k := range int64(1000) {
		s.queue(k, 10)
	}
	s.release()
	for k := range int64(1000) {
		if s.released-s.answered != min(2, 1000-k) || s.due != 10*s.released {
			t.Fatalf("after %d replies %d are released, %d bytes due", k, s.released, s.due)
		}
		s.wrote(int(s.due-s.sent), 5000+k)
		if r := *s.request(k); r.planned != k || r.end != 10*(k+1) {
			t.Fatalf("request %d became %+v", k, r)
		}
		if _, err := s.read(10); err != nil {
			t.Fatal(err)
		}
		s.release()
	}
	if err := s.balanced(); err != nil {
		t.Error(err)
	}
}

func TestMoreThanWasSentIsAnError(t *testing.T) {
	s, _ := newStream(1)
	s.queue(0, 64)
	s.release()
	s.wrote(64, 0)
	if _, err := s.read(65); err == nil || !strings.Contains(err.Error(), "1 bytes more than") {
		t.Errorf("error %v", err)
	}
}

func TestUnbalancedStreamIsAnError(t *testing.T) {
	s, _ := newStream(1)
	s.queue(0, 64)
	s.release()
	s.wrote(64, 0)
	if err := s.balanced(); err == nil {
		t.Error("an unanswered request balances")
	}
	s.read(64)
	if err := s.balanced(); err != nil {
		t.Error(err)
	}
}

func TestOverdue(t *testing.T) {
	s, _ := newStream(2)
	if err := s.overdue(int64(time.Hour), time.Second); err != nil {
		t.Errorf("nothing in flight: %v", err)
	}
	s.queue(0, 64)
	s.queue(0, 64)
	s.release()
	s.wrote(64, 0)                           // the first at 0
	s.wrote(64, int64(900*time.Millisecond)) // the second later
	if err := s.overdue(int64(time.Second), time.Second); err != nil {
		t.Errorf("in time: %v", err)
	}
	if err := s.overdue(int64(time.Second)+1, time.Second); err == nil || !strings.Contains(err.Error(), "connection 0 has waited 1.0 s for 128 of the 128 bytes") {
		t.Errorf("too late: %v", err)
	}
	s.read(64) // the oldest is the second now
	if err := s.overdue(int64(time.Second)+1, time.Second); err != nil {
		t.Errorf("after the first reply: %v", err)
	}
}

func TestStuck(t *testing.T) {
	s, _ := newStream(1)
	s.queue(0, 100)
	s.release()
	s.wrote(40, 0)
	if err := s.stuck(int64(time.Second), time.Second); err != nil {
		t.Errorf("in time: %v", err)
	}
	if err := s.stuck(int64(time.Second)+1, time.Second); err == nil || !strings.Contains(err.Error(), "does not read connection 0: 60 of 100 bytes") {
		t.Errorf("too late: %v", err)
	}
	s.wrote(60, int64(time.Second))
	if err := s.stuck(int64(time.Hour), time.Second); err != nil {
		t.Errorf("all sent: %v", err)
	}
}

// BenchmarkAccounts is what the accounting of one turn of a connection costs, without any system call.
func BenchmarkAccounts(b *testing.B) {
	for _, depth := range []int{1, 16} {
		b.Run(fmt.Sprint("depth ", depth), func(b *testing.B) {
			a := newTestAccounts(depth, fixedSize(64))
			a.begin(0)
			s, now := &a.streams[0], int64(0)
			for b.Loop() {
				now += 5000
				a.issue(s, now)
				n := len(s.toSend(a.payload))
				s.wrote(n, now)
				if err := a.read(s, n, now+3000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
