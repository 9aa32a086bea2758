package main

import (
	"fmt"
	"net"
	"os"
)

func init() {
	// The debug line that was left in the read path.
	faults["logs-every-block"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			fmt.Fprintf(os.Stderr, "wrong: read %d bytes from %v and will now send them back\n", len(block), c.RemoteAddr())
			return send(c, block)
		}
	}
}
