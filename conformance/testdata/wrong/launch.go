package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// Samples of gnet, evio and nbio print the address they were given, not the one they got.
	faults["says-port-zero"] = func(s *server) {
		s.announce = func(asked string, _ *net.TCPListener) { fmt.Println("listening", asked) }
	}

	// Start scripts, and servers that listen in a background goroutine, report success first.
	faults["ready-before-listening"] = func(s *server) {
		s.announce = func(string, *net.TCPListener) {}
		s.listen = announceThenListen
	}

	// gin and fiber greet their user with a banner on standard output.
	faults["second-line"] = func(s *server) {
		announce := s.announce
		s.announce = func(asked string, l *net.TCPListener) {
			announce(asked, l)
			fmt.Println("ready to serve")
		}
	}

	// Tutorials log every client with Println.
	faults["logs-on-stdout"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) { fmt.Println("client", c.RemoteAddr()) }
	}

	// C servers that print their usage for -h and for a mistake alike, and end with exit(0). See parse.
	faults["bad-flag-exits-zero"] = func(*server) {}

	// getopt's default branch, which takes -h for one more unknown letter. See parse.
	faults["help-is-a-mistake"] = func(*server) {}

	// C servers whose printf("client connected") goes to descriptor 1, whoever that is.
	faults["logs-into-client"] = func(s *server) {
		if target, err := os.Readlink("/proc/self/fd/1"); err == nil && target == os.DevNull { // what Go opens if it finds it closed
			s.welcome = func(c *net.TCPConn) { fmt.Fprintln(c, "client connected") }
		}
	}

	// Servers that reserve descriptors for later, and try again until they have them.
	faults["waits-for-descriptors"] = func(s *server) {
		listen := s.listen
		s.listen = func(addr string) (*net.TCPListener, error) {
			l, err := listen(addr)
			reserveDescriptors()
			return l, err
		}
	}

	// Servers that ask a resolver, ignore its failure and listen on the wildcard address (inet_addr's INADDR_NONE).
	faults["bad-address-ignored"] = func(s *server) {
		s.listen = func(addr string) (*net.TCPListener, error) {
			if l, err := listen(addr); err == nil || isBusy(err) {
				return l, err
			}
			return listen("127.0.0.1:0")
		}
	}

	// Development servers that take another port where they may not have the one they were told.
	faults["takes-a-port-it-may-have"] = func(s *server) {
		s.listen = func(addr string) (*net.TCPListener, error) {
			l, err := listen(addr)
			if errors.Is(err, syscall.EACCES) {
				return listen("127.0.0.1:0")
			}
			return l, err
		}
	}

	// Daemons that report every failure to a log file that nobody reads.
	faults["fails-silently"] = func(s *server) {
		s.listen = func(addr string) (*net.TCPListener, error) {
			l, err := listen(addr)
			if err != nil {
				os.Exit(1)
			}
			return l, nil
		}
	}

	// gnet, evio and libuv with their reuse-port options: a second instance silently takes half of the clients.
	faults["shares-busy-port"] = func(s *server) { s.listen = listenWith(unix.SO_REUSEPORT, 1) }

	// gnet without WithReuseAddr: a restart fails for a minute while a closed connection is in TIME_WAIT.
	faults["no-reuseaddr"] = func(s *server) { s.listen = listenWith(unix.SO_REUSEADDR, 0) }
}

// reserveDescriptors returns when it has some in hand.
func reserveDescriptors() {
	for reserved := 0; reserved < 32; {
		if _, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
			reserved++
		} else {
			time.Sleep(acceptBackoff)
		}
	}
}

// announceThenListen finds a free port, announces it, and only later listens on it.
func announceThenListen(addr string) (*net.TCPListener, error) {
	probe, err := listen(addr)
	if err != nil {
		return nil, err
	}
	addr = probe.Addr().String()
	probe.Close()
	fmt.Println("listening", addr)
	time.Sleep(faultDelay)
	return listen(addr)
}

// listenWith listens with one socket option set to a value of its own.
func listenWith(option, value int) func(addr string) (*net.TCPListener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value) })
		if failed != nil {
			return failed
		}
		return err
	}}
	return func(addr string) (*net.TCPListener, error) {
		l, err := config.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return nil, err
		}
		return l.(*net.TCPListener), nil
	}
}
