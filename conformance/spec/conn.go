package spec

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A Conn is a client's connection. It counts what it sends and receives; every byte of Send and its relatives comes from
// the connection's Stream, and every byte received is compared with it at once.
type Conn struct {
	t         *T
	server    *Server
	fd        int // -1 once closed
	number    int // from 1, in the order of dialling
	quiet     bool
	stream    Stream
	addresses fourTuple

	sent     int64
	received int64 // and found right
	finSent  bool
}

// Number is the connection's number in messages and in its Stream.
func (c *Conn) Number() int { return c.number }

// Sent is how many bytes the client's kernel has taken so far.
func (c *Conn) Sent() int64 { return c.sent }

// Received is how many bytes have come back so far, all of them right.
func (c *Conn) Received() int64 { return c.received }

// Send sends the next n bytes of the stream without reading. It fails the check if the server does not take them for
// longer than the patience, so use it for amounts that fit into the kernel's buffers (64 KiB do) and Echo for more.
func (c *Conn) Send(n int64) {
	if taken, err := c.push(n, c.t.scaled(patience)); taken < n {
		c.t.Fatal(fmt.Sprintf("the server takes %s", plural(n, "byte", "bytes")), c.stuck(taken, err))
	}
	c.eventf("sent %s", group(n))
}

func (c *Conn) stuck(taken int64, err error) string {
	if err != nil {
		return fmt.Sprintf("after %s: %v", plural(taken, "byte", "bytes"), err)
	}
	return fmt.Sprintf("%s, then no progress for %s; %s", plural(taken, "byte", "bytes"), seconds(c.t.scaled(patience)), c.peer())
}

// TrySend sends at most n bytes, as many as are taken without waiting, and returns how many. A broken connection is no failure.
func (c *Conn) TrySend(n int64) int64 {
	taken, _ := c.push(n, 0)
	return taken
}

// SendPaced sends n bytes in pieces with a pause after each, without reading.
func (c *Conn) SendPaced(n, piece int64, pause time.Duration) {
	for left := n; left > 0; left -= piece {
		now := min(piece, left)
		if taken, err := c.push(now, c.t.scaled(patience)); taken < now {
			c.t.Fatal("the server takes "+plural(n, "byte", "bytes"), c.stuck(n-left+taken, err))
		}
		if pause > 0 {
			c.t.Sleep(pause)
		}
	}
	c.eventf("sent %s in pieces of %s", group(n), group(piece))
}

// push writes n stream bytes, giving up when nothing was taken for wait.
func (c *Conn) push(n int64, wait time.Duration) (taken int64, err error) {
	for taken < n {
		wrote, err := c.write(n - taken)
		taken += wrote
		if err == unix.EAGAIN {
			if !c.t.poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, time.Now().Add(wait), "room to send") {
				return taken, nil
			}
		} else if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// write makes one write of at most n stream bytes. It returns EAGAIN when there is no room.
func (c *Conn) write(n int64) (int64, error) {
	chunk := c.t.buffer[:min(n, int64(len(c.t.buffer)))]
	c.stream.Fill(chunk, c.sent)
	wrote, err := ignoringEINTR(func() (int, error) { return unix.Write(c.fd, chunk) })
	if wrote > 0 {
		c.t.wire.moved(c.number, "→", c.sent, int64(wrote))
		c.sent += int64(wrote)
	}
	return int64(max(wrote, 0)), err
}

// WriteRaw sends bytes that are not the stream's, all of them or the check fails. They do not count as Sent.
func (c *Conn) WriteRaw(b []byte) {
	total := len(b)
	for len(b) > 0 {
		wrote, err := ignoringEINTR(func() (int, error) { return unix.Write(c.fd, b) })
		switch {
		case err == nil:
			b = b[wrote:]
		case err != unix.EAGAIN || !c.waitFor(unix.POLLOUT, c.t.scaled(patience), "room to send"):
			c.t.Fatal(fmt.Sprintf("the server takes %d bytes", total), fmt.Sprintf("%d bytes, then %v", total-len(b), err))
		}
	}
	c.eventf("sent %s", group(int64(total)))
}

// WriteNothing makes a write of no bytes.
func (c *Conn) WriteNothing() {
	if _, err := unix.Write(c.fd, nil); err != nil {
		c.t.Fatal("a write of no bytes", err.Error())
	}
	c.event("wrote nothing")
}

// WriteUrgent sends one byte as urgent data (MSG_OOB).
func (c *Conn) WriteUrgent(b byte) {
	if err := unix.Sendto(c.fd, []byte{b}, unix.MSG_OOB, nil); err != nil {
		c.t.Fatal("the kernel sends one urgent byte", err.Error())
	}
	c.eventf("sent an urgent byte")
}

// CloseWrite says that nothing more will be sent: FIN.
func (c *Conn) CloseWrite() {
	if err := unix.Shutdown(c.fd, unix.SHUT_WR); err != nil {
		c.t.Fatal("an open connection", "shutdown(WR): "+err.Error())
	}
	c.finSent = true
	c.t.wire.note(c.number, "→ FIN")
	c.event("shutdown(WR)")
}

// CloseRead shuts down the receiving side, of which TCP tells the server nothing.
func (c *Conn) CloseRead() {
	if err := unix.Shutdown(c.fd, unix.SHUT_RD); err != nil {
		c.t.Fatal("an open connection", "shutdown(RD): "+err.Error())
	}
	c.event("shutdown(RD)")
}

// Close closes the descriptor as a program does that has lost interest. If bytes wait unread the kernel sends RST.
func (c *Conn) Close() {
	c.t.wire.note(c.number, "close")
	c.event("close")
	c.release()
}

// Reset closes with RST (linger 0), whatever is in flight.
func (c *Conn) Reset() {
	unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	c.t.wire.note(c.number, "→ RST")
	c.event("RST sent")
	c.release()
}

func (c *Conn) release() {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

// ServerState is the condition that the server's end of this connection is in one of the given states.
func (c *Conn) ServerState(states ...TCPState) Condition {
	what := "the server's end is " + states[0].String()
	for _, s := range states[1:] {
		what += " or " + s.String()
	}
	return c.serverSide(what, func(now Socket) bool {
		for _, s := range states {
			if now.State == s {
				return true
			}
		}
		return false
	})
}

// ServerKnowsFIN is the condition that the client's FIN has reached the server's kernel, whether or not the server has
// answered it already, or that it cannot get there before the client reads: a server that makes a blocked client
// wait leaves data unread, the window shuts, and the FIN stays behind that data. Then nothing moves, here for a tenth of a
// second.
func (c *Conn) ServerKnowsFIN() Condition {
	const still = 100 * time.Millisecond
	var last Socket
	var since time.Time
	return Condition{"the server's end knows of the FIN, or the FIN waits behind unread data", func() (bool, string) {
		now := c.ServerSocket()
		if now != last || since.IsZero() {
			last, since = now, time.Now()
		}
		waits := now.State == Established && now.Unread > 0 && time.Since(since) > c.t.scaled(still)
		return now.State != Established || waits, "the server's end is " + now.String()
	}}
}

// ServerHasOutput is the condition that the server has written bytes which the client's kernel has no room for.
func (c *Conn) ServerHasOutput() Condition {
	return c.serverSide("the server has output waiting", func(now Socket) bool { return now.Unsent > 0 })
}

// ServerHasRead is the condition that the server has read everything that was sent.
func (c *Conn) ServerHasRead() Condition {
	return c.serverSide("the server has read everything", func(now Socket) bool {
		return now.State == Gone || now.Unread == 0 && c.unacknowledged() == 0
	})
}

// ServerSocket is the kernel's view of the server's end now. Once a FIN has arrived, Unread counts it as one byte until
// the server has read to the end of the stream.
func (c *Conn) ServerSocket() Socket {
	if !c.addresses.server.IsValid() {
		c.t.NotApplicable("the kernel shows the far end of TCP connections only")
	}
	s, err := c.server.lookup(c.addresses)
	if err != nil {
		c.t.NotApplicable(err.Error())
	}
	return s
}

// ReadByServer is how many of the sent bytes the server has read, if nothing moves meanwhile.
func (c *Conn) ReadByServer() int64 {
	return c.sent - c.ServerSocket().Unread - int64(c.unacknowledged())
}

func (c *Conn) serverSide(what string, ok func(Socket) bool) Condition {
	return Condition{what, func() (bool, string) {
		now := c.ServerSocket()
		return ok(now), "the server's end is " + now.String()
	}}
}

// unacknowledged is how much of what was sent the server's kernel has not confirmed (SIOCOUTQ).
func (c *Conn) unacknowledged() int {
	n, err := outputQueue(c.fd)
	if err != nil {
		return 0
	}
	return n
}

// peer describes the server's end for a failure, where it can be seen.
func (c *Conn) peer() string {
	if !c.addresses.server.IsValid() {
		return "the server's end cannot be seen"
	}
	s, err := c.server.lookup(c.addresses)
	if err != nil {
		return "the server's end cannot be seen"
	}
	return "the server's end: " + s.String()
}

func (c *Conn) waitFor(events int16, wait time.Duration, what string) bool {
	return c.t.poll([]unix.PollFd{{Fd: int32(c.fd), Events: events}}, time.Now().Add(wait), what)
}

func (c *Conn) event(what string) {
	if !c.quiet {
		c.t.timeline.add(c.number, what)
	}
}

func (c *Conn) eventf(format string, args ...any) { c.event(fmt.Sprintf(format, args...)) }

// ignoringEINTR repeats a call that a signal has interrupted; the Go runtime sends such signals to itself.
func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
