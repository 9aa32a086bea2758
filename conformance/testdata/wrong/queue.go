package main

import (
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A queue is the output of a connection whose reader does not wait for its writer, as in an event loop:
// each block is written at once as far as the socket takes it, and the rest waits for room.
//
// Every write is made under mu and none blocks, so what is pending is here and in nobody's hands.
type queue struct {
	c *net.TCPConn

	mu      sync.Mutex
	changed sync.Cond
	pending []byte
	pieces  int   // of which pending was put together since it was last empty
	failed  error // why nothing can be written any more

	mostPieces int // that one write takes; 0 is any number
}

// echoQueued reads ahead of its own output by at most limit bytes, and leaves to atFIN what is then pending.
func (s *server) echoQueued(limit int, atFIN func(c *net.TCPConn, pending []byte) error) func(*net.TCPConn) error {
	return s.echoPieces(limit, 0, atFIN)
}

// echoPieces is echoQueued with one writev for all pieces, of which the kernel takes only so many.
func (s *server) echoPieces(limit, mostPieces int, atFIN func(c *net.TCPConn, pending []byte) error) func(*net.TCPConn) error {
	return func(c *net.TCPConn) error {
		q := &queue{c: c, mostPieces: mostPieces}
		q.changed.L = &q.mu
		go q.flushWhenWritable()
		buffer := make([]byte, readSize)
		for {
			n, err := s.read(c, buffer)
			if failed := q.add(buffer[:n], limit); failed != nil {
				return failed
			}
			if err != nil {
				return atFIN(c, q.end())
			}
		}
	}
}

// add waits until fewer than limit bytes are pending and adds the block.
func (q *queue) add(block []byte, limit int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) >= limit && q.failed == nil {
		q.changed.Wait()
	}
	if len(q.pending) == 0 {
		q.pieces = 0
	}
	q.pending = append(q.pending, block...)
	q.pieces++
	q.flush()
	return q.failed
}

// flush writes what the socket takes now. The caller holds mu.
func (q *queue) flush() {
	if q.mostPieces > 0 && q.pieces > q.mostPieces && q.failed == nil {
		q.failed = syscall.EINVAL
	}
	for len(q.pending) > 0 && q.failed == nil {
		n, err := try(q.c, func(fd int) (int, error) { return syscall.Write(fd, q.pending) })
		if err == syscall.EAGAIN {
			break
		}
		if err != nil {
			q.failed = err
			break
		}
		q.pending = q.pending[n:]
	}
	q.changed.Broadcast()
}

// flushWhenWritable runs in a goroutine of its own until the connection ends.
func (q *queue) flushWhenWritable() {
	for q.waitForPending() {
		if err := waitWritable(q.c); err != nil {
			q.end()
			return
		}
		q.mu.Lock()
		q.flush()
		q.mu.Unlock()
	}
}

func (q *queue) waitForPending() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) == 0 && q.failed == nil {
		q.changed.Wait()
	}
	return q.failed == nil
}

// end takes what is pending out of the queue, for good.
func (q *queue) end() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flush()
	pending := q.pending
	q.pending, q.failed = nil, net.ErrClosed
	q.changed.Broadcast()
	return pending
}

// waitWritable returns when the socket has room, or is broken.
func waitWritable(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Write(func(fd uintptr) bool {
		socket := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, _ := unix.Poll(socket, 0)
		return n > 0
	})
}
