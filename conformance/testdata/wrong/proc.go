package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
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

	// signal.Notify without a signal.Reset: who has lost patience must use SIGKILL.
	faults["deaf-to-second-sigterm"] = func(s *server) { s.deaf = true }

	// Servers that end all sessions after a suspend, which they see by a clock that has jumped.
	faults["drops-clients-after-suspend"] = func(s *server) { go s.watchClock() }

	// accept and socket without SOCK_CLOEXEC.
	faults["leaves-sockets-inheritable"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			try(c, func(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0) })
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

// watchClock ends every connection when a tick has come much too late.
func (s *server) watchClock() {
	const tick, jump = 50 * time.Millisecond, 800 * time.Millisecond
	for last := time.Now(); ; last = time.Now() {
		time.Sleep(tick)
		if time.Since(last) < jump {
			continue
		}
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
	}
}
