package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

func init() {
	// Servers that install a handler for a flag that nobody reads.
	faults["ignores-sigterm"] = func(s *server) {
		s.stop = func(*net.TCPListener) int { select {} }
	}

	// gnet promises to wait for its connections and closes them at once.
	faults["drops-pending-at-sigterm"] = func(s *server) {
		s.stop = func(l *net.TCPListener) int {
			l.Close()
			return 0
		}
	}

	// Servers that end with the error of their closed listener.
	faults["exits-one-at-sigterm"] = func(s *server) {
		drain := s.stop
		s.stop = func(l *net.TCPListener) int {
			drain(l)
			fmt.Fprintln(os.Stderr, "wrong: use of closed network connection")
			return 1
		}
	}

	// Servers that drain first and close the listener last: their clients come back to a dying process.
	faults["accepts-after-sigterm"] = func(s *server) {
		drain := s.stop
		s.stop = func(l *net.TCPListener) int {
			keepOpen, err := l.File()
			status := drain(l)
			if err == nil {
				keepOpen.Close()
			}
			return status
		}
	}

	// Graceful stops without a deadline: one client that does not read holds the process for ever.
	faults["drains-without-deadline"] = func(s *server) {
		s.hurry = func(c *net.TCPConn) { c.SetReadDeadline(time.Unix(1, 0)) }
	}

	// socat and ncat fork per client, and the children outlive the server.
	faults["leaves-child"] = func(s *server) {
		s.stop = func(l *net.TCPListener) int {
			child := exec.Command("sleep", "20")
			child.Start()
			return s.drain(l)
		}
	}
}
