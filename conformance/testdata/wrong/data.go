package main

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

func init() {
	// C servers that hand a block to strlen, strcpy or fputs.
	faults["drops-nul"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error { return send(c, bytes.ReplaceAll(block, []byte{0}, nil)) }
	}

	// Fixed buffers with room for a terminator: a block that fills the buffer loses its last byte.
	faults["loses-byte-of-full-buffer"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if len(block) == readSize {
				block = block[:readSize-1]
			}
			return send(c, block)
		}
	}

	// Copiers that look for holes (dd conv=sparse, cp --sparse) seek over a block of zeros, which nobody can in a stream.
	faults["leaves-out-holes"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if len(block) >= 4096 && bytes.Count(block, []byte{0}) == len(block) {
				return nil
			}
			return send(c, block)
		}
	}

	// nbio's writev forgets how much of a slice was sent when the socket took only a part of it.
	faults["resends-after-short-write"] = func(s *server) { s.send = resendAfterShortWrite }

	// Thread pools: two workers take two blocks of one connection and finish in the other order.
	faults["swaps-pipelined-blocks"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			if half := readSize / 2; len(block) > half {
				block = slices.Concat(block[half:], block[:half])
			}
			return send(c, block)
		}
	}

	// Handlers that keep gnet's or evio's event-loop buffer after the callback has returned.
	faults["shares-buffer"] = func(s *server) { s.echo = s.echoSharedBuffer }

	// Telnet-minded services greet.
	faults["greets"] = func(s *server) { s.welcome = func(c *net.TCPConn) { c.Write([]byte("welcome\r\n")) } }

	// Line-oriented tutorials (bufio.Scanner, readline, fgets) answer when the line is complete.
	faults["waits-for-newline"] = func(s *server) { s.echo = s.echoLines }

	// Byte counters that are too narrow; this one wraps at one mebibyte to be found in a second.
	faults["stops-after-one-mebibyte"] = func(s *server) { s.echo = func(c *net.TCPConn) error { return s.echoAtMost(c, 1<<20) } }

	// The counter that is really met: a signed one of 32 bits.
	faults["stops-after-two-gibibytes"] = func(s *server) { s.echo = func(c *net.TCPConn) error { return s.echoAtMost(c, 1<<31) } }

	// gnet, before it learnt of IOV_MAX: one writev for all that is queued, piece by piece.
	faults["writes-too-many-pieces"] = func(s *server) { s.echo = s.echoPieces(4<<20, 1024, deliver) }

	// io.Copy(conn, conn) in Go on Linux: splice answers EAGAIN for ever at an urgent byte.
	faults["wedged-by-urgent-byte"] = func(s *server) {
		s.echo = func(c *net.TCPConn) error {
			if _, err := io.Copy(c, c); err != nil {
				return err
			}
			return io.EOF
		}
	}

	// Output queues in an array indexed by descriptor that are not emptied at close (gnet issue 621).
	faults["stale-output-for-reused-descriptor"] = func(s *server) {
		var stale staleOutput
		s.send = stale.send
		s.welcome = stale.flush
	}
}

// resendAfterShortWrite sends the whole block again where only a part of it was taken.
func resendAfterShortWrite(c *net.TCPConn, block []byte) error {
	n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
	if err == nil && n == len(block) {
		return nil
	}
	_, err = c.Write(block)
	return err
}

// shared is the one buffer of all connections. Each block stays in it until the output has been
// scheduled, and meanwhile the next connection reads into it.
var (
	shared     [readSize]byte
	sharedLock sync.Mutex
)

func (s *server) echoSharedBuffer(c *net.TCPConn) error {
	private := make([]byte, readSize)
	for {
		n, err := s.read(c, private)
		if n > 0 {
			sharedLock.Lock()
			copy(shared[:], private[:n])
			sharedLock.Unlock()
			time.Sleep(time.Millisecond) // the time in the output queue
			if err := s.send(c, shared[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

func (s *server) echoLines(c *net.TCPConn) error {
	var line []byte
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		line = append(line, buffer[:n]...)
		if end := bytes.LastIndexByte(line, '\n') + 1; end > 0 || err != nil {
			if err != nil {
				end = len(line)
			}
			if err := s.send(c, line[:end]); err != nil {
				return err
			}
			line = append(line[:0], line[end:]...)
		}
		if err != nil {
			return err
		}
	}
}

// echoAtMost swallows what comes after the first bytes.
func (s *server) echoAtMost(c *net.TCPConn, left int) error {
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		n = min(n, left)
		left -= n
		if n > 0 {
			if err := s.send(c, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// staleOutput remembers by descriptor what a connection did not take.
type staleOutput struct {
	mu      sync.Mutex
	pending map[int][]byte
}

func (o *staleOutput) send(c *net.TCPConn, block []byte) error {
	_, err := c.Write(block)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.pending == nil {
			o.pending = map[int][]byte{}
		}
		o.pending[descriptor(c)] = bytes.Clone(block)
	}
	return err
}

// flush sends the new owner of a descriptor what was left for the old one.
func (o *staleOutput) flush(c *net.TCPConn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fd := descriptor(c)
	c.Write(o.pending[fd])
	delete(o.pending, fd)
}

func descriptor(c *net.TCPConn) int {
	fd, _ := try(c, func(fd int) (int, error) { return fd, nil })
	return fd
}
