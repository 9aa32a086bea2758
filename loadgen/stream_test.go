package main

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

func newStream(messageBytes, depth int) (*stream, *payload) {
	load := newPayload(1)
	streams := newStreams(Plan{Conns: 1, MessageBytes: messageBytes, Schedule: Schedule{Depth: depth}}, load)
	return &streams[0], load
}

// TestStreamCountsWhateverThePieces sends and receives in random pieces and compares with an account of whole requests.
func TestStreamCountsWhateverThePieces(t *testing.T) {
	const seed = 3
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		size, depth := 1+random.IntN(300), 1+random.IntN(20)
		s, load := newStream(size, depth)
		latencies, sum, now := results.NewHistogram(), int64(0), int64(1000)
		var sentAt []int64 // of each request, kept apart
		var want int64     // sum of latencies
		for s.answered < 200 {
			now += int64(random.IntN(1000))
			s.issue(Schedule{Depth: depth}.Due(s.inFlight()), now)
			if piece := s.toSend(load); len(piece) > 0 && random.IntN(2) == 0 {
				n := 1 + random.IntN(len(piece))
				for k := int64(len(sentAt)); k*int64(size) < s.sent+int64(n); k++ {
					sentAt = append(sentAt, now)
				}
				s.wrote(n, now)
			}
			if there := int(s.sent - s.received); there > 0 {
				n, before := 1+random.IntN(there), s.answered
				completed, err := s.read(n, now, latencies, &sum)
				if err != nil {
					t.Fatal(err)
				}
				if int64(completed) != s.answered-before || s.answered != s.received/int64(size) {
					t.Fatalf("%d completed, %d → %d answered", completed, before, s.answered)
				}
				for k := before; k < s.answered; k++ {
					want += now - sentAt[k]
				}
			}
			if s.inFlight() > depth || s.received > s.sent || s.sent > s.due {
				t.Fatalf("out of bounds: %+v", s)
			}
		}
		if sum != want || latencies.Count() != s.answered {
			t.Fatalf("size %d depth %d: sum of latencies %d, want %d; %d latencies of %d", size, depth, sum, want, latencies.Count(), s.answered)
		}
	}
}

func TestMoreThanWasSentIsAnError(t *testing.T) {
	s, _ := newStream(64, 1)
	s.issue(1, 0)
	s.wrote(64, 0)
	var sum int64
	if _, err := s.read(65, 1, results.NewHistogram(), &sum); err == nil || !strings.Contains(err.Error(), "1 bytes more than") {
		t.Errorf("error %v", err)
	}
}

func TestUnbalancedStreamIsAnError(t *testing.T) {
	s, _ := newStream(64, 1)
	s.issue(1, 0)
	s.wrote(64, 0)
	if err := s.balanced(); err == nil {
		t.Error("an unanswered request balances")
	}
	var sum int64
	s.read(64, 1, results.NewHistogram(), &sum)
	if err := s.balanced(); err != nil {
		t.Error(err)
	}
}

func TestOverdue(t *testing.T) {
	s, _ := newStream(64, 2)
	if err := s.overdue(int64(time.Hour), time.Second); err != nil {
		t.Errorf("nothing in flight: %v", err)
	}
	s.issue(2, 0)
	s.wrote(64, 0)                           // the first at 0
	s.wrote(64, int64(900*time.Millisecond)) // the second later
	if err := s.overdue(int64(time.Second), time.Second); err != nil {
		t.Errorf("in time: %v", err)
	}
	if err := s.overdue(int64(time.Second)+1, time.Second); err == nil || !strings.Contains(err.Error(), "connection 0 has waited 1.0 s for 128 of the 128 bytes") {
		t.Errorf("too late: %v", err)
	}
	var sum int64
	s.read(64, int64(time.Second), results.NewHistogram(), &sum) // the oldest is the second now
	if err := s.overdue(int64(time.Second)+1, time.Second); err != nil {
		t.Errorf("after the first reply: %v", err)
	}
}
