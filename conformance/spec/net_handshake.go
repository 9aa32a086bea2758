package spec

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"reactorbench/conformance/link"
)

// netHandshakeChecks: connections that begin otherwise than by three packets, one after another.
var netHandshakeChecks = []Check{synFlood, fastOpenData}

var synFlood = Check{
	Slug:  "net/syn-flood-small",
	Level: SHOULD,
	Says: "Handshakes that nobody finishes do not keep the server from serving those whom it has, nor those who come. How many of them its " +
		"kernel keeps, and how often the server wakes meanwhile, is reported.",
	Source: "RFC 4987; tcp(7): tcp_syncookies",
	Why: "They are the kernel's, and none of them reaches accept; with a short backlog it soon has to make do with cookies. A server that " +
		"counts its clients in the kernel's table counts them in.",
	Sound: "The handshakes come over the check's own link, from addresses that nobody answers at. A kernel without cookies drops a new client " +
		"for as long as it keeps them, two or three seconds here; the check waits for fifteen.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Run: func(t *T) {
		const handshakes = 300
		n := t.onLink(link.Faults{}, map[string]string{"ipv4/tcp_synack_retries": "1"})
		there := t.Dial()
		there.Ping()
		before := t.Server().Usage().VoluntarySwitches
		t.halfOpen(n.link, handshakes)
		t.Sleep(20 * time.Millisecond) // for the rest of them to arrive, and for a server that wakes
		kept := t.Server().halfOpen()
		woken := t.Server().Usage().VoluntarySwitches - before
		t.Eventf("the kernel keeps %d of %d handshakes", kept, handshakes)
		there.Echo(64 << 10)
		for range 5 {
			t.Dial(quietly).ping()
		}
		t.Infof("its kernel keeps %d of %d handshakes, the server woke %s", kept, handshakes, plural(woken, "time", "times"))
	},
}

// halfOpen begins so many connections to the server, and waits until its kernel knows of some.
func (t *T) halfOpen(l *link.Link, n int) {
	to := t.Server().tcpAddress()
	const firstStranger, strangers = 3, 250 // of the link's network, after its two ends
	for i := range n {
		ip := to.Addr().As4()
		ip[3] = byte(firstStranger + i%strangers)
		from := netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(1024+i))
		t.mustNot(l.Forge(link.AToB, link.SYN(from, to, t.Rand.Uint32())))
	}
	t.WaitUntil("the server's kernel has half-open connections", func() (bool, string) {
		return t.Server().halfOpen() > 0, "none"
	})
}

// halfOpen counts the handshakes that the server's kernel keeps: the lines of proc(5)'s net/tcp whose fourth word is SYN_RECV.
func (s *Server) halfOpen() (n int) {
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", s.PID()))
	if err != nil {
		s.t.unobservable(err)
	}
	state := fmt.Sprintf("%02X", int(SynReceived))
	for line := range strings.Lines(string(table)) {
		if words := strings.Fields(line); len(words) > 3 && words[3] == state {
			n++
		}
	}
	return n
}

// fastOpenEverywhere is a sum of flags of tcp_fastopen (Documentation/networking/ip-sysctl.rst): for clients, for servers, data
// with the first SYN of all, the same at the server, on every listener.
const fastOpenEverywhere = "1543" // 0x1 + 0x2 + 0x4 + 0x200 + 0x400

var fastOpenData = Check{
	Slug:   "net/tcp-fastopen",
	Level:  MUST,
	Says:   "What a client sends along with its SYN MUST come back once and in order, like everything behind it.",
	Source: "RFC 7413; ip-sysctl: tcp_fastopen",
	Why: "With TCP Fast Open accept returns a connection whose handshake is not finished (SYN_RECV), with bytes to read already. Code that " +
		"takes any state but ESTABLISHED for a dead client drops it.",
	Sound: "In the check's own network Fast Open is on for every listener, whatever the server asks for, and the link's delay keeps the " +
		"handshake open while it accepts. It waits only for bytes, and at their end for FIN.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Run: func(t *T) {
		const connections = 9
		t.onLink(link.Faults{Delay: 2 * time.Millisecond}, map[string]string{"ipv4/tcp_fastopen": fastOpenEverywhere})
		early := 0
		for i := range connections {
			c := t.Dial(quietly, fastOpen)
			n := []int64{1, 1000, 64 << 10}[i%3]
			c.Send(n)
			c.ExpectEcho(n)
			c.CloseWrite() // not before: a client in SYN_SENT it would disconnect
			c.ExpectFIN()
			if c.sentWithSYN() {
				early++
			}
			c.Close()
		}
		if early == 0 {
			t.Precondition("Fast Open: this kernel takes no data with a SYN (net.ipv4.tcp_fastopen)")
		}
		t.Infof("the first bytes came with the SYN on %d of %d connections", early, connections)
	},
}

// sentWithSYN reports whether the server's kernel has taken the first bytes with the SYN.
func (c *Conn) sentWithSYN() bool {
	did, err := sentWithSYN(c.fd)
	if err != nil {
		c.t.unobservable(err)
	}
	return did
}
