package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

func init() {
	// gnet, netpoll, nbio, libevent and libuv: whatever the client does not read is kept in memory.
	faults["queues-without-bound"] = func(s *server) { s.echo = s.echoQueued(1<<40, deliver) }

	// evio leaves its level-triggered read event armed while the output is stuck.
	faults["spins-while-stalled"] = func(s *server) { s.send = sendSpinning }

	// Non-blocking writes whose EAGAIN is taken for success.
	faults["drops-while-stalled"] = func(s *server) { s.send = sendOnce }

	// Blocking writes in an event-loop thread: everybody waits for the slowest reader.
	faults["one-stall-blocks-all"] = func(s *server) {
		var loop sync.Mutex
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			loop.Lock()
			defer loop.Unlock()
			return send(c, block)
		}
	}

	// A pool of workers that block in write: one stalled client is nothing, four are the end.
	faults["stalls-use-up-workers"] = func(s *server) {
		workers := make(chan struct{}, 4)
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			workers <- struct{}{}
			defer func() { <-workers }()
			return send(c, block)
		}
	}

	// Guards against slow attackers: a message must be there in time.
	faults["cuts-off-slow-writer"] = func(s *server) { s.echo = s.echoInAHurry }

	// gnet with a limit on OutboundBuffered: its only way to bound memory is to cut the client off.
	faults["cuts-off-slow-reader"] = func(s *server) {
		s.send = func(c *net.TCPConn, block []byte) error {
			n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
			if n < len(block) && err == nil {
				err = io.ErrShortWrite
			}
			return err
		}
	}

	// Servers that pause reading at their high-water mark and never arm the read event again.
	faults["never-resumes"] = func(s *server) {
		s.send = func(c *net.TCPConn, block []byte) error {
			n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
			if err == nil && n == len(block) {
				return nil
			}
			if _, err := c.Write(block[max(n, 0):]); err != nil {
				return err
			}
			return waitForReset(c)
		}
	}
}

// echoInAHurry wants a message's worth of bytes within a moment of the first.
func (s *server) echoInAHurry(c *net.TCPConn) error {
	const message = 40
	var first time.Time
	total := 0
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		if total == 0 {
			first = time.Now()
		}
		if total += n; total < message && time.Since(first) > faultDelay {
			return io.EOF
		}
		if n > 0 {
			if err := s.send(c, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// deliver writes what is pending, however long that takes.
func deliver(c *net.TCPConn, pending []byte) error {
	if _, err := c.Write(pending); err != nil {
		return err
	}
	return io.EOF
}

// sendSpinning asks the socket again and again.
func sendSpinning(c *net.TCPConn, block []byte) error {
	for len(block) > 0 {
		n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
		switch {
		case err == syscall.EAGAIN:
			spin()
		case err != nil:
			return err
		default:
			block = block[n:]
		}
	}
	return nil
}

// sendOnce waits for room, writes once, and calls that done.
func sendOnce(c *net.TCPConn, block []byte) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Write(func(fd uintptr) bool {
		_, err = syscall.Write(int(fd), block)
		return err != syscall.EAGAIN
	})
	return errors.Join(failed, err)
}

// waitForReset never reads again; only a reset ends the connection.
func waitForReset(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	raw.Read(func(fd uintptr) bool {
		failed, _ := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
		err = syscall.Errno(failed)
		return failed != 0
	})
	return err
}
