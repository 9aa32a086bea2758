package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
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

	// Servers that only bind: after a crash somebody has to remove the file.
	faults["trips-over-stale-socket"] = func(s *server) { s.claimUnix = func(string) {} }
}

// serveUnix is the server on a unix socket: short, because its faults are about the address and not about the bytes.
func (s *server) serveUnix(path string) error {
	s.claimUnix(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	fmt.Println("listening unix:" + path)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			s.endUnix(c)
		}()
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
