package reactor

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// An acceptQueue has the connections that were accepted for a listener and not yet asked for.
type acceptQueue struct {
	listener *Listener // nil when that is closed
	op       backend.Op
	fds      []int32
	errno    unix.Errno // why accepting has ended after them
}

func (s *completion) listen(l *Listener, network, address string, c listenConfig) (int, error) {
	fd, err := s.readiness.listen(l, network, address, c)
	if err != nil {
		return fd, err
	}
	q := &acceptQueue{listener: l}
	q.op.Owner = q
	s.queues[l] = q
	l.io.marks |= unwatched
	return fd, unix.SetNonblock(fd, false)
}

// watchQueue begins to accept, or calls it off.
func (s *completion) watchQueue(l *Listener, on bool) error {
	e := &l.io
	if e.marks&added == 0 {
		return nil
	}
	want := What(0)
	if on {
		want = Read
	}
	e.withdraw(Read &^ want)
	e.what = e.what&^backend.Interest | want
	s.base.count(e)
	return s.acceptOrNot(s.queues[l])
}

// acceptOrNot has connections accepted exactly if the listener wants them.
func (s *completion) acceptOrNot(q *acceptQueue) error {
	l := q.listener
	if !l.listening() {
		return s.ring.Cancel(&q.op)
	}
	if q.news() {
		l.io.Active(Read)
	}
	if q.op.UnderWay() || q.errno != 0 {
		return nil
	}
	return s.ring.Accept(&q.op, l.io.FD())
}

func (q *acceptQueue) news() bool { return len(q.fds) > 0 || q.errno != 0 }

// accepted queues a connection, or why there will be no more.
func (s *completion) accepted(q *acceptQueue, r backend.Ready) {
	l := q.listener
	if l == nil || l.io.FD() < 0 {
		s.turnAway(q, r)
		return
	}
	if r.N >= 0 {
		q.fds = append(q.fds, int32(r.N))
	} else if errno := unix.Errno(-r.N); errno != unix.ECANCELED {
		q.errno = errno
	}
	if l.listening() {
		if err := s.acceptOrNot(q); err != nil {
			q.errno = unix.Errno(errnoOf(err))
		}
	}
}

// turnAway resets what was accepted for a listener that is closed, as the kernel does with those in its own queue.
func (s *completion) turnAway(q *acceptQueue, r backend.Ready) {
	if r.N >= 0 {
		reset(r.N)
	}
	s.ring.Cancel(&q.op)
}

func (s *completion) accept(l *Listener) (fd int, peer netip.AddrPort, err error) {
	q := s.queues[l]
	switch {
	case len(q.fds) > 0:
		fd = int(q.fds[0])
		q.fds = q.fds[:copy(q.fds, q.fds[1:])]
		peer = l.accepter.peerOf(fd)
	case q.errno != 0:
		fd, err, q.errno = -1, q.errno, 0
		if acceptReaction(err) == retry {
			s.acceptOrNot(q)
		}
	default:
		return -1, peer, unix.EAGAIN
	}
	if q.news() {
		l.io.Active(Read) // the budget of the turn may be spent
	} else {
		l.io.withdraw(Read)
	}
	return fd, peer, err
}

func (s *completion) closeListener(l *Listener) {
	q := s.queues[l]
	delete(s.queues, l)
	q.listener = nil
	for _, fd := range q.fds {
		reset(int(fd))
	}
	q.fds = nil
	if q.op.UnderWay() {
		s.ring.Cancel(&q.op)
		s.ring.Flush()
	}
	s.readiness.closeListener(l)
}

// reset closes a connection in a way that tells the peer that nobody has served it.
func reset(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(fd)
}
