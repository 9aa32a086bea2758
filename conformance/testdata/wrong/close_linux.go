package main

import (
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// Edge-triggered servers that read once per event: after the event of the FIN no other comes.
	faults["reads-once-at-fin"] = func(s *server) { s.echo = s.readOnceAtFIN }
}

// readOnceAtFIN echoes as it should until it meets a block that does not reach the FIN behind it.
func (s *server) readOnceAtFIN(c *net.TCPConn) error {
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		if n > 0 {
			if err := s.send(c, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if halfClosed(c) {
			return discard(c)
		}
	}
}

// halfClosed tells whether the client has sent its FIN, read or not.
func halfClosed(c *net.TCPConn) bool {
	state, err := try(c, func(fd int) (int, error) {
		events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		_, err := unix.Poll(events, 0)
		return int(events[0].Revents), err
	})
	return err == nil && state&unix.POLLRDHUP != 0
}
