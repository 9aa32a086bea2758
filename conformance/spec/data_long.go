package spec

import "time"

// dataLongChecks: streams of very many pieces and of very many bytes.
var dataLongChecks = []Check{manyPieces, bigStream}

// morePieces is more than one writev takes (IOV_MAX, 1024).
const morePieces = 1100

var manyPieces = Check{
	Slug:  "data/vectored",
	Level: MUST,
	Says: "More than a thousand small pieces that reach the server one by one while its output is blocked come back complete and in " +
		"order.",
	Source: "writev(2): IOV_MAX",
	Why: "A server that queues each read as a piece of its own writes them with one writev later on, and the kernel refuses more " +
		"than 1024 at a time (gnet had to learn that).",
	Sound: "Each piece is sent when the kernel shows the one before as read; a server that stops reading owes what it took, and " +
		"makes the check weaker, never wrong.",
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4<<10), quietly)
		c.sendUntilHeld(16 << 20)
		for piece := 0; piece < morePieces && !c.leavesUnread(); piece++ {
			c.Send(64)
		}
		c.ExpectEcho(c.Sent())
		c.CloseWrite()
		c.ExpectFIN()
	},
}

// sendUntilHeld sends without reading until the server has read more than its kernel takes back, or leaves something unread, or
// max bytes are sent.
func (c *Conn) sendUntilHeld(max int64) {
	for c.sent < max && !c.leavesUnread() {
		if c.awaitRest(); c.HeldByServer() > 0 {
			return
		}
		c.Send(64 << 10)
	}
}

var bigStream = Check{
	Slug:    "data/big-2g",
	Level:   MUST,
	Says:    "A connection carries more than 2^32 bytes, and each of them comes back.",
	Source:  "RFC 862; RFC 9293 section 3.4: sequence numbers wrap, streams do not end",
	Why:     "Counters of 32 bits: a stream that stops at 2 147 483 647 bytes, or at 4 294 967 295.",
	Sound:   "The client reads while it sends, and waits only for progress.",
	Profile: Torture,
	Budget:  10 * time.Minute,
	Run: func(t *T) {
		c := t.Dial()
		total := int64(1)<<32 + 1<<20
		if t.Profile < Torture {
			total = 1<<31 + 1<<20 // enough for a signed counter
		}
		c.Echo(total)
		c.CloseWrite()
		c.ExpectFIN()
	},
}
