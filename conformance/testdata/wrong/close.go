package main

import (
	"errors"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// netpoll closes when the end of stream is seen together with the last bytes, before its handler has answered them.
	faults["closes-when-fin-is-near"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if finArrived(c) {
				return io.EOF
			}
			return send(c, block)
		}
	}

	// gnet, and libevent servers that free the bufferevent on EOF: one write at the end of stream, and the rest is dropped.
	faults["drops-backlog-at-fin"] = func(s *server) { s.echo = s.echoQueued(4<<20, drop) }

	// Servers that set SO_LINGER to zero to be rid of TIME_WAIT.
	faults["answers-fin-with-rst"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if errors.Is(why, io.EOF) {
				waitUntilSent(c)
				c.SetLinger(0)
			}
			c.Close()
		}
	}

	// Event loops that take EPOLLRDHUP for "nothing more to read" and drop the event: CLOSE_WAIT for ever (netpoll pull request 304).
	faults["never-closes"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if errors.Is(why, io.EOF) {
				keep(c)
				return
			}
			c.Close()
		}
	}

	// Proxies that copy the peer's half-close and wait for their own close to be answered.
	faults["shuts-down-but-keeps"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			c.CloseWrite()
			keep(c)
		}
	}

	// Tutorials with log.Fatal(err) after every read.
	faults["dies-of-reset"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if isReset(why) {
				log.Fatal(why)
			}
			c.Close()
		}
	}

	// libevent, libuv and plain C servers that leave SIGPIPE alone: the second write to a dead peer kills them.
	faults["dies-of-broken-pipe"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if errors.Is(why, syscall.EPIPE) {
				os.Exit(128 + int(syscall.SIGPIPE)) // what a shell reports for it
			}
			c.Close()
		}
	}

	// ncat logs, others die, when the address of an accepted but already reset client cannot be asked for.
	faults["dies-without-peer-name"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			_, err := try(c, func(fd int) (int, error) { _, err := unix.Getpeername(fd); return 0, err })
			if errors.Is(err, syscall.ENOTCONN) {
				log.Fatal("getpeername: ", err)
			}
		}
	}

	// Error paths that return without close (gnet issue 621 reports the growth in production).
	faults["leaks-on-reset"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if isReset(why) || errors.Is(why, syscall.EPIPE) {
				keep(c)
				return
			}
			c.Close()
		}
	}

	// gnet issue 47: reader and writer each close the connection. Here the writer comes a moment later.
	faults["closes-twice"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			fd := descriptor(c)
			c.Close()
			if isReset(why) {
				time.AfterFunc(time.Millisecond, func() { syscall.Close(fd) })
			}
		}
	}

	// Ends that a sweep finds.
	faults["closes-late"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, _ error) {
			time.Sleep(5 * faultDelay)
			c.Close()
		}
	}

	// SO_LINGER with a time, in an event loop: close waits for the client, and everybody for close.
	faults["lingers-in-loop"] = func(s *server) {
		var loop sync.Mutex
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			takeTurn(&loop)
			return send(c, block)
		}
		s.hangUp = func(c *net.TCPConn, _ error) {
			loop.Lock()
			defer loop.Unlock()
			c.SetLinger(30)
			c.Close()
		}
	}

	// Write queues that outlive their connection: the memory of each abandoned client stays.
	faults["keeps-output-of-the-dead"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			err := send(c, block)
			if err != nil {
				remember(make([]byte, 8<<20))
			}
			return err
		}
	}
}

// finArrived tells whether nothing but the end of stream is left to read.
func finArrived(c *net.TCPConn) bool {
	var one [1]byte
	n, err := try(c, func(fd int) (int, error) {
		n, _, err := unix.Recvfrom(fd, one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return n, err
	})
	return n == 0 && err == nil
}

// drop forgets what is pending.
func drop(*net.TCPConn, []byte) error { return io.EOF }

// discard throws the rest of the input away, so that close sends FIN and not RST.
func discard(c *net.TCPConn) error {
	_, err := io.Copy(io.Discard, c)
	if err == nil {
		err = io.EOF
	}
	return err
}

// waitUntilSent waits until the client's kernel has acknowledged every byte.
func waitUntilSent(c *net.TCPConn) {
	for range 1000 {
		unsent, err := try(c, func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCOUTQ) })
		if err != nil || unsent == 0 {
			return
		}
		pause()
	}
}

// kept holds what a fault must not lose to the garbage collector, which would close or free it.
var kept struct {
	sync.Mutex
	conns  []*net.TCPConn
	memory [][]byte
}

func keep(c *net.TCPConn) {
	kept.Lock()
	defer kept.Unlock()
	kept.conns = append(kept.conns, c)
}

// remember keeps a piece of memory, and touches it: memory that was never written costs nothing.
func remember(piece []byte) {
	kept.Lock()
	defer kept.Unlock()
	for i := 0; i < len(piece); i += 4096 {
		piece[i] = 1
	}
	kept.memory = append(kept.memory, piece)
}
