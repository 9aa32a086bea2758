package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"
)

const (
	readSize     = 64 << 10 // the same for every server of the comparison
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
	drainTime    = 5 * time.Second        // what the server contract grants to clients that still read at SIGTERM
	silence      = 100 * time.Millisecond // after which nothing more is on its way to a server that stops
)

// A server knows its connections only in order to stop. Each is served by a goroutine of its own.
type server struct {
	echo        echo
	idleTimeout time.Duration // 0: a silent client may stay for ever

	mutex    sync.Mutex
	conns    map[net.Conn]struct{}
	draining bool
	serving  sync.WaitGroup
}

// An echo sends back what it reads until reading or writing ends, and tells how much it was and why it ended
// (nil: at the end of the stream).
type echo func(net.Conn) (moved int64, err error)

// readWrite is the echo that one would write. At the end of the stream nothing is pending, since Write has
// returned; and after a reset nobody is left to be told.
func readWrite(conn net.Conn) (moved int64, err error) {
	buffer := make([]byte, readSize)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return moved, err
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return moved, err
		}
		moved += int64(n)
	}
}

// spliced lets io.Copy do it, which for two TCP connections (here one and the same) becomes splice(2): the bytes
// go through a pipe in the kernel and never into this process.
func spliced(conn net.Conn) (moved int64, err error) {
	return io.Copy(conn, conn)
}

// accept takes connections until stop closes the listener. No error of accept is a reason for a server to die:
// when descriptors run out it waits and tries again, at first soon and then once a second, as net/http does.
func (s *server) accept(stop context.Context, listener net.Listener) {
	var pause time.Duration
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.start(conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		case pause == 0: // the log hears of the trouble, not of every attempt
			log.Printf("%v; pausing", err)
		}
		pause = min(max(firstPause, 2*pause), longestPause)
		select {
		case <-time.After(pause):
		case <-stop.Done():
		}
	}
}

func (s *server) start(conn net.Conn) {
	s.mutex.Lock()
	s.conns[conn] = struct{}{}
	s.mutex.Unlock()
	s.serving.Go(func() { s.serve(conn) })
}

// serve is the life of a connection. A read deadline passes at drain, or after the idle timeout. From then on the connection
// is served until it has been silent for a moment and its client has taken everything: behind an echo that was
// stuck, more is on its way from a client that was made to wait. One that was only idle, and speaks up, lives on.
func (s *server) serve(conn net.Conn) {
	_, err := s.echo(s.impatient(conn))
	for moved := int64(1); errors.Is(err, os.ErrDeadlineExceeded) && (moved > 0 || queued(conn) > 0); {
		conn.SetReadDeadline(time.Now().Add(silence))
		moved, err = s.echo(conn)
		if moved > 0 && errors.Is(err, os.ErrDeadlineExceeded) && s.idleTimeout > 0 {
			_, err = s.echo(s.impatient(conn)) // at once again if the deadline was drain's
		}
	}
	conn.Close()

	s.mutex.Lock()
	delete(s.conns, conn)
	s.mutex.Unlock()
}

// An impatientConn is a connection whose client may not be silent for longer than the idle timeout. io.Copy does not see the
// socket in it, and so does not splice.
type impatientConn struct {
	net.Conn
	server *server
}

func (s *server) impatient(conn net.Conn) net.Conn {
	if s.idleTimeout == 0 {
		return conn
	}
	return impatientConn{conn, s}
}

func (c impatientConn) Read(buffer []byte) (int, error) {
	c.server.mutex.Lock()
	if !c.server.draining { // or the deadline is drain's, which must stand
		c.SetReadDeadline(time.Now().Add(c.server.idleTimeout))
	}
	c.server.mutex.Unlock()
	return c.Conn.Read(buffer)
}

// drain waits until every connection has got what is pending. A deadline in the past wakes the goroutines that
// stand in Read; one that stands in Write, with output pending, finishes that first and meets the deadline next.
func (s *server) drain() {
	s.mutex.Lock()
	s.draining = true
	for conn := range s.conns {
		conn.SetReadDeadline(time.Now())
	}
	s.mutex.Unlock()

	delivered := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(delivered)
	}()
	select {
	case <-delivered:
	case <-time.After(drainTime):
	}
}
