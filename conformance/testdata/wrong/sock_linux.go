package main

import (
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// nginx's tcp_nopush left on, and sendfile or splice with "more to come": the last piece waits for 200 ms.
	faults["corks-output"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			c.SetNoDelay(false) // with it the kernel would push all the same
			try(c, func(fd int) (int, error) { return 0, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
		}
	}
}
