package reactor

import (
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend/simulated"
)

// A peer is a client outside of the process. It sends in pieces, reads when it likes to, and ends in its own way.
type peer struct {
	*stream
	end       *simulated.End
	manner    manner
	deaf      bool // does not read for now
	scheduled bool
	act       func() // made once
	tries     int
}

// A manner is how a peer ends.
type manner int

const (
	polite    manner = iota // waits for all of its echo, then sends FIN
	hasty                   // sends FIN right after its last byte
	slow                    // like hasty, and reads a few bytes at a time
	late                    // like hasty, and reads nothing for a while
	resetting               // sends RST in the middle
	vanishing               // closes in the middle, whatever is unread
	manners
)

func newPeer(s *stream) {
	p := &peer{stream: s, manner: manner(s.w.k.Choose(int(manners)))}
	s.rude, s.patient = p.manner >= resetting, p.manner == polite
	p.act = p.turn
	s.waits = func() string { return "a peer" }
	s.w.k.After(s.w.k.Soon(), p.dial)
}

func (p *peer) dial() {
	k := p.w.k
	end, err := k.Dial(simulatedPort)
	if err != nil {
		if p.tries++; p.tries > 20 {
			p.finish()
			return
		}
		k.After(time.Duration(p.tries)*10*time.Millisecond, p.dial)
		return
	}
	p.end, p.connected = end, true
	p.w.byClient[end] = p.stream
	end.OnChange(p.schedule)
	if p.manner == late {
		p.deaf = true
		k.After(k.Soon()*10, p.listen)
	}
	if p.rude {
		k.After(k.Soon()*2, p.quit)
	}
	p.schedule()
}

func (p *peer) listen() {
	p.deaf = false
	p.schedule()
}

func (p *peer) quit() {
	if p.done {
		return
	}
	if p.manner == resetting {
		p.end.Abort()
	} else {
		p.end.Close()
	}
	p.finish()
}

// schedule has the peer go on soon. It is called for every change, so that a peer that waits in vain is one whose end does not change.
func (p *peer) schedule() {
	if p.scheduled || p.done {
		return
	}
	p.scheduled = true
	p.w.k.After(p.w.k.Soon(), p.act)
}

func (p *peer) turn() {
	p.scheduled = false
	if p.done {
		return
	}
	sent := p.send()
	got := !p.done && !p.deaf && p.read()
	if sent || got {
		p.schedule()
	}
}

func (p *peer) send() bool {
	if p.finSent {
		return false
	}
	if p.sent == p.total {
		if p.manner == polite && p.got < p.sent {
			return false
		}
		p.finSent = true
		p.end.CloseWrite()
		return true
	}
	var space [256]byte
	n, err := p.end.Write(p.next(space[:1+p.w.k.Choose(len(space))]))
	if err != nil && err != unix.EAGAIN {
		p.finSent = true // the server has ended the connection; reading will tell how
		if p.deaf {
			p.listen()
		}
		p.ended()
		return true
	}
	p.sent += max(0, n)
	return n > 0
}

// ended is for a peer that has learned it by a failed write: it may not learn it again by reading.
func (p *peer) ended() {
	if p.end.Lost {
		p.hurt = true
	}
	if p.promised > 0 {
		return // what was promised is still to be read
	}
	p.rst(unix.EPIPE)
}

func (p *peer) read() bool {
	var space [2048]byte
	most := 1 + p.w.k.Choose(len(space))
	if p.manner == slow {
		most = 1 + p.w.k.Choose(20)
	}
	n, err := p.end.Read(space[:most])
	switch {
	case n > 0:
		p.receive(space[:n])
		return true
	case err == nil:
		p.end.Close()
		p.fin()
	case err != unix.EAGAIN:
		if p.end.Lost {
			p.hurt = true
		}
		p.end.Close()
		p.rst(err)
	}
	return false
}

// openOrigin is the server elsewhere: an echo that reads and writes whenever it can.
func (w *world) openOrigin() {
	look := func() {
		if end := w.origin.Accept(); end != nil {
			w.echoOutside(end)
		}
	}
	w.origin.OnArrival(func() { w.k.After(w.k.Soon(), look) })
}

func (w *world) echoOutside(end *simulated.End) {
	var pending []byte
	ended := false
	turn := func() {
		for len(pending) > 0 {
			n, err := end.Write(pending)
			if err != nil {
				if err != unix.EAGAIN {
					end.Close()
				}
				return
			}
			pending = pending[n:]
		}
		var space [300]byte
		for !ended {
			n, err := end.Read(space[:])
			if n > 0 {
				pending = append(pending, space[:n]...)
				w.k.After(w.k.Soon(), end.Change)
				return
			}
			if err == unix.EAGAIN {
				return
			}
			ended = true
			end.Close()
		}
	}
	scheduled := false
	end.OnChange(func() {
		if !scheduled {
			scheduled = true
			w.k.After(w.k.Soon(), func() { scheduled = false; turn() })
		}
	})
	end.Change()
}
