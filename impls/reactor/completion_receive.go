package reactor

import (
	"errors"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/evbuffer"
)

// The backlog of a connection is bounded: at mostBacklog receiving is called off, and begun again when it has become short. Until the
// kernel hears of that it may go on for as long as there are provided buffers.
const (
	mostBacklog  = 256 << 10
	shortBacklog = 64 << 10
)

// watch begins to receive, or calls it off. What is written needs no watching: its end is told.
func (s *completion) watch(bev *BufferEvent, want What) error {
	e := &bev.io
	if bev.state == connecting {
		return s.readiness.watch(bev, want)
	}
	if e.marks&added == 0 {
		return nil
	}
	c, err := s.of(bev)
	if err != nil {
		return err
	}
	e.withdraw(Read &^ want)
	e.what = e.what&^backend.Interest | want
	s.base.count(e)
	if want.Has(Read) && c.news() {
		e.Active(Read)
	}
	return s.receiveOrNot(c)
}

// receiveOrNot has bytes received exactly if the bufferevent wants to read more than has come already and the backlog has room.
func (s *completion) receiveOrNot(c *connection) error {
	switch {
	case !c.bev.io.what.Has(Read) || c.bev.flags&lastInput != 0 || c.backlog.Len() >= mostBacklog:
		return s.ring.Cancel(&c.receive)
	case c.receiving || c.eof || c.errno != 0: // what is being called off is begun again when it has come back
		return nil
	}
	err := s.ring.Receive(&c.receive, c.bev.FD())
	c.receiving = err == nil
	return err
}

// news reports whether there is something for the bufferevent to read.
func (c *connection) news() bool { return c.backlog.Len() > 0 || c.eof || c.errno != 0 }

// received takes in what came: bytes, the end of the stream, an error, or only the operation itself.
func (s *completion) received(c *connection, r backend.Ready) {
	c.late, c.receiving = false, r.More
	if r.N > 0 {
		s.takeIn(c, r)
	}
	switch {
	case c.bev == nil:
		s.keep(c)
		return
	case !r.More && r.N == -int(unix.ENOTSOCK):
		s.byReadiness(c)
		return
	case !r.More:
		c.receiveEnded(r.N)
		fallthrough
	case c.backlog.Len() >= mostBacklog:
		if err := s.receiveOrNot(c); err != nil {
			c.errno = uint16(unix.EIO)
			if errno := unix.Errno(0); errors.As(err, &errno) {
				c.errno = uint16(errno)
			}
		}
	}
	if c.bev.io.what.Has(Read) && c.news() {
		c.bev.io.Active(Read)
	}
	if !r.More && c.bev.flags&lastInput != 0 {
		c.bev.top().touch() // that may have been all
	}
}

// keptShare is the least part of a buffer that is passed on in it. To copy less is cheap, and a backlog of full bytes does
// not keep more than four times its memory.
const keptShare = 4

// takeIn moves what a receive has brought to the backlog, and gives the buffer back, or another in its place.
func (s *completion) takeIn(c *connection, r backend.Ready) {
	if c.bev != nil {
		bytes := s.ring.Buffer(r)
		if c.keeps(bytes) {
			if other := c.backlog.Exchange(bytes[:cap(bytes)], len(bytes)); other != nil {
				s.ring.Exchange(r.Buffer, other)
				return
			}
		}
		c.backlog.Write(bytes)
	}
	s.ring.Release(r.Buffer)
}

// keeps reports whether a buffer itself is passed on. Not so one of the lesser sizes behind others: many small pieces cost more on their way
// out than one large.
func (c *connection) keeps(bytes []byte) bool {
	return len(bytes) >= cap(bytes)/keptShare && (c.backlog.Len() == 0 || cap(bytes) == backend.ProvidedBytes)
}

// receiveEnded notes what of it is the connection's concern. Otherwise it was called off.
func (c *connection) receiveEnded(n int) {
	switch errno := unix.Errno(max(0, -n)); {
	case n == 0:
		c.eof = true
	case errno == unix.EAGAIN: // somebody has changed the mode of the descriptor
		unix.SetNonblock(c.bev.FD(), false)
	case n < 0 && errno != unix.ECANCELED:
		c.errno = uint16(errno)
	}
}

// fill takes no more than one read would: others want their turn, and what follows may depend on what comes of it.
func (s *completion) fill(bev *BufferEvent, most int) (int, error) {
	c, err := s.of(bev)
	if err != nil {
		return 0, err
	}
	n := c.backlog.Len()
	switch {
	case n == 0 && c.errno != 0:
		return 0, unix.Errno(c.errno)
	case n == 0 && c.eof:
		return 0, nil
	case n == 0:
		return 0, unix.EAGAIN
	}
	if bev.input.Frozen(evbuffer.Back) {
		return 0, evbuffer.ErrFrozen
	}
	if most = lesser(most, s.chunkBytes); n <= most {
		bev.input.Append(&c.backlog)
	} else {
		n = c.backlog.RemoveTo(&bev.input, most)
	}
	if c.bev != bev { // a callback of the input has closed it, or given it another descriptor
		return n, nil
	}
	if c.news() {
		bev.io.Active(Read)
	}
	if !c.receiving && c.backlog.Len() <= shortBacklog {
		err = s.receiveOrNot(c)
	}
	return n, err
}

// late lets the ring report first what was received while the process was stopped, or the loop busy beyond a deadline.
func (s *completion) late(bev *BufferEvent) bool {
	c, err := s.of(bev)
	if err != nil || !c.receiving {
		return false
	}
	if c.late = !c.late; !c.late {
		return false
	}
	bev.io.Active(Timeout)
	return true
}
