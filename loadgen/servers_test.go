package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reactorbench/impls"
)

// A handler is what an in-test server does with one connection, numbered in the order of accepting.
type handler func(number int, c net.Conn)

// serve runs a server in this process until the test ends and returns its address.
func serve(t *testing.T, handle handler) string {
	t.Helper()
	return serveOn(t, "tcp", "127.0.0.1:0", handle)
}

func serveOn(t *testing.T, network, address string, handle handler) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.Map
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for number := 0; ; number++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(number, c)
			handlers.Go(func() {
				defer c.Close()
				handle(number, c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Range(func(_, c any) bool { c.(net.Conn).Close(); return true })
		handlers.Wait()
	})
	return l.Addr().String()
}

// echo returns a right server's handler, with a change applied to the bytes from some offset of each connection on.
// change returns what to send instead, and whether to go on.
func echo(change func(number int, offset int64, b []byte) ([]byte, bool)) handler {
	return func(number int, c net.Conn) {
		buffer := make([]byte, 64<<10)
		for offset := int64(0); ; {
			n, err := c.Read(buffer)
			if n > 0 {
				out, goOn := change(number, offset, buffer[:n])
				offset += int64(n)
				if _, err := c.Write(out); err != nil || !goOn {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

func unchanged(_ int, _ int64, b []byte) ([]byte, bool) { return b, true }

// wrongAt flips one bit of the byte at an offset of a connection.
func wrongAt(connection int, at int64) handler {
	return echo(func(number int, offset int64, b []byte) ([]byte, bool) {
		if number == connection && offset <= at && at < offset+int64(len(b)) {
			b[at-offset] ^= 0x20
		}
		return b, true
	})
}

// endsAt closes each connection when so many bytes have been echoed.
func endsAt(at int64) handler {
	return echo(func(_ int, offset int64, b []byte) ([]byte, bool) {
		if offset+int64(len(b)) < at {
			return b, true
		}
		return b[:at-offset], false
	})
}

// stallsAt echoes so many bytes of each connection and then reads on without a reply.
func stallsAt(at int64) handler {
	return echo(func(_ int, offset int64, b []byte) ([]byte, bool) {
		return b[:max(0, min(int64(len(b)), at-offset))], true
	})
}

// delayed echoes each piece after d.
func delayed(d time.Duration) handler {
	return echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
		time.Sleep(d)
		return b, true
	})
}

// stops echoes, but stands still as a whole for the first 100 of every 400 ms.
func stops() handler {
	began := time.Now()
	return echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
		if into := time.Since(began) % (400 * time.Millisecond); into < 100*time.Millisecond {
			time.Sleep(100*time.Millisecond - into)
		}
		return b, true
	})
}

// resets breaks each connection with RST after one reply.
func resets(_ int, c net.Conn) {
	io.CopyN(c, c, 64)
	c.(*net.TCPConn).SetLinger(0)
}

// talkative sends a byte too many after its first reply.
func talkative(number int, c net.Conn) {
	echo(func(_ int, offset int64, b []byte) ([]byte, bool) {
		if offset == 0 {
			return append(b, '!'), true
		}
		return b, true
	})(number, c)
}

// deaf echoes one piece and then neither reads nor writes.
func deaf(_ int, c net.Conn) {
	io.CopyN(c, c, 64)
	select {} // with the process
}

// wholeMessages echoes nothing before it has a whole message, so that a client whose writes fall short must wait for room.
func wholeMessages(size int64) handler {
	return func(_ int, c net.Conn) {
		message := make([]byte, size)
		for {
			if _, err := io.ReadFull(c, message); err != nil {
				return
			}
			if _, err := c.Write(message); err != nil {
				return
			}
		}
	}
}

// A place is the subject of a test: an address, and CPU time by invention.
type place struct {
	address string
	cpu     atomic.Int64
}

func (p *place) Network() string { return "tcp" }
func (p *place) Addr() string    { return p.address }
func (p *place) PID() int        { return 0 }
func (p *place) CPU() (time.Duration, error) {
	return time.Duration(p.cpu.Add(int64(time.Millisecond))), nil
}
func (p *place) Usage() (impls.Usage, error) { return impls.Usage{Threads: 1, PSSBytes: 1 << 20}, nil }

// litters echoes and leaves 64 KiB of garbage behind each read.
func litters() handler {
	var litter []byte
	return echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
		litter = make([]byte, 64<<10)
		return append(litter[:0], b...), true
	})
}
