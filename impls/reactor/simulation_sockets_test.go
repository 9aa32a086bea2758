package reactor

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend/simulated"
)

// simulatedSockets are the sockets of a base over a simulated kernel: readiness.go once more, with other system calls.
type simulatedSockets struct {
	w     *world
	space []byte
}

var _ sockets = (*simulatedSockets)(nil)

func (s *simulatedSockets) fill(bev *BufferEvent, most int) (int, error) {
	s.w.fills++
	if most <= 0 {
		most = simulatedChunk
	}
	p := bev.input.Reserve(most)
	for {
		n, err := s.w.k.Read(bev.FD(), p[:most])
		if err == unix.EINTR {
			continue
		}
		bev.input.Commit(max(0, n))
		if n > 0 && s.w.is(swallowsAByte) {
			bev.input.Drain(1)
		}
		return n, err
	}
}

func (s *simulatedSockets) flush(bev *BufferEvent, most int) (int, error) {
	s.w.flushes++
	bev.io.base.stats.Writes++
	if s.w.full[bev.FD()] {
		s.w.fail("descriptor %d is written to again before there is room", bev.FD())
	}
	n := min(most, bev.output.Len())
	if cap(s.space) < n {
		s.space = make([]byte, 2*n)
	}
	bev.output.CopyOut(s.space[:n], 0)
	for {
		sent, err := s.w.k.Write(bev.FD(), s.space[:n])
		if err == unix.EINTR {
			continue
		}
		if sent < n && !bev.io.result.Has(Write) { // else it was told of room just before
			s.w.full[bev.FD()] = true
		}
		bev.output.Drain(s.drained(sent, n))
		return sent, err
	}
}

// drained is how much of the output is gone after a write; wrong on purpose in some runs.
func (s *simulatedSockets) drained(sent, asked int) int {
	switch {
	case sent > 0 && s.w.is(sendsAByteTwice):
		return sent - 1
	case sent > 0 && sent < asked && s.w.is(dropsTheRestOfAShortWrite):
		return asked
	}
	return max(0, sent)
}

func (s *simulatedSockets) watch(bev *BufferEvent, want What) error {
	if s.w.is(alwaysWantsToWrite) {
		want |= Write
	}
	return bev.io.setInterest(want)
}

func (s *simulatedSockets) reminds() bool { return readiness{}.reminds() }

func (s *simulatedSockets) closeWrite(bev *BufferEvent) error {
	if s.w.is(sendsNoFIN) {
		return nil
	}
	return s.end(bev.FD()).CloseWrite()
}

func (s *simulatedSockets) quiet(bev *BufferEvent) bool {
	e := s.end(bev.FD())
	return e != nil && (e.Quiet() || s.w.is(closesTooEarly))
}

func (s *simulatedSockets) end(fd int) *simulated.End {
	if e := s.w.k.End(fd); e != nil {
		return e
	}
	return s.w.nowhere
}

func (s *simulatedSockets) close(bev *BufferEvent, disowned bool) {
	fd := bev.FD()
	if fd < 0 || disowned && !s.w.is(closesWhatIsNotItsOwn) || s.w.is(leaksDescriptors) {
		return
	}
	s.w.close(fd, "a bufferevent")
}

func (s *simulatedSockets) dial(where socketAddress) (fd int, outcome error, err error) {
	fd, outcome, err = s.w.k.Connect(where.raw.(*unix.SockaddrInet4).Port)
	if err == nil {
		s.w.own(fd)
	}
	return fd, outcome, err
}

func (s *simulatedSockets) dialed(bev *BufferEvent) error {
	if e := s.w.k.End(bev.FD()); e != nil {
		return e.Outcome()
	}
	return unix.EBADF
}

func (s *simulatedSockets) listen(l *Listener, network, address string, c listenConfig) (int, error) {
	where, err := resolve(network, address)
	if err != nil {
		return -1, err
	}
	port := where.raw.(*unix.SockaddrInet4).Port
	l.name = fmt.Sprintf("127.0.0.1:%d", port)
	_, fd, err := s.w.k.Listen(port, c.backlog, true)
	if err == nil {
		s.w.own(fd)
	}
	return fd, err
}

func (s *simulatedSockets) accept(l *Listener) (int, netip.AddrPort, error) {
	fd, _, err := s.w.k.Accept(int(l.io.descriptor))
	if err == nil {
		s.w.own(fd)
		s.w.accepted++
	}
	return fd, netip.AddrPort{}, err
}

func (s *simulatedSockets) watchQueue(l *Listener, on bool) error {
	return readiness{}.watchQueue(l, on)
}

func (s *simulatedSockets) closeListener(l *Listener) { s.w.close(int(l.io.descriptor), "a listener") }

// simulatedBell is the wake-up of a base over a simulated kernel.
type simulatedBell struct {
	w    *world
	bell *simulated.Bell
	fd   int
}

func (s *simulatedBell) open() (err error) {
	s.bell, s.fd, err = s.w.k.NewBell()
	return err
}

func (s *simulatedBell) readFD() int { return s.fd }
func (s *simulatedBell) silence()    { s.bell.Silence() }

func (s *simulatedBell) ring() error {
	if !s.w.is(ringsNoBell) {
		s.bell.Ring()
	}
	return nil
}

func (s *simulatedBell) close() error { return s.w.k.Close(s.fd) }
