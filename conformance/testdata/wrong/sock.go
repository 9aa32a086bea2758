package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func init() {
	// Samples that fill in a sockaddr_in whatever they are told, and so listen on IPv4.
	faults["listens-on-ipv4-only"] = func(s *server) {
		s.listen = func(addr string) (*net.TCPListener, error) {
			return listen(strings.Replace(addr, "[::1]", "127.0.0.1", 1))
		}
	}

	// Node's net.createServer({allowHalfOpen: true}) without an end handler.
	faults["keeps-unix-client"] = func(s *server) { s.endUnix = func(net.Conn) {} }

	// Nearly every sample for unix sockets: unlink, then bind.
	faults["steals-unix-socket"] = func(s *server) { s.claimUnix = func(path string) { os.Remove(path) } }

	// The gnet, netpoll and tutorials of half-close: on a unix socket, whose buffers are small, they lose more.
	faults["drops-unix-backlog"] = func(s *server) { s.echoUnix = echoUnixAhead }

	// SIGPIPE again: there is no RST on a unix socket that would come before it.
	faults["dies-of-broken-unix-pipe"] = func(s *server) {
		s.echoUnix = func(c net.Conn) error {
			err := echoUnix(c)
			if errors.Is(err, syscall.EPIPE) {
				os.Exit(128 + int(syscall.SIGPIPE))
			}
			return err
		}
	}

	// Servers that leave the name to the next start.
	faults["leaves-unix-file"] = func(s *server) { s.releaseUnix = func(string) {} }

	// Nagle's algorithm is on unless somebody switches it off. Go does.
	faults["leaves-nagle-on"] = func(s *server) { s.welcome = func(c *net.TCPConn) { c.SetNoDelay(false) } }

	// Servers that only bind: after a crash somebody has to remove the file.
	faults["trips-over-stale-socket"] = func(s *server) { s.claimUnix = func(string) {} }
}

// serveUnix is the server on a unix socket: short, because its faults are about the address and the end.
func (s *server) serveUnix(path string) error {
	s.claimUnix(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		s.releaseUnix(path)
		os.Exit(0)
	}()
	fmt.Println("listening unix:" + path)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			s.echoUnix(c)
			s.endUnix(c)
		}()
	}
}

// echoUnix returns each block before it reads the next.
func echoUnix(c net.Conn) error {
	_, err := io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
	return err
}

// echoUnixAhead reads ahead of its own output, and forgets at the end of the stream what is still to be written.
func echoUnixAhead(c net.Conn) error {
	blocks := make(chan []byte, 64)
	defer close(blocks)
	go func() {
		for block := range blocks {
			c.Write(block)
		}
	}()
	for {
		block := make([]byte, 4<<10)
		n, err := c.Read(block)
		if err != nil {
			return err
		}
		blocks <- block[:n]
	}
}

// claimUnix removes a file that nobody listens on.
func claimUnix(path string) {
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	} else if !errors.Is(err, os.ErrNotExist) {
		os.Remove(path)
	}
}
