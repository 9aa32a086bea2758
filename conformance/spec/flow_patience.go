package spec

import (
	"fmt"
	"time"
)

// flowPatienceChecks: many clients that do not read, and single ones that try a server's patience.
var flowPatienceChecks = []Check{neverReadsMany, slowWriter, windowFlap, heldForOne, zeroWindowLong}

var neverReadsMany = Check{
	Slug:  "flow/never-reads-many",
	Level: MUST,
	Says: "Many clients that do not read at the same time MUST NOT keep the server from serving others, and each of them MUST receive " +
		"everything when it reads at last.",
	Source: "RFC 9293 section 3.8.6",
	Why: "A pool of workers, each of which blocks in a write, is used up by as many clients as it has workers; one stalled client " +
		"does not show that.",
	Sound: "It waits only for bytes. What the server takes is its own choice, up to 4 MiB of each here.",
	Quiet: true,
	Run: func(t *T) {
		conns := t.DialMany(t.pick(6, 24), WithReceiveBuffer(4<<10))
		t.SendAllUntilBlocked(conns, 4<<20)
		t.Dial().Echo(1 << 20)
		for _, c := range conns {
			c.ExpectEcho(c.Sent())
			c.CloseWrite()
			c.ExpectFIN()
		}
	},
}

var slowWriter = Check{
	Slug:   "flow/slow-writer",
	Level:  MUST,
	Says:   "A client that sends a byte now and then MUST get each of them back, however long its message takes.",
	Source: "RFC 862",
	Why: "Time limits for a whole message, made against slow attackers, cut off a client on a bad line; so does a buffer that is " +
		"only handed on when it is full.",
	Sound: "The client sets the pace and waits for each byte; a slow machine only makes the pauses longer.",
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(quietly)
		for range t.pick(30, 150) {
			c.Send(1)
			c.ExpectEcho(1)
			t.Sleep(10 * time.Millisecond)
		}
	},
}

var windowFlap = Check{
	Slug:  "flow/window-flap",
	Level: MUST,
	Says: "A client that reads for a moment and pauses for a moment, again and again while it sends, MUST receive everything once and " +
		"in order.",
	Source: "RFC 9293 section 3.8.6",
	Why: "Each change is a short write and a wake-up for room: a server that loses one of a hundred, or sends a rest twice, shows it " +
		"here.",
	Sound: "The client waits only for bytes, and its pauses change what the server sees, never what it owes.",
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(16<<10), quietly)
		for range t.pick(10, 60) {
			c.TrySend(1 << 20)
			c.ExpectEcho(min(64<<10, c.Sent()-c.Received()))
			t.Sleep(time.Duration(5+t.Rand.IntN(30)) * time.Millisecond)
		}
		c.ExpectEcho(c.Sent() - c.Received())
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var heldForOne = Check{
	Slug:    "flow/per-conn-buffer",
	Level:   MAY,
	Says:    "How much a server keeps in its own memory for a client that does not read is its choice, up to 16 MiB.",
	Source:  "flow/never-reads-bounded",
	Why:     "It is what a stalled client costs, and how far a server can read ahead of a slow one.",
	Sound:   "Nothing is demanded. What was sent, less what lies in the kernel's queues, is exact while nothing moves.",
	Profile: Full,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		taken := c.SendUntilBlocked(2 * heldByARightServer)
		c.awaitRest()
		held := fmt.Sprintf("%s bytes", group(c.heldAtRest()))
		if taken == 2*heldByARightServer {
			held += ", and would take more"
		}
		t.Infof("the server holds %s", held)
	},
}

// heldAtRest is HeldByServer where nobody is to be judged by it. Bytes that have arrived and are not acknowledged yet, for up to
// 40 ms, are counted in two queues, so the most that is seen in a tenth of a second is right.
func (c *Conn) heldAtRest() (most int64) {
	for range 10 {
		most = max(most, c.HeldByServer())
		c.t.Sleep(10 * time.Millisecond)
	}
	return most
}

var zeroWindowLong = Check{
	Slug:    "flow/zero-window-long",
	Level:   SHOULD,
	Says:    "After the client's window has been closed for a minute the echo goes on without loss.",
	Source:  "RFC 9293 section 3.8.6.1",
	Why:     "Write timeouts of half a minute are common defaults; a client that was suspended for so long is not gone.",
	Sound:   "The pause gives a wrong server time to lose patience; a right one has nothing to do in it.",
	Profile: Torture,
	Budget:  3 * time.Minute,
	Quiet:   true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		n := c.SendUntilBlocked(8 << 20)
		t.WaitFor(c.ServerHasOutput())
		t.Sleep(t.long(time.Minute))
		c.ExpectEcho(n)
		c.Echo(64 << 10)
	},
}
