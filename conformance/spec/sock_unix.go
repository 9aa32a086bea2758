package spec

import (
	"os"
	"strings"
	"syscall"

	"reactorbench/impls"
)

// sockUnixChecks: the ends of a connection over unix domain sockets, and of the socket's file.
var sockUnixChecks = []Check{unixBacklog, unixBrokenPipe, unixRemoved}

var unixBacklog = Check{
	Slug:    "sock/unix-half-close",
	Level:   MUST,
	Says:    "Over a unix domain socket too the server delivers every byte that it accepted after the client's end of stream, and then ends.",
	Source:  "unix(7)",
	Why:     "The buffers there are small and never grow: nearly every write is a short one, and the end comes while output waits.",
	Sound:   "It sends until the server sleeps beside unread bytes or holds 4 MiB, and waits only for bytes.",
	Feature: "unix",
	Starts:  true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) {
			t.server = t.Start(impls.Options{Addr: addr})
			for range t.pick(3, 10) {
				c := t.Dial()
				n := c.SendUntilBlocked(4 << 20)
				c.CloseWrite()
				c.ExpectEcho(n)
				c.ExpectFIN()
				c.Close()
			}
		})
	},
}

var unixBrokenPipe = Check{
	Slug:    "sock/unix-broken-pipe",
	Level:   MUST,
	Says:    "A client that closes its unix domain socket without taking its echo MUST NOT end the server, nor keep a socket of it.",
	Source:  "unix(7), send(2): EPIPE",
	Why:     "There is no RST here: the next write simply fails with EPIPE, and with SIGPIPE, and a read with ECONNRESET.",
	Sound:   "The server is stopped until the client has gone; then it is waited for until it holds no more sockets than before.",
	Feature: "unix",
	Starts:  true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) {
			t.server = t.Start(impls.Options{Addr: addr})
			t.Barrier()
			before := t.Server().Sockets()
			for i := range 10 {
				c := t.Dial(quietly)
				c.ping()
				t.Server().Stop()
				c.TrySend(64 << 10)
				if i%2 == 0 {
					c.CloseBoth()
				}
				c.Close()
				t.Server().Continue()
			}
			t.Barrier()
			t.WaitFor(t.Server().SocketsAtMost(before))
		})
	},
}

var unixRemoved = Check{
	Slug:    "sock/unix-removed",
	Level:   SHOULD,
	Says:    "After SIGTERM the file of the server's unix domain socket is gone.",
	Source:  "unix(7): a socket's name stays until it is unlinked",
	Why:     "A name that nobody serves makes clients wait for an error where they could have seen that nothing is there.",
	Sound:   "It is looked for after the server's end.",
	Feature: "unix",
	Starts:  true,
	Run: func(t *T) {
		t.onUnixSocket(func(addr string) {
			s := t.Start(impls.Options{Addr: addr})
			s.Dial().Ping()
			s.Signal(syscall.SIGTERM)
			s.WaitExit(stopTime)
			if _, err := os.Lstat(strings.TrimPrefix(addr, "unix:")); err == nil {
				t.Failf("the file is still there after the server's end")
			}
		})
	},
}
