package main

import "time"

// A stream is one connection's account: what is due, what was sent, what came back. It does no input or output and belongs to
// the engine that does.
//
//	0 ── answered ── begun ── released ── queued ──►   requests
//	0 ── received ── sent ─── due ──────────────►      bytes
//
// Each is at most the next. A queued request waits in the client until one of the limit places in flight falls free; a released
// one may be written, and has begun when its first byte was.
type stream struct {
	number int // of the connection in the whole run
	index  int // of the stream in its engine
	limit  int64
	last   int64 // requests of this connection and those before it in its place; noLimit if it lives for the whole cell
	before int64 // bytes of the connections before it

	answered, begun, released, queued int64
	received, sent, due               int64
	answeredEnd, begunEnd, queuedEnd  int64 // offset behind the last request of each kind
	movedAt                           int64 // clock when the kernel last took bytes or first took none, or when bytes fell due; of a stream with bytes due alone

	sendingPlace, receivedPlace int // of sent and received in the payload's table

	ring []request // request k at k modulo its length, a power of two; answered ones are overwritten
	lost bool      // a fault ended the connection: nothing moves any more
}

// A request's times are readings of clock.
type request struct {
	planned int64 // when it should have been sent; in the closed loop when its place fell free
	sent    int64 // the write of its first byte; planned until then
	end     int64 // offset in the stream behind its last byte

	behind, ahead int64 // ns, of the open loop: see lateness
}

// noLimit is a limit on requests in flight that is none.
const noLimit = 1 << 40

func newStreams(p Plan, load *payload) []stream {
	streams := make([]stream, p.Conns)
	room, limit := p.Schedule.ringSize(p.Conns), p.Schedule.limit()
	rings := make([]request, p.Conns*room) // one piece of memory for all
	for i := range streams {
		place := load.start(p.First + i)
		streams[i] = stream{
			number: p.First + i, index: i, limit: limit, last: p.lifetime(), sendingPlace: place, receivedPlace: place,
			ring: rings[i*room : (i+1)*room : (i+1)*room],
		}
	}
	return streams
}

func (s *stream) inFlight() int { return int(s.queued - s.answered) }

func (s *stream) request(k int64) *request { return &s.ring[k&int64(len(s.ring)-1)] }

// queue adds a request of so many bytes. It becomes due by release.
func (s *stream) queue(planned, size int64) {
	if s.queued-s.answered == int64(len(s.ring)) {
		s.grow()
	}
	s.queuedEnd += size
	*s.request(s.queued) = request{planned: planned, sent: planned, end: s.queuedEnd}
	s.queued++
}

// grow doubles the ring. Only the open loop comes here, and only while requests pile up.
func (s *stream) grow() {
	old, before := *s, s.ring
	s.ring = make([]request, 2*len(before))
	for k := s.answered; k < s.queued; k++ {
		*s.request(k) = *old.request(k)
	}
}

// release makes due what the limit and the connection's life allow.
func (s *stream) release() {
	if released := min(s.queued, s.answered+s.limit, s.last); released > s.released {
		s.released = released
		s.due = s.request(released - 1).end
	}
}

// isSpent reports whether the connection has had all its requests, so that a new one should take its place.
func (s *stream) isSpent() bool { return s.answered == s.last }

// renew begins the account of a new connection with its own number; requests that were queued wait for it.
func (s *stream) renew(p Plan, load *payload) {
	s.number += p.All
	s.last += p.lifetime()
	s.before = s.received
	s.sendingPlace = load.start(s.number)
	s.receivedPlace = s.sendingPlace
}

// toSend is the piece to write now; empty when nothing is due.
func (s *stream) toSend(load *payload) []byte {
	return load.piece(s.sendingPlace, int(min(s.due-s.sent, largestPiece)))
}

// wrote accounts for a write at now that took n bytes.
func (s *stream) wrote(n int, now int64) {
	s.movedAt = now
	s.sent += int64(n)
	s.sendingPlace = advance(s.sendingPlace, n)
	begun, end := s.begun, s.begunEnd
	for ; end < s.sent; begun++ {
		r := s.request(begun)
		r.sent = now
		end = r.end
	}
	s.begun, s.begunEnd = begun, end
}

// read accounts for n bytes that came. The requests from before to answered are complete now; they stay in the ring until others
// are queued.
func (s *stream) read(n int) (before int64, err error) {
	before = s.answered
	s.received += int64(n)
	s.receivedPlace = advance(s.receivedPlace, n)
	if s.received > s.sent {
		return before, faultOf(extraBytes, "connection %d got %d bytes more than it had sent (%d)", s.number, s.received-s.sent, s.sent)
	}
	answered := before
	for answered < s.begun && s.request(answered).end <= s.received {
		answered++
	}
	if answered > before {
		s.answered, s.answeredEnd = answered, s.request(answered-1).end
	}
	return before, nil
}

// stuck is a fault if the server has taken nothing for longer than patience while bytes were due.
func (s *stream) stuck(now int64, patience time.Duration) error {
	if s.sent == s.due || now-s.movedAt <= int64(patience) {
		return nil
	}
	if s.sent == s.before {
		return faultOf(late, "connection %d was not made within %.1f s", s.number, time.Duration(now-s.movedAt).Seconds())
	}
	return s.noRoom(s.due-s.sent, time.Duration(now-s.movedAt))
}

// noRoom is the fault of a server that has taken none of the bytes left for so long.
func (s *stream) noRoom(left int64, waited time.Duration) error {
	return faultOf(stoppedReading, "the server does not read connection %d: %d of %d bytes have found no room for %.1f s",
		s.number, left, s.due, waited.Seconds())
}

// talkative is the fault of n bytes that came when all was answered.
func (s *stream) talkative(n int) error {
	return faultOf(extraBytes, "connection %d got %d bytes more than it had sent (%d)", s.number, n, s.sent)
}

// overdue is a fault if the oldest request, sent or not, has waited for longer than patience.
func (s *stream) overdue(now int64, patience time.Duration) error {
	if s.answered == s.queued {
		return nil
	}
	waited := now - s.request(s.answered).sent
	if waited <= int64(patience) {
		return nil
	}
	return faultOf(late, "connection %d has waited %.1f s for %d of the %d bytes that it sent",
		s.number, time.Duration(waited).Seconds(), s.sent-s.received, s.sent)
}

// closedEarly is the fault of an end of stream while an echo was owed, or before the client closed.
func (s *stream) closedEarly() error {
	return faultOf(closedEarly, "the server closed connection %d after %d bytes of echo, with %d still owed", s.number, s.received-s.before, s.sent-s.received)
}

// balanced checks at the end that every byte sent came back and that the bytes are whole requests.
func (s *stream) balanced() error {
	if s.sent != s.received || s.sent != s.queuedEnd || s.queued != s.answered {
		return faultOf(unbalanced, "connection %d does not balance: %d bytes out, %d in, %d of %d requests answered", s.number, s.sent, s.received, s.answered, s.queued)
	}
	return nil
}
