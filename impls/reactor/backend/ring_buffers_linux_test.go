package backend

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A crowd is connections that all receive on one ring.
type crowd struct {
	ring  *uring
	peers []int
	ops   []*Op
	ready []Ready
}

func newCrowd(t *testing.T, connections int) *crowd {
	u, err := newUring(systemRings)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	c := &crowd{ring: u, ready: make([]Ready, 4096)}
	for i := range connections {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
		op := &Op{Owner: i}
		if err := u.Receive(op, fds[0]); err != nil {
			t.Fatal(err)
		}
		c.peers, c.ops = append(c.peers, fds[1]), append(c.ops, op)
	}
	return c
}

// round has each peer send the message, all before anything is received, and takes in what came, buffer by buffer.
func (c *crowd) round(t *testing.T, message []byte) {
	t.Helper()
	for _, peer := range c.peers {
		if n, err := unix.Write(peer, message); n != len(message) {
			t.Fatalf("sent %d bytes: %v", n, err)
		}
	}
	came := make([][]byte, len(c.peers))
	begun := time.Now()
	for left := len(message) * len(c.peers); left > 0; {
		n, err := c.ring.Wait(c.ready, time.Second) // 0 where a signal interrupts it
		if err != nil || time.Since(begun) > 20*time.Second {
			t.Fatalf("%d bytes have not come: %v", left, err)
		}
		for _, r := range c.ready[:n] {
			if r.N <= 0 || !r.More {
				t.Fatalf("%+v", r)
			}
			i := r.Op.Owner.(int)
			came[i] = append(came[i], c.ring.Buffer(r)...)
			left -= r.N
			c.ring.Release(r.Buffer)
		}
	}
	for i := range came {
		if !bytes.Equal(came[i], message) {
			t.Fatalf("connection %d received %d bytes, or others than the %d sent", i, len(came[i]), len(message))
		}
	}
}

// Many more small messages at once than there are large buffers: receives that starve go on with lesser ones, of which there are enough.
// From then on none has to be begun again.
func TestSmallMessagesStarveNobodyForLong(t *testing.T) {
	for _, size := range []int{64, 1000} {
		c := newCrowd(t, 400)
		for range 24 { // enough messages to pay for the moves of those that have large ones
			c.round(t, pattern(size))
		}
		before := c.ring.tail // the number of submissions
		for range 4 {
			c.round(t, pattern(size))
		}
		if again := c.ring.tail - before; again > 0 {
			t.Errorf("messages of %d bytes: %d submissions in 4 rounds of 400", size, again)
		}
	}
}

// What receives into small buffers and fills them goes on with larger ones, and loses no byte on the way.
func TestLargeMessagesLeaveSmallBuffers(t *testing.T) {
	c := newCrowd(t, 200)
	for range 4 {
		c.round(t, pattern(64))
	}
	if n := len(c.ring.operations.buffers[tiny].memory); n == 0 {
		t.Fatal("nobody receives into tiny buffers")
	}
	c.peers, c.ops = c.peers[:20], c.ops[:20]
	for _, size := range []int{255, 256, 257, 2047, 2048, 2049, 60_000} {
		c.round(t, pattern(size))
		c.round(t, pattern(size))
	}
	for i, op := range c.ops {
		if op.buffers != large {
			t.Errorf("connection %d is still at buffers of %d bytes", i, bufferSizes[op.buffers].bytes)
		}
	}
}

// A crowd of new connections takes turns with a bounded number of buffers: each of more would keep a page that was written to once.
func TestNewConnectionsTakeTurns(t *testing.T) {
	c := newCrowd(t, 400)
	c.round(t, pattern(64))
	if n := len(c.ring.operations.buffers[large].memory); n > mostForUntold {
		t.Errorf("%d large buffers for the first messages of 400 connections", n)
	}
}

// Where large messages come to small buffers again and again, receives stay with large ones: to move to and fro costs more than it brings.
func TestMixedMessagesMoveNobodyToAndFro(t *testing.T) {
	c := newCrowd(t, 20)
	mixed := func() {
		for range 9 {
			c.round(t, pattern(64))
		}
		c.round(t, pattern(60_000))
	}
	for range 20 {
		mixed()
	}
	before := c.ring.tail
	for range 10 { // of 2000 messages
		mixed()
	}
	if again := c.ring.tail - before; again > 40 {
		t.Errorf("%d submissions for 2000 messages", again)
	}
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}
