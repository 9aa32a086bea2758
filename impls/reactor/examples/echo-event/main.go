// Command echo-event is an echo server on plain events: the loop says when a socket is ready, and everything else is
// done here by hand. That everything else is what the tutorials leave out, and it is three things.
//
// A write may be short. The kernel takes what fits into its send buffer and no more. Who ignores the count loses bytes as soon as a
// client sends faster than it reads.
//
// Back-pressure. What the kernel did not take has to be kept, and a client that never reads must not be able to make
// that grow. So a connection is in one of two states, and only ever waits for one thing:
//
//	          a short write: keep the rest, wait for Write
//	reading ───────────────────────────────────────────────► writing
//	   ▲                                                        │
//	   └────────────────────────────────────────────────────────┘
//	          the rest is gone: wait for Read
//
// While it is writing nobody reads, the kernel's receive buffer fills, and TCP makes the client wait.
//
// Half-close. A client that has sent everything shuts down its sending side and goes on reading. That end of
// the stream is no reason to close before the echo is complete. Here it cannot come too early: the end is seen
// by reading, and there is no reading while something is pending.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("echo-event: ")
	addr := flag.String("addr", "127.0.0.1:7007", "`address` to listen on")
	flag.Parse()

	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := base.Listen("tcp", *addr, func(fd int, _ netip.AddrPort) { serve(base, fd) })
	if err != nil {
		log.Fatal(err)
	}
	var interrupt *reactor.Event
	interrupt = base.NewSignal(os.Interrupt, func() {
		listener.Close()
		interrupt.Del() // now the connections alone keep the loop going
	})
	interrupt.Add(reactor.Forever)
	fmt.Println("listening", listener.Addr())
	if err := base.Dispatch(); err != nil {
		log.Fatal(err)
	}
}

// A connection waits for input, or for room for its pending output, never for both.
type connection struct {
	fd      int
	input   *reactor.Event
	room    *reactor.Event
	pending []byte // what the kernel did not take; empty while reading
}

// scratch is where all connections read to: a callback is done with it before the next one begins.
var scratch [64 << 10]byte

func serve(base *reactor.Base, fd int) {
	c := &connection{fd: fd}
	c.input = base.NewEvent(fd, reactor.Read|reactor.Persist, c.read)
	c.room = base.NewEvent(fd, reactor.Write|reactor.Persist, c.write)
	c.waitFor(c.input)
}

// read echoes what has come.
func (c *connection) read(reactor.What) {
	n, err := unix.Read(c.fd, scratch[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR: // readiness is a hint; if it was true it will be told again
		return
	case err != nil || n == 0: // n == 0 is the end of the stream, and nothing is pending
		c.close()
		return
	}
	c.send(scratch[:n])
}

// write sends more of what is pending.
func (c *connection) write(reactor.What) {
	c.send(c.pending)
}

// send writes p, keeps what the kernel does not take, and decides by that what to wait for.
func (c *connection) send(p []byte) {
	n, err := unix.Write(c.fd, p)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		n = 0
	case err != nil:
		c.close()
		return
	}
	c.pending = append(c.pending[:0], p[n:]...)
	if len(c.pending) > 0 {
		c.waitFor(c.room)
		return
	}
	c.pending = nil // a connection that waits for input holds no memory
	c.waitFor(c.input)
}

// waitFor waits for one event and not for the other.
func (c *connection) waitFor(event *reactor.Event) {
	if event.Pending(reactor.Read | reactor.Write) {
		return
	}
	c.input.Del()
	c.room.Del()
	if err := event.Add(reactor.Forever); err != nil {
		log.Print(err)
		c.close()
	}
}

// close deletes the events first: a descriptor's number is the next connection's as soon as it is closed.
func (c *connection) close() {
	c.input.Del()
	c.room.Del()
	unix.Close(c.fd)
}
