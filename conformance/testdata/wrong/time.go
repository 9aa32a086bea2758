package main

import (
	"io"
	"net"
	"time"
)

func init() {
	// A flag that is read, and forgotten.
	faults["never-times-out"] = func(s *server) { s.idle = 0 }

	// SetDeadline once, at accept.
	faults["times-out-from-the-start"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			if s.idle > 0 {
				c.SetReadDeadline(time.Now().Add(s.idle))
			}
		}
		s.read = read
	}

	// One deadline for both directions: a slow reader is taken for a silent client.
	faults["drops-output-at-timeout"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if s.idle > 0 {
				c.SetWriteDeadline(time.Now().Add(s.idle))
			}
			return send(c, block)
		}
	}

	// Loops that run their timers before they look at their sockets. Go's deadlines do so too, but not always: here the clock decides,
	// whatever has come.
	faults["believes-clock-first"] = func(s *server) {
		s.read = func(c *net.TCPConn, buffer []byte) (int, error) {
			if s.idle == 0 || s.isStopping() {
				return read(c, buffer)
			}
			due := time.Now().Add(s.idle)
			c.SetReadDeadline(due)
			n, err := c.Read(buffer)
			if (isTimeout(err) || time.Now().After(due)) && !s.isStopping() {
				return 0, io.EOF
			}
			return n, err
		}
	}
}
