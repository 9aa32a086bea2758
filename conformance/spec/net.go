package spec

import (
	"time"

	"reactorbench/conformance/link"
)

// netChecks: a network that is not loopback. TCP owes the server what was sent, whatever happens to packets; what it cannot
// give is time, and so what the server sees are other sizes, other moments and other ends than ever on loopback.
var netChecks = []Check{
	lossReorderDelay, blackholeThenHeal, smallMTU, linkFlap, corruptPackets, resetStorm,
}

// vanishedChecks: a client that is gone and has not said so.
var vanishedChecks = []Check{halfOpenPeerGone}

// slowLink is by how much longer checks wait on a link that loses packets: TCP waits 0.2 s after one loss, and twice that
// after each other one in a row.
const slowLink = 3

// onLink starts the check's server behind a link.
func (t *T) onLink(f link.Faults, settings map[string]string) *network {
	t.slow *= slowLink
	return t.Inhabit(World{Link: &f, Settings: settings})
}

// torture returns how much to do: so much, or more of it in the torture profile.
func (t *T) torture(full, torture int64) int64 {
	if t.Profile == Torture {
		return torture
	}
	return full
}

// exactToTheEnd echoes n bytes on three connections at the same time, and ends two of them by half-close.
func (t *T) exactToTheEnd(n int64) {
	conns := t.DialMany(3)
	t.EchoAll(conns, n, AtOnce)
	for _, c := range conns[1:] {
		c.Send(16 << 10)
		c.CloseWrite()
		c.ExpectEcho(16 << 10)
		c.ExpectFIN()
		c.Close()
	}
	conns[0].ping()
}

var lossReorderDelay = Check{
	Slug:  "net/loss-reorder-delay",
	Level: MUST,
	Says: "On a link that loses, delays, reorders and doubles packets every byte MUST come back in order, and FIN after the " +
		"last.",
	Source: "RFC 9293 section 3.8",
	Why: "Loopback delivers everything at once and in whole writes. A link brings a byte here and a hole there, then all of it in " +
		"one go; a server with a time limit on a read, or one that counts on a message in one piece, shows it here.",
	Sound: "The link follows from the seed and loses no more than two packets in a row, so TCP is never without progress for " +
		"longer than about two seconds; the check waits for fifteen.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Budget:  20 * time.Second,
	Quiet:   true,
	Run: func(t *T) {
		delay := time.Duration(t.torture(2, 10)) * time.Millisecond
		t.onLink(link.Faults{Loss: 0.05, Reorder: 0.25, Duplicate: 0.01, Delay: delay, Jitter: delay / 2}, nil)
		t.exactToTheEnd(t.torture(64<<10, 1<<20))
	},
}

var corruptPackets = Check{
	Slug:    "net/corrupt",
	Level:   MUST,
	Says:    "On a link that flips bits no wrong byte MUST come back.",
	Source:  "RFC 9293 section 3.1: Checksum",
	Why:     "The kernel drops such packets, unless somebody has told it not to look; the server then meets the loss of them.",
	Sound:   "One bit flips in one of twelve packets, which checksums always catch. As for waiting, see net/loss-reorder-delay.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Budget:  20 * time.Second,
	Quiet:   true,
	Run: func(t *T) {
		t.onLink(link.Faults{Corrupt: 0.125, Delay: time.Millisecond}, nil)
		t.exactToTheEnd(t.torture(64<<10, 1<<20))
	},
}

var blackholeThenHeal = Check{
	Slug:   "net/blackhole-then-heal",
	Level:  MUST,
	Says:   "After a time in which no packet comes through in either direction, the echo MUST go on without loss.",
	Source: "RFC 9293 section 3.8.1",
	Why:    "A cable, a tunnel, a handover. Time limits in the server turn a pause of the network into the end of the connection.",
	Sound: "Both sides have bytes under way when the link falls silent, and the kernel sends them again when it heals, after at " +
		"most as long again as the silence; the check waits for fifteen seconds. A server with an idle time limit of its own must " +
		"have one longer than the silence.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Budget:  20 * time.Second,
	Quiet:   true,
	Run: func(t *T) {
		n := t.onLink(link.Faults{Delay: time.Millisecond}, nil)
		c := t.Dial()
		c.Echo(64 << 10)
		t.Server().Stop()
		c.Send(16 << 10)
		t.WaitFor(c.serverSide("everything has arrived", func(now Socket) bool { return now.Unread == 16<<10 }))
		n.link.Silence(true)
		t.Server().Continue() // its echo goes into the hole
		c.Send(16 << 10)      // and so does this
		t.Sleep(time.Duration(t.torture(1, 3)) * time.Second)
		n.link.Silence(false)
		t.Eventf("the link heals")
		c.ExpectEcho(32 << 10)
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var smallMTU = Check{
	Slug:    "net/mtu-small",
	Level:   MUST,
	Says:    "Where the network carries only small packets every byte MUST come back, and FIN after the last.",
	Source:  "RFC 9293 section 3.7.1, RFC 791: every host takes 576 bytes",
	Why:     "A write of the client becomes many reads of the server. On loopback a segment holds 64 KiB, so that nobody meets the other 113.",
	Sound:   "The link loses nothing, and the check waits only for bytes.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Quiet:   true,
	Run: func(t *T) {
		n := t.onLink(link.Faults{}, nil)
		for _, mtu := range []int{576, 128} {
			if err := n.setMTU(mtu); err != nil {
				t.brokenf("%v", err)
			}
			t.Eventf("MTU %d", mtu)
			t.exactToTheEnd(t.torture(64<<10, 256<<10))
		}
	},
}

var linkFlap = Check{
	Slug:   "net/link-flap",
	Level:  SHOULD,
	Says:   "When the network interface goes down and up again a connection SHOULD go on without loss.",
	Source: "RFC 9293 section 3.9.2.2: a soft error must not end a connection",
	Why:    "The kernel then reports ENETDOWN or ENETUNREACH to who asks, and whoever ends a connection for that did not have to.",
	Sound: "The interface is down for a tenth of a second at a time, now at the server's end and now at the client's; the kernel tries " +
		"again within a second. The check waits for bytes only.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Quiet:   true,
	Run: func(t *T) {
		n := t.onLink(link.Faults{}, nil)
		c := t.Dial()
		c.Echo(64 << 10)
		for i := range t.torture(2, 10) {
			end := []*namespace{n.server, n.clients}[i%2]
			t.mustNot(end.unplug())
			c.TrySend(16 << 10)
			t.Sleep(100 * time.Millisecond)
			t.mustNot(end.plug())
			t.Eventf("the link is up again")
			c.ExpectEcho(c.Sent() - c.Received())
		}
		c.CloseWrite()
		c.ExpectFIN()
	},
}

// mustNot ends the check if the suite itself could not do what it wanted.
func (t *T) mustNot(err error) {
	if err != nil {
		t.brokenf("%v", err)
	}
}

var resetStorm = Check{
	Slug:  "net/peer-reset-storm",
	Level: MUST,
	Says: "When the network resets one connection after another in the middle of their echoes the server MUST free each of them " +
		"and go on to serve.",
	Source: "RFC 9293 section 3.5.3",
	Why: "Firewalls and load balancers forget connections and answer with RST. It then comes while the client still sends and " +
		"reads, which no client that resets on purpose does.",
	Sound: "The link replaces segments with data by the RST that could stand in their place, chosen by the seed. It waits until the " +
		"process holds no more sockets than before.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Run: func(t *T) {
		n := t.onLink(link.Faults{}, nil)
		t.Dial(quietly).ping()
		before := t.Server().Sockets()
		n.link.SetFaults(link.Faults{Reset: 0.1})
		for range t.torture(20, 100) {
			c := t.Dial(quietly)
			for range 40 {
				if c.TrySend(2000); c.ended() {
					break
				}
				c.ReadAtMost(2000, pollEvery)
			}
			c.Reset()
		}
		n.link.SetFaults(link.Faults{})
		t.Eventf("%v", n.link.Counts())
		t.Dial(quietly).ping()
		t.WaitFor(t.Server().SocketsAtMost(before + 1))
	},
}

var halfOpenPeerGone = Check{
	Slug:   "close/half-open-peer-gone",
	Level:  MUST,
	Says:   "When a client has vanished without a word and the kernel gives it up, the server MUST close its end of the connection.",
	Source: "RFC 9293 section 3.8.3, tcp(7): tcp_retries2",
	Why: "A telephone in a tunnel sends neither FIN nor RST. The kernel reports ETIMEDOUT, as an error event without any data, " +
		"and a server that only looks for data keeps the socket for ever.",
	Sound: "In a network of the check's own the kernel gives up after one more try instead of fifteen, a second or two instead of " +
		"a quarter of an hour. Output was pending, so that it tries at all. The check waits for fifteen seconds.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Budget:  30 * time.Second,
	Quiet:   true,
	Run: func(t *T) {
		n := t.onLink(link.Faults{}, map[string]string{"ipv4/tcp_retries2": "1"})
		t.Dial(quietly).ping()
		before := t.Server().Sockets()
		gone := t.acquainted(3)
		t.Server().Stop()
		for _, c := range gone {
			c.Send(16 << 10)
			t.WaitFor(c.serverSide("everything has arrived", func(now Socket) bool { return now.Unread == 16<<10 }))
		}
		n.link.Silence(true)
		t.Server().Continue()
		t.WaitFor(t.Server().SocketsAtMost(before))
		n.link.Silence(false)
		t.Dial().Ping()
	},
}
