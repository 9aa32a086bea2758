package main

import (
	"bytes"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func init() {
	// Servers that look up in the kernel's table how many clients they have (what `ss` or `netstat` and wc -l count), and take
	// handshakes that nobody has finished for clients.
	faults["counts-half-open-clients"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			const most = 100
			if connectionsTo(c.LocalAddr().(*net.TCPAddr).Port) > most {
				c.Close()
			}
		}
	}

	// The idiom of asking TCP_INFO whether a connection still lives, by people who have not met SYN_RECV.
	faults["serves-only-established"] = func(s *server) {
		s.welcome = func(c *net.TCPConn) {
			try(c, func(fd int) (int, error) {
				info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
				if err == nil && info.State == unix.BPF_TCP_SYN_RECV {
					unix.Shutdown(fd, unix.SHUT_RDWR)
				}
				return 0, err
			})
		}
	}
}

// connectionsTo counts the lines of /proc/net/tcp with a port, the listener's too.
func connectionsTo(port int) int {
	table, _ := os.ReadFile("/proc/self/net/tcp")
	return bytes.Count(table, fmt.Appendf(nil, ":%04X ", port))
}
