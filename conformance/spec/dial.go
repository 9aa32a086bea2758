package spec

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A DialOption changes how a client connects.
type DialOption func(*dialing)

type dialing struct {
	receiveBuffer int
	source        int
	address       string // "": the one that the server announced
	quiet         bool
	fastOpen      bool
	number        int // of the connection; 0 is the next one
}

// WithReceiveBuffer sets the client's SO_RCVBUF before it connects, and with it the window that the server may fill. Linux
// doubles the number and uses part of it for bookkeeping.
func WithReceiveBuffer(bytes int) DialOption { return func(d *dialing) { d.receiveBuffer = bytes } }

// WithSource connects from the n-th loopback address after 127.0.0.1, so that many clients do not run out of ports. It
// has no effect where there is only one loopback address (IPv6, Unix sockets, systems other than Linux).
func WithSource(n int) DialOption { return func(d *dialing) { d.source = n } }

// at connects to another address than the announced one, of the same server.
func at(address string) DialOption { return func(d *dialing) { d.address = address } }

// quietly keeps a connection out of the timeline.
func quietly(d *dialing) { d.quiet = true }

// fastOpen has the first bytes travel with the SYN (RFC 7413), where the network's settings allow that: connect returns at once, and
// the first write sends both.
func fastOpen(d *dialing) { d.fastOpen = true }

// numbered gives a connection the number that it has in a schedule.
func numbered(n int) DialOption { return func(d *dialing) { d.number = n } }

// Dial connects a client to the server under test and fails the check if that does not succeed.
func (t *T) Dial(options ...DialOption) *Conn { return t.dial(t.server, options) }

// TryDial is Dial for checks in which a refusal is an answer.
func (t *T) TryDial(options ...DialOption) (*Conn, error) { return t.tryDial(t.server, options) }

// DialMany connects n clients, a thousand to each loopback source address.
func (t *T) DialMany(n int, options ...DialOption) []*Conn {
	conns := make([]*Conn, n)
	for i := range conns {
		conns[i] = t.dial(t.server, append(options[:len(options):len(options)], WithSource(i/1000), quietly))
	}
	t.Eventf("%s connected", plural(int64(n), "client", "clients"))
	return conns
}

func (t *T) dial(s *Server, options []DialOption) *Conn {
	c, err := t.tryDial(s, options)
	if err != nil {
		t.alive("a connection to " + s.Addr())
		t.Fatal("a connection to "+s.Addr(), err.Error())
	}
	return c
}

func (t *T) tryDial(s *Server, options []DialOption) (*Conn, error) {
	var d dialing
	for _, option := range options {
		option(&d)
	}
	remote, err := socketAddress(s.process.Network(), cmp.Or(d.address, s.Addr()))
	if err != nil {
		return nil, err
	}
	fd, err := d.socket(s.clientSocket(), remote)
	if err != nil {
		t.brokenf("a client socket: %v", err)
	}
	c := &Conn{t: t, server: s, fd: fd, number: len(t.conns) + 1, quiet: d.quiet}
	if d.number > 0 {
		c.number = d.number
	}
	c.stream = NewStream(t.Seed, c.number)
	t.conns = append(t.conns, c)
	if err := c.connect(remote); err != nil {
		c.release()
		return nil, err
	}
	c.t.wire.note(c.number, "connect")
	c.event("connect")
	return c, nil
}

// socket makes a non-blocking client socket. TCP_NODELAY: what a check writes leaves at once, in the pieces it chose.
func (d dialing) socket(open socketMaker, remote unix.Sockaddr) (fd int, err error) {
	domain, isTCP := unix.AF_UNIX, false
	switch remote.(type) {
	case *unix.SockaddrInet4:
		domain, isTCP = unix.AF_INET, true
	case *unix.SockaddrInet6:
		domain, isTCP = unix.AF_INET6, true
	}
	if fd, err = openForUs(open, domain); err != nil {
		return -1, err
	}
	err = unix.SetNonblock(fd, true)
	if isTCP {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	}
	if d.fastOpen {
		err = errors.Join(err, connectWithData(fd))
	}
	if d.receiveBuffer > 0 {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, d.receiveBuffer))
	}
	if d.source > 0 && domain == unix.AF_INET && manyLoopbacks {
		err = errors.Join(err, choosePortLate(fd), unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(d.source >> 8), byte(1 + d.source)}}))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openForUs makes a socket that no server inherits, also not one that is started at this moment beside this check: a client that
// is held open by somebody else has no end when it is closed.
func openForUs(open socketMaker, domain int) (fd int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if fd, err = open(domain, unix.SOCK_STREAM, 0); err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

func (c *Conn) connect(remote unix.Sockaddr) error {
	err := unix.Connect(c.fd, remote)
	if err == unix.EINPROGRESS || err == unix.EINTR {
		limit := c.t.scaled(patience)
		if !c.t.poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, time.Now().Add(limit), "a connection") {
			return fmt.Errorf("no answer for %s", seconds(limit))
		}
		err = c.socketError()
	}
	if err != nil {
		return err
	}
	local, err := unix.Getsockname(c.fd)
	if err == nil {
		c.addresses = fourTuple{server: addrPort(remote), client: addrPort(local)}
	}
	return err
}

func (c *Conn) socketError() error {
	errno, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return err
}

// socketAddress reads IP:PORT, or the path of a Unix socket.
func socketAddress(network, text string) (unix.Sockaddr, error) {
	if network == "unix" {
		return &unix.SockaddrUnix{Name: text}, nil
	}
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		return nil, fmt.Errorf("address %q is not IP:PORT", text)
	}
	if ip := address.Addr().Unmap(); ip.Is4() {
		return &unix.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}, nil
	}
	return &unix.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}, nil
}

// addrPort is the zero AddrPort for a Unix socket.
func addrPort(address unix.Sockaddr) netip.AddrPort {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}
