package spec

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// This file holds the verbs about many connections at once, and about what their ends leave behind.

// DialBurst starts n connects without waiting for any, as a crowd does that comes through the door together.
// AwaitConnected waits for them.
func (t *T) DialBurst(n int) []*Conn {
	remote, err := socketAddress(t.server.process.Network(), t.server.Addr())
	if err != nil {
		t.brokenf("%v", err)
	}
	for range n {
		fd, err := dialing{}.socket(t.server.clientSocket(), remote)
		if err != nil {
			t.brokenf("a client socket: %v", err)
		}
		c := &Conn{t: t, server: t.server, fd: fd, number: len(t.conns) + 1, quiet: true}
		c.stream = NewStream(t.Seed, c.number)
		t.conns = append(t.conns, c)
		if err := unix.Connect(fd, remote); err != nil && err != unix.EINPROGRESS {
			t.Fatal("a connection to "+t.server.Addr(), err.Error())
		}
	}
	t.Eventf("%d connects at once", n)
	return t.conns[len(t.conns)-n:]
}

// AwaitConnected waits until every connect of a burst has succeeded. It fails the check when none does for limit,
// times -slow.
func (t *T) AwaitConnected(conns []*Conn, limit time.Duration) {
	waiting := conns
	for len(waiting) > 0 {
		fds := make([]unix.PollFd, len(waiting))
		for i, c := range waiting {
			fds[i] = unix.PollFd{Fd: int32(c.fd), Events: unix.POLLOUT}
		}
		if !t.poll(fds, time.Now().Add(t.scaled(limit)), "connections") {
			t.alive("a connection for each of them")
			t.Fatal(fmt.Sprintf("%d connections", len(conns)),
				fmt.Sprintf("%d, then no more for %s", len(conns)-len(waiting), seconds(t.scaled(limit))))
		}
		var still []*Conn
		for i, c := range waiting {
			if fds[i].Revents == 0 {
				still = append(still, c)
			} else if err := c.socketError(); err != nil {
				t.Fatal(fmt.Sprintf("%d connections", len(conns)), err.Error())
			}
		}
		waiting = still
	}
	t.Eventf("all connected")
}

// CloseBoth shuts down both directions and keeps the descriptor, as a program does that closes in another place.
func (c *Conn) CloseBoth() {
	if err := unix.Shutdown(c.fd, unix.SHUT_RDWR); err != nil {
		c.t.Fatal("an open connection", "shutdown(RDWR): "+err.Error())
	}
	c.finSent = true
	c.event("shutdown(RDWR)")
}

// HeldByServer is how many bytes of this connection are in the server's own memory: all that was sent, less what waits
// in the kernel's four queues on the way there and back. It is exact while nothing moves.
func (c *Conn) HeldByServer() int64 {
	far := c.ServerSocket()
	arrived, err := inputQueue(c.fd)
	if err != nil {
		c.t.NotApplicable(err.Error())
	}
	return c.sent - int64(c.unacknowledged()) - far.Unread - far.Unsent - int64(arrived) - c.received
}

// Gone is the condition that the server's kernel has forgotten every one of these connections: the server has closed
// its end. A connection that was reset is forgotten at once, closed or not; count its descriptor (SocketsAtMost).
func (t *T) Gone(conns []*Conn) Condition {
	return Condition{"the server has closed its end of every connection", func() (bool, string) {
		for ; len(conns) > 0; conns = conns[1:] {
			if now := conns[0].ServerSocket(); now.State != Gone {
				return false, fmt.Sprintf("%s are not closed; of the first the server's end is %v",
					plural(int64(len(conns)), "connection", "connections"), now)
			}
		}
		return true, ""
	}}
}

// SocketsAtMost is the condition that the server process has no more than n sockets open.
func (s *Server) SocketsAtMost(n int) Condition {
	return Condition{fmt.Sprintf("the server has at most %s open", plural(int64(n), "socket", "sockets")), func() (bool, string) {
		now := s.Sockets()
		return now <= n, fmt.Sprintf("%d are open", now)
	}}
}

// closeAll closes every connection as a program does that has lost interest.
func closeAll(conns []*Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// pick returns how much to do: so many in the core profile, so many in a larger one.
func (t *T) pick(core, full int) int {
	if t.Profile == Core {
		return core
	}
	return full
}

// pause is how long a check stands still to give a wrong server the time to lose its patience.
func (t *T) pause() time.Duration { return time.Duration(t.pick(600, 5000)) * time.Millisecond }

// long is how long a check of the torture profile stands still. Where it is asked for in a smaller one, as by the tests of this
// suite, a second must do.
func (t *T) long(d time.Duration) time.Duration {
	if t.Profile < Torture {
		return time.Second
	}
	return d
}

// ended reports whether the server has ended the connection, by FIN or RST.
func (c *Conn) ended() bool {
	var one [1]byte
	n, _, err := unix.Recvfrom(c.fd, one[:], unix.MSG_PEEK)
	return n == 0 && err == nil || err != nil && err != unix.EAGAIN && err != unix.EINTR
}
