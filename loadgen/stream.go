package main

import (
	"fmt"
	"time"

	"reactorbench/results"
)

// A stream is one connection's account: what is due, what was sent, what came back. It does no input or output and belongs to
// the engine that does.
//
//	0 ── received ── sent ── due ──►   bytes of the connection
//
// received ≤ sent ≤ due always. Request k is the bytes from k × messageBytes on.
type stream struct {
	number       int // of the connection in the whole run
	messageBytes int64

	due, sent, received         int64
	sendingPlace, receivedPlace int // of sent and received in the payload's table

	issued, answered int64   // requests
	sentAt           []int64 // clock at the write of request k's first byte, at k modulo depth
}

func newStreams(p Plan, load *payload) []stream {
	streams := make([]stream, p.Conns)
	stamps := make([]int64, p.Conns*p.Schedule.Depth) // one piece of memory for all
	for i := range streams {
		place := load.start(p.First + i)
		streams[i] = stream{
			number: p.First + i, messageBytes: int64(p.MessageBytes),
			sendingPlace: place, receivedPlace: place,
			sentAt: stamps[i*p.Schedule.Depth : (i+1)*p.Schedule.Depth],
		}
	}
	return streams
}

func (s *stream) inFlight() int { return int(s.issued - s.answered) }

// issue makes n more requests due. Their time is now until the write of their first byte says better.
func (s *stream) issue(n int, now int64) {
	for range n {
		s.sentAt[s.issued%int64(len(s.sentAt))] = now
		s.issued++
	}
	s.due += int64(n) * s.messageBytes
}

// toSend is the piece to write now; empty when nothing is due.
func (s *stream) toSend(load *payload) []byte {
	return load.piece(s.sendingPlace, int(min(s.due-s.sent, largestPiece)))
}

// wrote accounts for a write at now that took n bytes.
func (s *stream) wrote(n int, now int64) {
	before := s.sent
	s.sent += int64(n)
	s.sendingPlace = advance(s.sendingPlace, n)
	first := (before + s.messageBytes - 1) / s.messageBytes // the first request that begins within this write
	for k := first; k*s.messageBytes < s.sent; k++ {
		s.sentAt[k%int64(len(s.sentAt))] = now
	}
}

// read accounts for n bytes that came at now and returns how many requests they complete. Each goes into latencies, those
// with the same send time together.
func (s *stream) read(n int, now int64, latencies *results.Histogram, sum *int64) (completed int, err error) {
	s.received += int64(n)
	s.receivedPlace = advance(s.receivedPlace, n)
	if s.received > s.sent {
		return 0, fmt.Errorf("connection %d got %d bytes more than it had sent (%d)", s.number, s.received-s.sent, s.sent)
	}
	answered := s.received / s.messageBytes
	for k := s.answered; k < answered; {
		at, same := s.sentAt[k%int64(len(s.sentAt))], int64(1)
		for k+same < answered && s.sentAt[(k+same)%int64(len(s.sentAt))] == at {
			same++
		}
		latencies.RecordTimes(now-at, same)
		*sum += (now - at) * same
		k += same
	}
	completed = int(answered - s.answered)
	s.answered = answered
	return completed, nil
}

// oldest is when the oldest unanswered request was sent.
func (s *stream) oldest() int64 { return s.sentAt[s.answered%int64(len(s.sentAt))] }

// overdue is an error if a request has waited for longer than patience.
func (s *stream) overdue(now int64, patience time.Duration) error {
	if s.inFlight() == 0 || now-s.oldest() <= int64(patience) {
		return nil
	}
	return fmt.Errorf("connection %d has waited %.1f s for %d of the %d bytes that it sent",
		s.number, time.Duration(now-s.oldest()).Seconds(), s.sent-s.received, s.sent)
}

// closedEarly is the error of an end of stream while an echo was owed, or before the client closed.
func (s *stream) closedEarly() error {
	return fmt.Errorf("the server closed connection %d after %d bytes of echo, with %d still owed", s.number, s.received, s.sent-s.received)
}

// balanced checks at the end that every byte sent came back and that the bytes are whole requests.
func (s *stream) balanced() error {
	if s.sent != s.received || s.sent != s.answered*s.messageBytes || s.issued != s.answered {
		return fmt.Errorf("connection %d does not balance: %d bytes out, %d in, %d of %d requests answered", s.number, s.sent, s.received, s.answered, s.issued)
	}
	return nil
}
