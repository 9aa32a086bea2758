package reactor

import (
	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/evbuffer"
)

// A flight is a send that is under way. The kernel reads the bytes while it lasts, so they are out of everybody's reach, and the
// flight outlives its connection until it has landed.
type flight struct {
	connection *connection // nil when that has ended
	op         backend.Op
	bytes      evbuffer.Buffer
	flying     bool // what became of op has not been passed on, see connection.receiving
	taken      int  // when landed: how many of them the kernel has taken, or a negated error number
}

// mostExtents is the most that a Proactor sends at once.
const mostExtents = 128

// flush hears what the last send came to, and begins the next. There is at most one a connection: a second would not
// wait for what the first has left.
func (s *completion) flush(bev *BufferEvent, most int) (n int, err error) {
	c, err := s.of(bev)
	if err != nil {
		return 0, err
	}
	if bev.output.Frozen(evbuffer.Front) {
		return 0, evbuffer.ErrFrozen
	}
	f := c.flight
	if f == nil {
		f = s.flight()
		f.connection, c.flight = c, f
	} else if f.flying {
		return 0, errUnderWay
	} else if n, err = f.land(); err != nil {
		s.end(f)
		return 0, err
	}
	if c.flight == f && f.bytes.Len() == 0 {
		bev.output.RemoveTo(&f.bytes, most)
	}
	if c.flight != f { // a clean-up of what was sent, or a callback of the output, has closed it or given it another descriptor
		return n, ErrNeedMore // it is not the kernel that it waits for
	}
	switch bev.underWay = uint32(f.bytes.Len()); {
	case bev.underWay == 0:
		s.end(f)
		return n, nil
	case most == 0:
		return n, nil
	}
	if err = s.send(f, bev.FD()); err != nil {
		s.end(f)
	} else if n == 0 {
		err = errUnderWay
	}
	return n, err
}

func (s *completion) send(f *flight, fd int) error {
	extents := s.extents[:min(f.bytes.Peek(s.extents, -1), len(s.extents))]
	if len(extents) == 0 {
		return unix.EIO // a piece of a file that cannot be read
	}
	s.base.stats.Writes++
	err := s.ring.Send(&f.op, fd, extents)
	clear(extents)
	f.flying = err == nil
	return err
}

// land lets go of what was sent.
func (f *flight) land() (n int, err error) {
	taken := f.taken
	f.taken = 0
	switch errno := unix.Errno(max(0, -taken)); {
	case taken >= 0:
		return f.bytes.Drain(taken), nil
	case errno == unix.EAGAIN: // somebody has changed the mode of the descriptor
		return 0, unix.SetNonblock(f.connection.bev.FD(), false)
	case errno == unix.ECANCELED || errno == unix.EINTR: // its thread has ended: once more
		return 0, nil
	default:
		return 0, errno
	}
}

// landed has the bufferevent go on with its output.
func (s *completion) landed(f *flight, r backend.Ready) {
	f.taken, f.flying = r.N, false
	switch c := f.connection; {
	case c == nil:
		s.retire(f)
	case r.N == -int(unix.ENOTSOCK):
		s.byReadiness(c)
	case f.taken == f.bytes.Len() && c.bev.needsNoTurn():
		c.bev.flags &^= blocked
		c.bev.writeDeadline = 0
		c.bev.io.what &^= Write
		s.end(f)
	default:
		c.bev.io.Active(Write)
	}
}

// needsNoTurn reports whether a turn after the end of all writing would have nothing to do but to note it, which is so with most echoes:
// nothing more to write, nobody to call, nothing that waited for it, and no timer that would have to be moved.
func (bev *BufferEvent) needsNoTurn() bool {
	return bev.output.Len() == 0 && bev.calls.Write == nil &&
		bev.state == opened && bev.flags&(paused|finWanted|busy|touched) == 0 &&
		bev.io.what.Has(Read) &&
		(bev.writeDeadline == 0 || bev.readDeadline != 0 && bev.readDeadline <= bev.writeDeadline)
}

// end parts a flight from its connection.
func (s *completion) end(f *flight) {
	f.connection.flight, f.connection.bev.underWay = nil, 0
	f.connection = nil
	s.retire(f)
}

func (s *completion) flight() *flight {
	if last := len(s.hangar) - 1; last >= 0 {
		f := s.hangar[last]
		s.hangar = s.hangar[:last]
		return f
	}
	f := new(flight)
	f.op.Owner = f
	f.bytes.Init(s.base.pool)
	return f
}

// retire has f wait for another send, if the kernel has given it back.
func (s *completion) retire(f *flight) {
	if f.flying {
		return
	}
	f.bytes.Reset()
	if len(s.hangar) < mostIdle {
		s.hangar = append(s.hangar, f)
	}
}
