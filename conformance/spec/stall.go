package spec

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// This file is how a check fills a server until it has stopped reading, and how it knows that it has.
//
// "No room for a while" would not do: on a busy machine a server that is about to read looks the same. But a thread that
// has been woken for bytes is runnable, however long it waits for a CPU. So a server has stopped reading when bytes lie
// in its kernel and all its threads sleep beside them.

// looksAsleep is how often in a row a server must be seen asleep beside unread bytes, with so much between two looks.
const (
	looksAsleep  = 3
	betweenLooks = 100 * time.Microsecond
)

// blockedAfter must tell when sleep cannot: of a server that spins, and of one whose threads cannot be seen. A right
// server that is only slow to be scheduled makes the check weaker by this, never wrong.
const (
	blockedAfter       = time.Second
	blockedAfterUnseen = 200 * time.Millisecond
)

// A stall watches a server that has been given more than it may take.
type stall struct {
	t     *T
	since time.Time // when something last moved
	looks int
}

func (t *T) watchStall() *stall { return &stall{t: t, since: time.Now()} }

// moved starts the watch again.
func (s *stall) moved() { s.since, s.looks = time.Now(), 0 }

// reached looks once more, and reports whether the server has stopped reading each of the connections. Between two looks its
// caller waits for a moment.
func (s *stall) reached(conns []*Conn) bool {
	limit := blockedAfter
	if s.t.server.process.PID() == 0 {
		limit = blockedAfterUnseen
	}
	if s.leftUnread(conns) && conns[0].server.asleep() {
		s.looks++
	} else {
		s.looks = 0
	}
	return s.looks == looksAsleep || time.Since(s.since) > s.t.scaled(limit)
}

func (s *stall) leftUnread(conns []*Conn) bool {
	for _, c := range conns {
		if c.leftUnread() == 0 {
			return false
		}
	}
	return true
}

// leftUnread is how much has arrived and is not read. A unix domain socket has one queue for that and for what is on its way, and
// SIOCOUTQ tells of it in bytes of memory.
func (c *Conn) leftUnread() int64 {
	if c.server.process.Network() == "unix" {
		return int64(c.unacknowledged())
	}
	return c.ServerSocket().Unread
}

// asleep reports whether every thread of the server is seen to sleep, for as long as nobody wakes it. One in state D is about to
// go on: it waits for a page, or for a lock of its own memory.
func (s *Server) asleep() bool {
	if s.process.PID() == 0 {
		return false
	}
	all := threads(s.process.PID())
	for _, thread := range all {
		if thread.state == 'R' || thread.state == 'D' {
			return false
		}
	}
	return len(all) > 0
}

// SendUntilBlocked sends without reading until the server has stopped reading and no byte more is taken, or max bytes
// are sent, or the connection breaks, and returns how many were taken.
func (c *Conn) SendUntilBlocked(max int64) int64 {
	return c.filled(c.t.fill([]*Conn{c}, max, max), max)
}

// TrickleUntilBlocked is SendUntilBlocked with one byte to a segment.
func (c *Conn) TrickleUntilBlocked(max int64) int64 {
	return c.filled(c.t.fill([]*Conn{c}, max, 1), max)
}

func (c *Conn) filled(taken, max int64) int64 {
	if taken < max {
		c.eventf("sent %s, blocked", group(taken))
	} else {
		c.eventf("sent %s", group(taken))
	}
	return taken
}

// SendAllUntilBlocked is SendUntilBlocked on several connections at the same time, up to max on each. It returns how many
// bytes were taken in all.
func (t *T) SendAllUntilBlocked(conns []*Conn, max int64) int64 {
	taken := t.fill(conns, max, max)
	t.Eventf("sent %s on %d connections", group(taken), len(conns))
	return taken
}

// fill sends up to max bytes on each connection, in writes of at most piece.
func (t *T) fill(conns []*Conn, max, piece int64) (taken int64) {
	goal := map[*Conn]int64{}
	for _, c := range conns {
		goal[c] = c.sent + max
	}
	watch, hopeful := t.watchStall(), true
	for open := conns; len(open) > 0; {
		var wrote int64
		var still []*Conn
		for _, c := range open {
			n, err := c.write(min(piece, goal[c]-c.sent))
			wrote += n
			if c.sent < goal[c] && (err == nil || err == unix.EAGAIN) {
				still = append(still, c)
			}
		}
		taken += wrote
		switch open = still; {
		case wrote > 0:
			watch.moved()
			hopeful = true
		case len(open) == 0:
		case hopeful && t.roomComes(open): // which costs less than a look, and comes before the server sleeps
			hopeful = false
		case watch.reached(open):
			return taken
		default:
			hopeful = true
		}
	}
	return taken
}

// roomComes waits for as long as between two looks at most, and reports whether one of the connections takes bytes again.
func (t *T) roomComes(conns []*Conn) bool {
	fds := make([]unix.PollFd, len(conns))
	for i, c := range conns {
		fds[i] = unix.PollFd{Fd: int32(c.fd), Events: unix.POLLOUT}
	}
	return t.poll(fds, time.Now().Add(betweenLooks), "room to send")
}

// SendUntilUnread sends without reading, in pieces that the server's kernel has room for, until the server leaves one
// unread or max bytes are sent, and returns when the server is at rest. So everything has arrived, unless the kernel has no
// room for one piece, and a FIN sent now arrives too, whereas one sent after SendUntilBlocked waits in the client's kernel
// behind bytes for which the window is closed.
func (c *Conn) SendUntilUnread(max int64) (taken int64) {
	taken, err := c.sendPieces(max, func() {})
	if err != nil {
		c.t.Fatal(fmt.Sprintf("the server takes %s", plural(max, "byte", "bytes")), c.stuck(taken, err))
	}
	return taken
}

// sendPieces is SendUntilUnread that leaves it to its caller what the end of the connection means, and tells of each piece that is sent.
func (c *Conn) sendPieces(max int64, sent func()) (taken int64, err error) {
	const piece = 32 << 10
	quiet := c.quiet
	c.quiet = true
	for taken < max && err == nil {
		var wrote int64
		wrote, err = c.push(min(piece, max-taken), 0)
		taken += wrote
		if sent(); err == nil && c.leavesUnread() {
			break
		}
	}
	c.quiet = quiet
	if err == nil {
		c.awaitRest()
		c.eventf("sent %s; the server's end: %v", group(taken), c.ServerSocket())
	}
	return taken, err
}

// leavesUnread waits until the server has read all that has arrived, and reports whether it stops before that.
func (c *Conn) leavesUnread() bool {
	for watch := c.t.watchStall(); c.ServerSocket().Unread > 0; {
		if watch.reached([]*Conn{c}) {
			return true
		}
		c.t.Sleep(betweenLooks)
	}
	return false
}

// awaitRest waits until the server has done what it can with what it has read, which is when it sleeps. One that never
// sleeps, or is not seen to, is not waited for longer than blockedAfter.
func (c *Conn) awaitRest() {
	if c.server.process.PID() == 0 {
		return
	}
	asleep := 0
	for until := time.Now().Add(c.t.scaled(blockedAfter)); asleep < looksAsleep && time.Now().Before(until); {
		if asleep++; !c.server.asleep() {
			asleep = 0
		}
		c.t.Sleep(betweenLooks)
	}
}
