package spec

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// sockOptionChecks: what the kernel has been told about the server's sockets.
var sockOptionChecks = []Check{noDelay, keepAlive, nonBlocking, lastPiece, ipv6HalfClose, dualStack}

var noDelay = Check{
	Slug:   "sock/nodelay",
	Level:  SHOULD,
	Says:   "TCP_NODELAY is set on every connection.",
	Source: "tcp(7); RFC 896, RFC 1122 section 4.2.3.4; the server contract, impls/README.md",
	Why: "Nagle's algorithm holds a small answer back until the one before is acknowledged, and the client's kernel waits up to 40 ms " +
		"with that (seastar issue 968, tiberius issue 46).",
	Sound: "The option is read from the server's own socket (pidfd_getfd); nothing is timed.",
	Run: func(t *T) {
		c := t.Dial()
		c.Ping()
		if c.serverOption(unix.IPPROTO_TCP, unix.TCP_NODELAY) == 0 {
			t.Fatal("TCP_NODELAY on the connection", "it is off")
		}
	},
}

var keepAlive = Check{
	Slug:   "sock/keepalive",
	Level:  MAY,
	Says:   "Whether the server asks the kernel to probe silent clients, and after what time, is its choice.",
	Source: "tcp(7): TCP_KEEPIDLE; RFC 9293 section 3.8.4",
	Why:    "Without probes a client that vanished without a word keeps its connection for ever; with them an idle one costs packets.",
	Sound:  "Nothing is demanded. The options are read from the server's own socket.",
	Run: func(t *T) {
		c := t.Dial()
		c.Ping()
		if c.serverOption(unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 {
			t.Infof("keepalive is off")
			return
		}
		t.Infof("keepalive after %d s of silence", c.serverOption(unix.IPPROTO_TCP, tcpKeepIdle))
	},
}

// serverOption is a socket option of the server's end.
func (c *Conn) serverOption(level, option int) int {
	c.ServerSocket() // n/a where the kernel does not show it
	value, err := optionOf(c.server.PID(), c.addresses, level, option)
	if err != nil {
		c.t.alive("a socket option of the server's end")
		c.t.Precondition("a look at the server's own socket: " + err.Error())
	}
	return value
}

var nonBlocking = Check{
	Slug:   "sock/nonblocking",
	Level:  MAY,
	Says:   "Whether the listening socket and the connections are non-blocking is the server's choice.",
	Source: "accept(2), open(2): O_NONBLOCK",
	Why: "A thread for each client may block. An event loop must not: between the event and the call somebody else may have taken the " +
		"connection.",
	Sound: "Nothing is demanded. The flags are read in /proc/PID/fdinfo.",
	Run: func(t *T) {
		c := t.Dial()
		c.Ping()
		blocking, all, err := blockingSockets(t.Server().PID())
		if err != nil {
			t.unobservable(err)
		}
		t.Infof("%d of %d sockets block", blocking, all)
	},
}

// held is how long the kernel keeps a partial segment for a sender that said more would follow (TCP_CORK, MSG_MORE):
// 200 ms. Half of that tells the two apart.
const held = 100 * time.Millisecond

var lastPiece = Check{
	Slug:   "sock/splice-cork-latency",
	Level:  MUST,
	Says:   "The last bytes of an echo leave at once: the server MUST NOT tell the kernel that more will follow.",
	Source: "tcp(7): TCP_CORK; send(2): MSG_MORE; splice(2): SPLICE_F_MORE",
	Why:    "The kernel then keeps a piece that does not fill a segment for 200 ms (Go issue 10948 discusses it for splice).",
	Sound: "The fastest of ten rounds counts. A held piece is late in every one of them; on a machine that is too busy for a hundred " +
		"milliseconds ten times in a row the check is tried again.",
	Timed: true,
	Run: func(t *T) {
		for _, size := range []int64{1, 1449, 5000, 100_001} {
			c := t.Dial(quietly)
			fastest := time.Duration(1 << 62)
			for round := 0; round < 10 && fastest > held; round++ {
				began := time.Now()
				c.Echo(size)
				fastest = min(fastest, time.Since(began))
			}
			if fastest > t.scaled(held) {
				t.Fatal(fmt.Sprintf("the echo of %s bytes within %v, once in ten rounds", group(size), held),
					fmt.Sprintf("%.0f ms, the fastest of them", float64(fastest.Microseconds())/1000), c.peer())
			}
		}
	},
}

var ipv6HalfClose = Check{
	Slug:    "sock/ipv6-half-close",
	Level:   MUST,
	Says:    "Over IPv6 too the server delivers every byte that it accepted after the client's FIN, and then closes with FIN.",
	Source:  "RFC 9293 section 3.6; RFC 3493",
	Why:     "The paths of the two families part at accept, and a server may have been taught the one and not the other.",
	Sound:   "As close/half-close-backlog.",
	Feature: "ipv6",
	Starts:  true,
	Run: func(t *T) {
		t.needsIPv6()
		t.server = t.Start(impls.Options{Addr: "[::1]:0"})
		c := t.Dial(WithReceiveBuffer(4 << 10))
		n := c.SendUntilUnread(8 << 20)
		c.CloseWrite()
		t.WaitFor(c.ServerKnowsFIN())
		c.ExpectEcho(n)
		c.ExpectFIN()
	},
}

// needsIPv6 ends the check where the machine has no IPv6.
func (t *T) needsIPv6() {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Precondition("IPv6 on the loopback device: " + err.Error())
	}
	probe.Close()
}

var dualStack = Check{
	Slug:    "sock/dualstack",
	Level:   MAY,
	Says:    "Whether a server that was told to listen on [::] serves IPv4 as well is its choice.",
	Source:  "RFC 3493 section 5.3: IPV6_V6ONLY",
	Why:     "The default differs between systems and libraries; one of the two families is often left out by accident.",
	Sound:   "Nothing is demanded.",
	Feature: "ipv6",
	Starts:  true,
	Run: func(t *T) {
		t.needsIPv6()
		s, err := t.TryStart(impls.Options{Addr: "[::]:0"})
		if err != nil {
			t.Infof("it does not listen there: %v", err)
			return
		}
		_, port, err := net.SplitHostPort(s.Addr())
		if err != nil {
			t.brokenf("address %q: %v", s.Addr(), err)
		}
		if c, err := t.tryDial(s, []DialOption{at("127.0.0.1:" + port)}); err != nil {
			t.Infof("IPv6 only: over IPv4 %v", err)
		} else {
			c.Echo(1000)
			t.Infof("it serves both")
		}
	},
}
