package reactor

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// portsAreBalanced: of several sockets on one port (SO_REUSEPORT) each gets its share of the connections.
const portsAreBalanced = true

// newSocket returns a stream socket that neither blocks nor outlives an exec.
func newSocket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

// An accepter takes connections. It holds the room for the peer's address, so that accepting allocates nothing.
type accepter struct {
	address unix.RawSockaddrAny
	length  uint32
}

// accept cannot block on a non-blocking listener, so the scheduler need not hear of it. Accepted sockets inherit TCP_NODELAY.
func (a *accepter) accept(listener int) (fd int, peer netip.AddrPort, err error) {
	a.length = uint32(unsafe.Sizeof(a.address))
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&a.address)),
		uintptr(unsafe.Pointer(&a.length)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, netip.AddrPort{}, errno
	}
	return int(n), a.peer(), nil
}

func (a *accepter) peer() netip.AddrPort {
	switch a.address.Addr.Family {
	case unix.AF_INET:
		raw := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.address))
		return netip.AddrPortFrom(netip.AddrFrom4(raw.Addr), networkOrder(raw.Port))
	case unix.AF_INET6:
		raw := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.address))
		return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr), networkOrder(raw.Port))
	}
	return netip.AddrPort{}
}

func networkOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}

// quiet reports that closing loses nothing: the peer has all that was sent, and nothing of what the peer has sent is unread (else
// close would send a reset, which discards what is still on its way to the peer).
func quiet(fd int) bool {
	unsent, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil || unsent != 0 {
		return false
	}
	unread, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	return err == nil && unread == 0
}

// listenerGone reports whether the process is gone that made the listener to which fd, a unix socket, is connected.
func listenerGone(fd int) bool {
	listener, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	return err == nil && listener.Pid > 0 && unix.Kill(int(listener.Pid), 0) == unix.ESRCH
}
