package main

import (
	"io"
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// Deadlines in a signed number of 32 bits: on the 25th day they lie in the past.
	faults["counts-in-32-bits"] = func(s *server) {
		s.read = func(c *net.TCPConn, buffer []byte) (int, error) {
			deadline := milliseconds() + int32(s.idle.Milliseconds())
			n, err := s.readInTime(c, buffer)
			if s.idle > 0 && err == nil && milliseconds() > deadline {
				err = io.EOF
			}
			return n, err
		}
	}
}

// milliseconds since the machine's start.
func milliseconds() int32 {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return int32(now.Nano() / 1e6)
}
