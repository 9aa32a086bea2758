//go:build unix && !linux

package reactor

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// portsAreBalanced: of several sockets on one port (SO_REUSEPORT) macOS gives all connections to one. (FreeBSD has an
// option of its own for it, which package unix does not name.)
const portsAreBalanced = false

// newSocket returns a stream socket that neither blocks nor outlives an exec. There are two steps to that here, and the lock keeps
// a fork from coming in between.
func newSocket(family int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	return tame(fd)
}

func tame(fd int) (int, error) {
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// An accepter takes connections.
type accepter struct{}

func (a *accepter) accept(listener int) (int, netip.AddrPort, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, peer, err := unix.Accept(listener)
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	if _, err := tame(fd); err != nil {
		return -1, netip.AddrPort{}, err
	}
	address := addrPort(peer)
	if address.IsValid() {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // not inherited everywhere
	}
	return fd, address, nil
}

// quiet cannot be known here without more ado, so every close after flush waits for the peer's end of stream.
func quiet(int) bool { return false }

// listenerGone reports whether a unix socket that still listens has outlived its process: there is no io_uring here.
func listenerGone(int) bool { return false }
