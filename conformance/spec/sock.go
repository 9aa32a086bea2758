package spec

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"reactorbench/impls"
)

// sockChecks: other addresses than those of IPv4, for servers that claim them.
var sockChecks = []Check{ipv6, unixStream, unixStale, unixLive}

// echoOnAnyAddress is enough to see a stream that goes through: more than every buffer on its way.
const echoOnAnyAddress = 1 << 20

var ipv6 = Check{
	Slug:    "sock/ipv6",
	Level:   MUST,
	Says:    "A server that claims ipv6 listens on an IPv6 address and echoes there.",
	Source:  "RFC 3493",
	Why:     "A server that only builds sockaddr_in takes [::1] for a host name, or listens on another address than it was told.",
	Sound:   "The loopback address of IPv6 is on every machine that has IPv6 at all, which is looked at first.",
	Feature: "ipv6",
	Starts:  true,
	Run: func(t *T) {
		t.needsIPv6()
		t.echoesAndEnds(t.Start(impls.Options{Addr: "[::1]:0"}))
	},
}

var unixStream = Check{
	Slug:    "sock/unix",
	Level:   MUST,
	Says:    "A server that claims unix listens on a unix domain socket, echoes there, and ends with the client.",
	Source:  "unix(7)",
	Why:     "Libraries test the family of a socket in odd places: nbio queues the rest of a short write only for TCP.",
	Sound:   "It waits only for bytes and for the end of the stream.",
	Feature: "unix",
	Starts:  true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) { t.echoesAndEnds(t.Start(impls.Options{Addr: addr})) })
	},
}

var unixStale = Check{
	Slug:   "sock/unix-stale",
	Level:  MUST,
	Says:   "The file of a unix domain socket that no process listens on any more does not keep a server from listening there.",
	Source: "unix(7): a socket's name stays until it is unlinked",
	Why:    "After a crash the file is still there, bind says EADDRINUSE, and the service does not come back until somebody removes it.",
	Sound: "The second server starts when the first one is gone and a connection is refused: what an io_uring works on is closed by " +
		"the kernel some time after the process has ended.",
	Feature: "unix",
	Starts:  true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) {
			s := t.Start(impls.Options{Addr: addr})
			s.Kill()
			t.WaitUntil("nobody listens at the file", func() (bool, string) {
				conn, err := net.Dial("unix", s.Addr())
				if err == nil {
					conn.Close()
				}
				return errors.Is(err, syscall.ECONNREFUSED), fmt.Sprintf("connect: %v", err)
			})
			s.StartAgain()
			s.Dial().Ping()
		})
	},
}

var unixLive = Check{
	Slug:    "sock/unix-live",
	Level:   MUST,
	Says:    "A unix domain socket on which another process listens is not taken from it: the second server refuses to start.",
	Source:  "unix(7)",
	Why:     "Removing the file before bind, as nearly every sample does, steals the address of a running server without a word.",
	Sound:   "The first server listens before the second one is started.",
	Feature: "unix",
	Starts:  true,
	Quiet:   true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) {
			first := t.Start(impls.Options{Addr: addr})
			first.Dial().Ping()
			t.refuses("the unix socket of a running server", impls.Options{Addr: addr})
			first.Dial().Ping()
		})
	},
}

// onUnixSocket gives use an address in a directory of its own, whose path is short: sun_path holds 108 bytes.
func (t *T) onUnixSocket(use func(addr string)) {
	dir, err := os.MkdirTemp("", "echo")
	if err != nil {
		t.brokenf("a directory for the socket: %v", err)
	}
	defer os.RemoveAll(dir)
	use("unix:" + filepath.Join(dir, "socket"))
}

// echoesAndEnds is the whole promise in its shortest form.
func (t *T) echoesAndEnds(s *Server) {
	c := s.Dial()
	c.Echo(echoOnAnyAddress)
	c.CloseWrite()
	c.ExpectFIN()
}
