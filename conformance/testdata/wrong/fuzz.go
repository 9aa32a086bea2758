package main

import (
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Mistakes that need two clients at once, each doing something that by itself is served well.

func init() {
	// A loop that remembers the connection which it drains after its client's FIN in one field. The next client that ends
	// takes its place, and the first is closed with the rest unsent.
	faults["drains-one-at-a-time"] = func(s *server) {
		var last drainer
		s.echo = s.echoQueued(12<<20, last.drain)
	}

	// A list of stalled connections from which the last entry is taken when one of them is reset, whichever that was. The
	// connection that belongs to it is never resumed.
	faults["reset-unlinks-another"] = func(s *server) {
		var paused pausedList
		s.send = func(c *net.TCPConn, block []byte) error { return paused.send(s, c, block) }
	}
}

// A drainer is the one field.
type drainer struct {
	mu   sync.Mutex
	last *net.TCPConn
}

func (d *drainer) drain(c *net.TCPConn, pending []byte) error {
	d.mu.Lock()
	d.last = c
	d.mu.Unlock()
	for len(pending) > 0 && d.isLast(c) {
		n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, pending) })
		switch {
		case err == syscall.EAGAIN:
			time.Sleep(time.Millisecond)
		case err != nil:
			return err
		default:
			pending = pending[n:]
		}
	}
	return nil
}

func (d *drainer) isLast(c *net.TCPConn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last == c
}

// A pausedList holds the connections that wait for room, in the order in which they stalled.
type pausedList struct {
	mu    sync.Mutex
	conns []*net.TCPConn
}

func (l *pausedList) send(s *server, c *net.TCPConn, block []byte) error {
	for len(block) > 0 {
		n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
		switch {
		case err == nil:
			block = block[n:]
		case err != syscall.EAGAIN:
			return err
		default:
			if err := l.pause(s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause returns when there is room and the connection is still in the list; otherwise it waits for the end of the server.
func (l *pausedList) pause(s *server, c *net.TCPConn) error {
	l.change(func(conns []*net.TCPConn) []*net.TCPConn { return append(conns, c) })
	err := waitWritable(c)
	if err == nil {
		if errno, failed := try(c, func(fd int) (int, error) {
			return syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		}); failed != nil || errno != 0 {
			err = syscall.Errno(errno)
		}
	}
	if err != nil {
		l.change(func(conns []*net.TCPConn) []*net.TCPConn { return conns[:max(0, len(conns)-1)] })
		return err
	}
	listed := false
	l.change(func(conns []*net.TCPConn) []*net.TCPConn {
		i := slices.Index(conns, c)
		if listed = i >= 0; listed {
			conns = slices.Delete(conns, i, i+1)
		}
		return conns
	})
	for !listed && !s.isStopping() {
		time.Sleep(faultDelay)
	}
	return nil
}

func (l *pausedList) change(f func([]*net.TCPConn) []*net.TCPConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = f(l.conns)
}
