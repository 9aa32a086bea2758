package spec

// flowChecks: what happens when one side is faster than the other.
var flowChecks = []Check{
	neverReadsBounded,
	stallNoSpin,
	resumeLossless,
	othersUnaffected,
	zeroWindow,
	slowReader,
	tinyReceiveBuffer,
	duplexNoDeadlock,
}

// heldByARightServer is how much of one connection's data a server may keep in its own memory: room for any high-water
// mark in use, and far below what a server without one collects.
const heldByARightServer = 16 << 20

// moreThanAllQueues exceeds all that the kernel keeps for one connection (tcp_rmem[2] is 32 MiB and tcp_wmem[2] 4 MiB
// where that is most, on each end) by more than a right server may hold.
const moreThanAllQueues = 96 << 20

var neverReadsBounded = Check{
	Slug:  "flow/never-reads-bounded",
	Level: MUST,
	Says: "A server MUST NOT read from a client that does not take its echo more than 16 MiB ahead: the client is made to " +
		"wait.",
	Source: "RFC 9293 section 3.8.6",
	Why: "One client that only sends takes all the memory of gnet, netpoll, nbio, libevent's and libuv's sample code " +
		"(gnet issues 712, 722 and 764, netpoll issue 98).",
	Sound: "Not memory is measured, which a runtime may or may not return, but what was sent less what lies in the " +
		"kernel's queues: exactly what the server holds.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		for c.Sent() < moreThanAllQueues && c.HeldByServer() <= heldByARightServer {
			if c.SendUntilBlocked(8<<20) < 8<<20 {
				break
			}
		}
		held := c.HeldByServer()
		if held > heldByARightServer {
			t.Fatal("a client that is made to wait when the server holds "+group(heldByARightServer)+" bytes of it",
				group(c.Sent())+" bytes were taken, and the server holds "+group(held)+" of them itself")
		}
		t.Eventf("the server holds %s", group(held))
	},
}

var stallNoSpin = Check{
	Slug:   "flow/stall-no-spin",
	Level:  MUST,
	Says:   "While a client does not read, the server MUST sleep.",
	Source: "epoll(7)",
	Why: "A level-triggered event for input that the server refuses to read, left armed, makes the loop turn without end: " +
		"evio takes half a core for each such client.",
	Sound: "Counted is the CPU time of the server alone, in nanoseconds, so a busy machine can only lower it.",
	Quiet: true,
	Run: func(t *T) {
		t.stalled()
		t.Server().ExpectNoSpin("its only active client does not read")
	},
}

// stalled returns a connection whose client has sent as much as is taken and has read nothing.
func (t *T) stalled() *Conn {
	c := t.Dial(WithReceiveBuffer(4 << 10))
	c.SendUntilBlocked(16 << 20)
	return c
}

var resumeLossless = Check{
	Slug:  "flow/resume-lossless",
	Level: MUST,
	Says: "When a client that has stalled the server reads again, everything MUST arrive once and in order, and the server " +
		"MUST read on, as often as this happens.",
	Source: "RFC 9293 section 3.8.6",
	Why: "Both edges are easily lost: a short write whose rest is forgotten or sent twice (nbio's writev), and a read event " +
		"that is never armed again.",
	Sound: "It waits only for bytes.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		for range 2 {
			c.ExpectEcho(c.SendUntilBlocked(4 << 20))
			c.Ping()
		}
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var othersUnaffected = Check{
	Slug:   "flow/others-unaffected",
	Level:  MUST,
	Says:   "A client that does not read MUST NOT keep the server from serving others.",
	Source: "RFC 862",
	Why:    "A blocking write in an event loop's thread makes everybody wait for the slowest reader.",
	Sound:  "Others must be answered, not quickly: each answer has the whole patience of the suite.",
	Run: func(t *T) {
		t.stalled()
		other := t.Dial()
		for range 20 {
			other.ping()
		}
		other.Echo(1 << 20)
		t.Dial().Ping()
	},
}

var zeroWindow = Check{
	Slug:   "flow/zero-window",
	Level:  MUST,
	Says:   "After the client's window has been closed for long enough to be probed, the echo MUST go on without loss.",
	Source: "RFC 9293 section 3.8.6.1",
	Why: "A server with a write timeout, or one that takes a short write for an error, drops a connection whose reader " +
		"only paused.",
	Sound: "The pause gives a wrong server time to lose patience; a right one has nothing to do in it.",
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		n := c.SendUntilBlocked(8 << 20)
		t.WaitFor(c.serverSide("the server's kernel holds bytes that the client's window does not admit", func(now Socket) bool {
			return now.Unsent > 0
		}))
		t.Sleep(t.pause())
		c.ExpectEcho(n)
		c.Echo(64 << 10)
	},
}

var slowReader = Check{
	Slug:   "flow/slow-reader",
	Level:  MUST,
	Says:   "A client with a small window that reads a little at a time MUST receive everything.",
	Source: "RFC 9293 section 3.8.6",
	Why:    "Nearly every write of the server is then a short one.",
	Sound:  "The client paces itself by what has come, and waits only for bytes.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		total := int64(t.pick(256, 1024)) << 10
		for c.Received() < total {
			c.TrySend(total - c.Sent())
			c.ExpectEcho(min(4<<10, c.Sent()-c.Received()))
			t.Sleep(pollEvery)
		}
	},
}

var tinyReceiveBuffer = Check{
	Slug:   "flow/tiny-rcvbuf",
	Level:  MUST,
	Says:   "A client with the smallest receive buffer that the kernel grants MUST receive everything.",
	Source: "RFC 9293 section 3.8.6.2",
	Why:    "The server is told of room for a few hundred bytes at a time, and must neither wait for more nor give up.",
	Sound:  "It waits only for bytes, however often the kernel's timers set the pace, and gives up only when none moves for the whole patience.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(1))
		c.Echo(int64(t.pick(64, 128)) << 10)
	},
}

var duplexNoDeadlock = Check{
	Slug:   "flow/duplex-no-deadlock",
	Level:  MUST,
	Says:   "A client that reads only when it cannot write MUST be able to send any amount.",
	Source: "RFC 9293 section 3.8.6",
	Why: "It alternates between filling all buffers and emptying them. A server that waits for one direction before it " +
		"serves the other stands still with it.",
	Sound: "It waits only for room or bytes.",
	Run: func(t *T) {
		c := t.Dial()
		total := int64(t.pick(16, 128)) << 20
		for c.Sent() < total {
			if c.TrySend(total-c.Sent()) == 0 {
				c.ExpectEcho(min(64<<10, c.Sent()-c.Received()))
			}
		}
		c.ExpectEcho(total - c.Received())
	},
}
