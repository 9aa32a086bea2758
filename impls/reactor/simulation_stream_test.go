package reactor

import "fmt"

// A stream is what a client sends and what it gets back, whoever the client is.
type stream struct {
	w                  *world
	id                 int
	total              int // bytes that it means to send
	sent, got          int
	finSent, done      bool
	rude               bool // the client resets or vanishes, so anything may happen to it
	patient            bool // the client sends FIN only when all has come back
	hurt               bool // a fault or a decision of the server ended the echo
	promised           int  // bytes that the server has echoed when it closed by itself; 0: it does not
	connected, refused bool
	waits              func() string
}

func (s *stream) String() string {
	text := fmt.Sprintf("client %d: sent %d of %d, got %d, FIN sent %v, hurt %v, rude %v", s.id, s.sent, s.total, s.got, s.finSent, s.hurt, s.rude)
	if s.waits != nil {
		text += ", " + s.waits()
	}
	return text
}

// pattern is byte number i of stream id: different at each place and for each stream.
func (s *stream) pattern(i int) byte {
	x := uint32(i)*2654435761 ^ uint32(s.id+1)*2246822519
	return byte(x>>24 ^ x>>11)
}

// next fills p with what is to be sent next.
func (s *stream) next(p []byte) []byte {
	p = p[:min(len(p), s.total-s.sent)]
	for i := range p {
		p[i] = s.pattern(s.sent + i)
	}
	return p
}

// receive holds what came against what was sent: every byte once, in order, and no one else's.
func (s *stream) receive(p []byte) {
	if s.got+len(p) > s.sent {
		s.w.fail("more came back than was sent: %v and %d bytes", s, len(p))
		return
	}
	for i, c := range p {
		if c != s.pattern(s.got+i) {
			s.w.fail("byte %d is wrong: %v", s.got+i, s)
			return
		}
	}
	s.got += len(p)
}

// fin is the end of what comes back. Only after our own FIN, and after all.
func (s *stream) fin() {
	complete := s.finSent && s.got == s.sent
	if s.promised > 0 {
		complete = s.got == s.promised
	}
	if !complete && !s.hurt && !s.rude {
		s.w.fail("FIN came too early (the server promised %d): %v", s.promised, s)
	}
	s.finish()
}

// rst is an end that nobody has asked for, unless something has happened to the connection.
func (s *stream) rst(err error) {
	if !s.hurt && !s.rude && s.connected {
		s.w.fail("%v came: %v", err, s)
	}
	s.finish()
}

func (s *stream) finish() {
	if s.done {
		return
	}
	s.done = true
	s.w.k.Progress++
	s.w.k.Note(s.id, s.sent, s.got, "client done")
	s.w.clientDone()
}
