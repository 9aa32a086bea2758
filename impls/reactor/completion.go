package reactor

import (
	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/evbuffer"
)

// completion is the way of proactors: what a socket is to do is begun, and its end is reported. A bufferevent's bytes are
// received before anybody asks for them, by one operation for the whole connection, and wait in a backlog
// (completion_receive.go). What it writes is handed to the kernel by the next wait, together with what all others have written in
// the turn (completion_send.go).
//
// Connecting and accepting stay with readiness. A multishot accept would save nothing: it does not tell the peer's address, and to ask for
// that is a system call like the accept itself. And it goes by the limit of descriptors of its beginning, accepts while the
// listener is about to be disabled, and takes more than the budget of a turn.
//
// A socket that is under way has to block: of one that does not, the kernel reports EAGAIN instead of waiting. So the mode is
// changed when a bufferevent begins to use a descriptor.
type completion struct {
	readiness   // connecting, accepting, and what concerns the socket rather than its bytes
	base        *Base
	ring        backend.Proactor
	chunkBytes  int           // the most that one fill moves
	connections []*connection // by descriptor
	idle        []*connection // for the next bufferevents
	hangar      []*flight     // for the next sends
	extents     [][]byte      // of the send that is being begun
}

// A connection is what a bufferevent has under way. It outlives the bufferevent until the kernel has given receive back.
type connection struct {
	bev     *BufferEvent // nil when that is closed
	flight  *flight      // what is being sent; nil: nothing
	receive backend.Op
	backlog evbuffer.Buffer // received and not yet read
	errno   uint16          // why receiving has ended after the backlog
	eof     bool            // the stream has ended after the backlog
	late    bool            // a timeout was put off by a turn

	// receiving: the end of receive has not been passed on. Op.UnderWay is over earlier, when a wait has reported the end, and
	// code of the user's may run in between: a check watcher, a clean-up of what was sent.
	receiving bool
}

// mostIdle bounds how many connections, and flights, are kept for the next ones.
const mostIdle = 1024

var _ sockets = (*completion)(nil)

func newCompletion(b *Base, ring backend.Proactor, chunkBytes int) *completion {
	if chunkBytes <= 0 {
		chunkBytes = evbuffer.DefaultChunkBytes
	}
	return &completion{
		base:       b,
		ring:       ring,
		chunkBytes: chunkBytes,
		extents:    make([][]byte, mostExtents),
	}
}

func (s *completion) reminds() bool { return false }

// completed passes on what an operation came to.
func (s *completion) completed(r backend.Ready) {
	switch owner := r.Op.Owner.(type) {
	case *connection:
		s.received(owner, r)
	case *flight:
		s.landed(owner, r)
	}
}

// of returns what bev has under way. From the first time on its descriptor blocks, and the backend does not watch it.
func (s *completion) of(bev *BufferEvent) (*connection, error) {
	fd := bev.FD()
	for fd >= len(s.connections) {
		s.connections = append(s.connections, make([]*connection, max(64, len(s.connections)))...)
	}
	if c := s.connections[fd]; c != nil {
		return c, nil
	}
	if err := bev.io.setInterest(0); err != nil { // it was waiting to be connected
		return nil, err
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, err
	}
	c := s.connection()
	c.bev = bev
	bev.io.marks |= unwatched
	s.connections[fd] = c
	return c, nil
}

func (s *completion) connection() *connection {
	if last := len(s.idle) - 1; last >= 0 {
		c := s.idle[last]
		s.idle = s.idle[:last]
		return c
	}
	c := new(connection)
	c.receive.Owner = c
	c.backlog.Init(s.base.pool)
	return c
}

// letGo parts c from its bufferevent, and asks for what is under way. It reports whether there is something.
func (s *completion) letGo(c *connection) bool {
	s.connections[c.bev.FD()] = nil
	c.bev.underWay = 0
	c.bev.io.marks &^= unwatched
	c.bev = nil
	c.backlog.Reset()
	busy := c.receiving
	s.ring.Cancel(&c.receive)
	if f := c.flight; f != nil {
		busy = busy || f.flying
		s.ring.Cancel(&f.op)
		f.connection, c.flight = nil, nil
		s.retire(f)
	}
	s.keep(c)
	return busy
}

// keep has c wait for another bufferevent, if all of it has come back.
func (s *completion) keep(c *connection) {
	if c.receiving {
		return
	}
	c.eof, c.late, c.errno = false, false, 0
	c.receive = backend.Op{Owner: c} // the next one's messages may be smaller
	if len(s.idle) < mostIdle {
		s.idle = append(s.idle, c)
	}
}

// close asks for what is under way. The kernel lets go of the socket only then, and it is to close now.
func (s *completion) close(bev *BufferEvent, disowned bool) {
	if fd := bev.FD(); fd >= 0 && fd < len(s.connections) {
		if c := s.connections[fd]; c != nil && c.bev == bev && s.letGo(c) {
			s.ring.Flush()
		}
	}
	s.readiness.close(bev, disowned)
}

// byReadiness moves a bufferevent whose descriptor is no socket (a pipe, a terminal) to the other way.
func (s *completion) byReadiness(c *connection) {
	bev := c.bev
	if c.flight != nil {
		bev.output.PrependBuffer(&c.flight.bytes)
	}
	if c.bev != bev { // a callback of the output has closed it, or given it another descriptor
		return
	}
	s.letGo(c)
	bev.setTransport(readiness{})
	bev.flags &^= blocked
	want := bev.io.what & backend.Interest
	bev.io.what &^= backend.Interest
	unix.SetNonblock(bev.FD(), true)
	if err := bev.io.setInterest(want); err != nil {
		bev.note(err)
	}
	bev.touch()
}

// unheard calls receiving off, so that what the kernel has already taken out of the socket comes to the backlog.
func (s *completion) unheard(bev *BufferEvent) bool {
	c, err := s.of(bev)
	return err == nil && c.receiving && s.ring.Cancel(&c.receive) == nil
}

// hoards: what has been received, and what receiving brings until it has been called off.
func (s *completion) hoards(bev *BufferEvent) bool {
	unheard := s.unheard(bev)
	c, err := s.of(bev)
	return err == nil && (unheard || c.backlog.Len() > 0)
}

// quiet takes what waits in the backlog for what waits in the socket: a peer that has just sent may go on.
func (s *completion) quiet(bev *BufferEvent) bool {
	if c, err := s.of(bev); err == nil && c.backlog.Len() > 0 {
		return false
	}
	return s.readiness.quiet(bev)
}
