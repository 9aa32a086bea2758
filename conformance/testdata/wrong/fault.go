package main

import (
	"errors"
	"io"
	"log"
	"net"
	"os"
	"syscall"
	"time"
)

// Faults that only show when a system call does what it may do and hardly ever does.
func init() {
	// Loops that call write once and move on: 64 KiB always went in one piece.
	faults["forgets-rest-of-short-write"] = func(s *server) {
		s.send = func(c *net.TCPConn, block []byte) error {
			return rawWrite(c, func(fd int) error {
				_, err := syscall.Write(fd, block)
				return err
			})
		}
	}

	// `if (n < 0) close(fd);`
	faults["closes-at-interrupted-read"] = func(s *server) {
		read := s.read
		s.read = func(c *net.TCPConn, buffer []byte) (int, error) {
			if s.isStopping() {
				return read(c, buffer)
			}
			return rawRead(c, buffer)
		}
	}

	// `while (write(...) < 0 && errno == EAGAIN)`: any other error ends the loop as success does.
	faults["takes-interrupted-write-for-done"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
			if err == syscall.EINTR || n == len(block) {
				return nil
			}
			return send(c, block[max(n, 0):])
		}
	}

	// log.Fatal in the default branch of a switch over errno.
	faults["dies-of-write-error"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			err := send(c, block)
			if errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) {
				log.Fatal(err)
			}
			return err
		}
	}

	// evio panics when a descriptor cannot be watched. Go's runtime reports it as an error of accept.
	faults["dies-of-failed-registration"] = diesOfAccept(syscall.ENOMEM)

	// gnet and evio, whose engines end at a shortage that is not theirs.
	faults["dies-of-machine-shortage"] = diesOfAccept(syscall.ENFILE, syscall.ENOBUFS)

	// gnet knows ECONNABORTED and ends at the others of accept(2).
	faults["dies-of-aborted-accept"] = diesOfAccept(syscall.EPROTO, syscall.EPERM, syscall.ENETDOWN, syscall.EHOSTUNREACH)

	// Watchdogs that take a thread which stood still for a thread that hangs.
	faults["cuts-off-slow-write"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			began := time.Now()
			err := send(c, block)
			if err == nil && time.Since(began) > 15*time.Millisecond {
				err = os.ErrDeadlineExceeded
			}
			return err
		}
	}

	// Read time limits that were measured on a local network.
	faults["cuts-off-silent-client"] = func(s *server) {
		s.read = func(c *net.TCPConn, buffer []byte) (int, error) {
			c.SetReadDeadline(time.Now().Add(80 * time.Millisecond))
			return c.Read(buffer)
		}
	}

	// Loops that look for data and for the end of the stream, and not for an error without either.
	faults["keeps-vanished-client"] = func(s *server) {
		s.hangUp = func(c *net.TCPConn, why error) {
			if errors.Is(why, syscall.ETIMEDOUT) {
				keep(c)
				return
			}
			c.Close()
		}
	}
}

func diesOfAccept(errnos ...error) func(*server) {
	return func(s *server) {
		back := s.acceptError
		s.acceptError = func(err error) {
			for _, errno := range errnos {
				if errors.Is(err, errno) {
					log.Fatal(err)
				}
			}
			back(err)
		}
	}
}

// rawRead reads as the system call does, interruptions and all, and waits only when there is nothing.
func rawRead(c *net.TCPConn, buffer []byte) (n int, err error) {
	raw, failed := c.SyscallConn()
	if failed != nil {
		return 0, failed
	}
	failed = raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), buffer)
		return err != syscall.EAGAIN
	})
	if n == 0 && err == nil && failed == nil {
		return 0, io.EOF
	}
	return max(n, 0), errors.Join(failed, err)
}

// rawWrite calls write until it succeeds or fails for good.
func rawWrite(c *net.TCPConn, write func(fd int) error) (err error) {
	raw, failed := c.SyscallConn()
	if failed != nil {
		return failed
	}
	failed = raw.Write(func(fd uintptr) bool {
		err = write(int(fd))
		for err == syscall.EINTR {
			err = write(int(fd))
		}
		return err != syscall.EAGAIN
	})
	return errors.Join(failed, err)
}
