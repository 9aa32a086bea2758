//go:build !linux

package impls

import (
	"fmt"
	"net"
	"time"
)

// proveListening connects and hangs up: that somebody listens there is all that can be known without /proc. The server
// sees one connection without a byte.
func proveListening(pid int, at announcement) error {
	conn, err := net.DialTimeout(at.network, at.address, time.Second)
	if err != nil {
		return fmt.Errorf("process %d does not listen on %s: %w", pid, at.address, err)
	}
	return conn.Close()
}
