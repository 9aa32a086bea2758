package reactor

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// readiness is the way of reactors: the backend says that a socket is ready, and then it is read, written or accepted from.
type readiness struct{}

var _ sockets = readiness{}

func (readiness) fill(bev *BufferEvent, most int) (int, error) {
	return bev.input.ReadFD(bev.FD(), most)
}

func (readiness) flush(bev *BufferEvent, most int) (int, error) {
	bev.io.base.stats.Writes++
	return bev.output.WriteFD(bev.FD(), most)
}

func (readiness) watch(bev *BufferEvent, want What) error { return bev.io.setInterest(want) }

func (readiness) reminds() bool { return true }

func (readiness) closeWrite(bev *BufferEvent) error { return unix.Shutdown(bev.FD(), unix.SHUT_WR) }

func (readiness) quiet(bev *BufferEvent) bool { return quiet(bev.FD()) }

func (readiness) close(bev *BufferEvent, disowned bool) {
	if fd := bev.FD(); fd >= 0 && !disowned {
		unix.Close(fd)
	}
}

func (readiness) dial(where socketAddress) (fd int, outcome error, err error) {
	fd, err = newSocket(where.family)
	if err != nil {
		return -1, nil, os.NewSyscallError("socket", err)
	}
	if where.family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	return fd, unix.Connect(fd, where.raw), nil
}

func (readiness) dialed(bev *BufferEvent) error {
	code, err := unix.GetsockoptInt(bev.FD(), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || code == 0 {
		return err
	}
	return unix.Errno(code)
}

func (readiness) listen(l *Listener, network, address string, c listenConfig) (fd int, err error) {
	return l.bind(network, address, c)
}

func (readiness) accept(l *Listener) (fd int, peer netip.AddrPort, err error) {
	return l.accepter.accept(int(l.io.descriptor))
}

func (readiness) watchQueue(l *Listener, on bool) error {
	if !on {
		return l.io.setInterest(0)
	}
	return l.io.setInterest(Read)
}

func (readiness) closeListener(l *Listener) { unix.Close(int(l.io.descriptor)) }
