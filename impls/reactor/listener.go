package reactor

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A Listener accepts connections on a socket of its own.
//
// The socket is made by raw calls and belongs to the Listener alone: a descriptor that is borrowed from an os.File or a
// net.Listener is closed by the garbage collector when that becomes unreachable.
//
// In a turn it accepts 64 connections at most, so that those that there are have theirs. Without descriptors or memory for another it
// tries again after 5 to 100 ms, instead of spinning. Only the goroutine of the loop may touch it.
type Listener struct {
	io      Event // the listening socket
	pause   Event // while waiting for descriptors or memory to become free
	accept  func(fd int, peer netip.AddrPort)
	onError func(error)
	name    string
	file    socketFile
	delay   time.Duration // how long the last pause was; 0: none since the last connection
	toldAt  moment        // when OnError was last told of a shortage; 0: never
	untold  bool          // there is a shortage that it was not told of
	enabled bool

	accepter accepter
}

// A ListenOption is an argument of [Base.Listen].
type ListenOption func(*listenConfig)

type listenConfig struct {
	backlog   int
	reusePort bool
	claims    bool // the first of several that share a port: nobody may be there yet
}

// WithBacklog sets how many connections may wait to be accepted (4096 without this option); the kernel has a limit of its own,
// on Linux net.core.somaxconn (listen(2)).
func WithBacklog(n int) ListenOption { return func(c *listenConfig) { c.backlog = n } }

// WithReusePort lets several sockets, of several loops, listen on one port (SO_REUSEPORT, socket(7)). Linux shares the connections out,
// and anybody of the same user may join in; other systems may give all of them to one. Listen refuses it for unix.
func WithReusePort() ListenOption { return func(c *listenConfig) { c.reusePort = true } }

// withClaimedPort shares a port with those that come later, and not with those that are there already.
func withClaimedPort(c *listenConfig) { c.reusePort, c.claims = true, true }

// Listen accepts connections at address, for the networks tcp, tcp4, tcp6 (HOST:PORT) and unix (a path), and calls accept for
// each. The descriptor that accept is given is non-blocking, without Nagle's delay, and from then on accept's to close. peer is the zero
// value for unix.
//
// Port 0 is any free one, see [Listener.Addr]. Without a host both families are served, by tcp6 IPv6 alone. A host name is looked up
// first, and the loop stands still for that long. The file of a unix socket whose server has died is replaced; on Linux a path that
// begins with @ has no file (unix(7)). Errors are the system's (unix.EADDRINUSE), those of package net for an address, and [ErrClosed].
//
// An address in use is EADDRINUSE, at once. If its last owner ran on io_uring and was killed, ask again: the kernel closes what a
// ring works on some time after the process has ended, tenths of a second on a busy machine. The command in ./echo does.
func (b *Base) Listen(network, address string, accept func(fd int, peer netip.AddrPort), options ...ListenOption) (*Listener, error) {
	if accept == nil {
		panic("reactor: Listen without a callback")
	}
	b.enter("Listen")
	if b.closed {
		return nil, fmt.Errorf("listen %s %s: %w", network, address, ErrClosed)
	}
	c := listenConfig{backlog: 4096}
	for _, option := range options {
		option(&c)
	}
	l := &Listener{accept: accept, enabled: true}
	fd, err := b.sockets.listen(l, network, address, c)
	if err != nil {
		return nil, fmt.Errorf("listen %s %s: %w", network, address, err)
	}
	l.io.init(b, fd, Persist, l)
	l.io.marks |= owner
	l.pause.init(b, -1, 0, partsCallback(l.resume))
	err = b.fds.add(&l.io)
	if err == nil {
		l.io.marks |= added
		err = l.watch(true)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// bind makes the listening socket and notes the address that it got.
func (l *Listener) bind(network, address string, c listenConfig) (int, error) {
	where, err := resolve(network, address)
	if err != nil {
		return -1, err
	}
	fd, err := newSocket(where.family)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := l.bindTo(fd, network, where, c); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (l *Listener) bindTo(fd int, network string, where socketAddress, c listenConfig) (err error) {
	if where.family == unix.AF_UNIX {
		if c.reusePort {
			return errors.New("a unix socket has no port to share (WithReusePort)")
		}
		l.name = where.raw.(*unix.SockaddrUnix).Name
		l.file, err = listenAtFile(fd, l.name, c.backlog)
		return err
	}
	if err := bindTCP(fd, network, where, c); err != nil {
		return err
	}
	if err := unix.Listen(fd, c.backlog); err != nil {
		return os.NewSyscallError("listen", err)
	}
	if bound, err := unix.Getsockname(fd); err == nil {
		l.name = addrPort(bound).String()
	}
	return nil
}

// bindTCP sets on the listening socket what the accepted ones inherit: on Linux that spares each of them a system call.
func bindTCP(fd int, network string, where socketAddress, c listenConfig) error {
	type option struct{ level, name, value int }
	options := []option{{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1}, {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1}}
	if c.reusePort && !c.claims {
		options = append(options, option{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1})
	}
	if where.family == unix.AF_INET6 {
		only := 0
		if network == "tcp6" {
			only = 1
		}
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Bind(fd, where.raw); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if c.claims { // Linux looks at this when others bind, not only now
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	return nil
}

// Addr is where it listens: with the real port where 0 was asked for, or the path.
func (l *Listener) Addr() string { return l.name }

// OnError has call told of a first failure in a row to accept for want of descriptors or memory, but once a second at most (the
// listener then tries again by itself), and of an error that has disabled the listener. Connections that were gone before they
// could be accepted are nobody's concern.
func (l *Listener) OnError(call func(error)) { l.onError = call }

// acceptBudget is how many connections are taken in one turn: the connections that there are have their turn between
// bursts of new ones.
const acceptBudget = 64

// ready accepts until the queue is empty or the budget is spent. accept may disable or close the listener.
func (l *Listener) ready(What) {
	for range acceptBudget {
		fd, peer, err := l.io.base.sockets.accept(l)
		if err != nil {
			l.failed(err)
			return
		}
		l.delay = 0
		l.io.base.stats.Accepted++
		l.accept(fd, peer)
		if !l.listening() {
			return
		}
	}
}

func (l *Listener) listening() bool { return l.io.what.Has(Read) }

func (l *Listener) watch(on bool) error { return l.io.base.sockets.watchQueue(l, on) }

func (l *Listener) failed(err error) {
	switch acceptReaction(err) {
	case wait, retry: // the socket is still ready if there is something to retry
	case backOff:
		l.waitForResources(err)
	case giveUp:
		l.Disable()
		l.tell(err)
	}
}

// The pauses between attempts to accept without descriptors or memory. The first is over before anybody notices, and
// the longest costs ten wake-ups a second.
const (
	shortestPause = 5 * time.Millisecond
	longestPause  = 100 * time.Millisecond
)

// shortageSilence is the least time between two reports of a shortage. Where connections come and go at the limit of descriptors, a
// shortage ends and another begins up to 200 times a second.
const shortageSilence = time.Second

// waitForResources stops listening for a while: the connections that cannot be accepted keep the socket ready, and the loop would spin.
func (l *Listener) waitForResources(err error) {
	first := l.delay == 0
	l.delay = min(max(shortestPause, 2*l.delay), longestPause)
	l.watch(false)
	l.pause.Add(l.delay)
	l.io.base.stats.AcceptWaits++
	l.tellShortage(err, first)
}

// tellShortage tells a shortage when it begins, or when it is still there after the silence that follows the last report.
func (l *Listener) tellShortage(err error, first bool) {
	now := l.io.base.time()
	l.untold = l.untold || first
	if !l.untold || l.toldAt != 0 && now < l.toldAt.plus(shortageSilence) {
		return
	}
	l.untold, l.toldAt = false, now
	l.tell(err)
}

func (l *Listener) resume() {
	if !l.enabled {
		return
	}
	if err := l.watch(true); err != nil {
		l.waitForResources(err)
	}
}

func (l *Listener) tell(err error) {
	if l.onError != nil {
		l.onError(os.NewSyscallError("accept", err))
	}
}

// Disable stops accepting; connections go on queueing up in the kernel, up to the backlog.
func (l *Listener) Disable() {
	l.io.base.enter("Listener")
	l.enabled = false
	l.watch(false)
	l.pause.Del()
}

// Enable accepts again after Disable; an error is the backend's. After Close it does nothing.
func (l *Listener) Enable() error {
	l.io.base.enter("Listener")
	if l.enabled || l.io.descriptor < 0 {
		return nil
	}
	err := l.watch(true)
	l.enabled = err == nil
	return err
}

// Close ends the listener. Connections that were not accepted are reset by the kernel; the file of a unix socket is removed.
// A second Close does nothing.
func (l *Listener) Close() {
	if l.io.descriptor < 0 {
		return
	}
	l.Disable()
	l.io.Del()
	l.file.remove()
	l.io.base.sockets.closeListener(l)
	l.io.descriptor = -1
}

// disown ends the listener without closing what is no longer its descriptor.
func (l *Listener) disown() {
	l.enabled = false
	l.pause.Del()
	l.io.descriptor = -1
}
