package spec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"
)

// dataChecks: what comes back is what was sent.
var dataChecks = []Check{
	oneByte, allBytes, noExtra, zeroLength, sizeLadder, fragmentRandom, trickle, trickleNoRead, pipelinedOrder, isolation,
	descriptorReuse, urgent,
}

var oneByte = Check{
	Slug:   "data/one-byte",
	Level:  MUST,
	Says:   "A single byte comes back without waiting for more.",
	Source: "RFC 862",
	Why:    "Servers that read lines, fill blocks or wait for a delimiter keep the byte until a second one comes.",
	Sound:  "One byte always fits, and the check waits only for its echo.",
	Run: func(t *T) {
		c := t.Dial()
		c.Send(1)
		c.ExpectEcho(1)
	},
}

var allBytes = Check{
	Slug:   "data/all-bytes",
	Level:  MUST,
	Says:   "Every byte value, NUL and 0xFF included, comes back unchanged from every position modulo 256.",
	Source: "RFC 862",
	Why: "Servers written with strlen, fputs or a line reader lose NUL and newline; a Telnet layer swallows 0xFF. " +
		"Text tests never notice.",
	Sound: "The client reads while it sends, and waits only for bytes.",
	Run: func(t *T) {
		square := make([]byte, 0, 256*256)
		for row := range 256 {
			for column := range 256 {
				square = append(square, byte(row+column))
			}
		}
		c := t.Dial()
		c.EchoRaw(square)
	},
}

var noExtra = Check{
	Slug:   "data/no-extra",
	Level:  MUST,
	Says:   "The server sends nothing that it did not receive: no greeting, no line end, no farewell.",
	Source: "RFC 862",
	Why:    "A banner or a trailing newline is one wrong byte in front of or behind everything else.",
	Sound: "Silence is looked at after another connection has gone round the server's loop twice; what comes late is still " +
		"caught, by the exact count up to FIN.",
	Run: func(t *T) {
		c := t.Dial()
		t.Barrier()
		c.ReadAtMost(1, 20*time.Millisecond) // fails at any byte, because none has been sent
		c.Send(1000)
		c.ExpectEcho(1000)
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var zeroLength = Check{
	Slug:   "data/zero-length",
	Level:  MUST,
	Says:   "A write of no bytes changes nothing: no answer, and no end.",
	Source: "write(2), POSIX",
	Why:    "Servers take a read of zero bytes for the end of the stream, so they must never be given another reason for one.",
	Sound:  "The kernel sends nothing for it; the server's loop is then seen to turn, and the connection to live.",
	Run: func(t *T) {
		c := t.Dial()
		c.WriteNothing()
		t.Barrier()
		c.ReadAtMost(1, 5*time.Millisecond)
		c.Ping()
		c.WriteNothing()
		c.Ping()
	},
}

var sizeLadder = Check{
	Slug:   "data/size-ladder",
	Level:  MUST,
	Says:   "A stream of any length comes back exactly, and then FIN.",
	Source: "RFC 862",
	Why: "Errors by one live at the sizes of buffers, segments and pages: 1448, 1460, 4096, 16384, 65483 (a loopback " +
		"segment), 65536, and 1 MiB (Go's splice).",
	Sound:  "The client reads while it sends, so no buffer can fill up for good, and waits only for progress.",
	Budget: 40 * time.Second,
	Run: func(t *T) {
		largest := int64(t.pick(1<<20, 64<<20))
		for _, n := range ladder(largest) {
			c := t.Dial(quietly)
			c.Echo(n)
			c.CloseWrite()
			c.ExpectFIN()
			c.Close()
		}
	},
}

// ladder is 0, and one less, one more and exactly each size at which somebody's buffer ends.
func ladder(largest int64) []int64 {
	edges := []int64{1448, 1460, 65483}
	for power := int64(2); power <= largest; power *= 2 {
		edges = append(edges, power)
	}
	rungs := []int64{0}
	for _, edge := range edges {
		rungs = append(rungs, edge-1, edge, edge+1)
	}
	return rungs
}

var fragmentRandom = Check{
	Slug:   "data/fragment-random",
	Level:  MUST,
	Says:   "However the client cuts its bytes into writes and pauses, the same bytes come back.",
	Source: "RFC 9293 section 3.8: TCP has no message boundaries",
	Why:    "A server that takes one read for one message works until two writes arrive together, or one arrives in two parts.",
	Sound:  "The schedule follows from the seed; its pauses change what the server sees, never what it owes.",
	Run: func(t *T) {
		for range t.pick(4, 20) {
			c := t.Dial(quietly)
			c.EchoPaced(64<<10, fragments(t.Rand))
			c.CloseWrite()
			c.ExpectFIN()
			c.Close()
		}
	},
}

// fragments draws write sizes that are mostly small and sometimes large, and a pause of up to 2 ms after one in eight.
func fragments(random *rand.Rand) Pace {
	return func() (int64, time.Duration) {
		size := 1 + random.Int64N(int64(1)<<random.IntN(14))
		if random.IntN(8) > 0 {
			return size, 0
		}
		return size, time.Duration(random.Int64N(int64(2 * time.Millisecond)))
	}
}

var trickle = Check{
	Slug:   "data/trickle-1b",
	Level:  MUST,
	Says:   "Single bytes, each sent after the echo of the one before, all come back.",
	Source: "RFC 862",
	Why:    "Every byte is one event: edge-triggered servers that miss one stand still, and counters run 1024 times.",
	Sound:  "The check waits for each byte and for nothing else.",
	Run: func(t *T) {
		c := t.Dial(quietly)
		for range 1024 {
			c.Send(1)
			c.ExpectEcho(1)
		}
	},
}

var trickleNoRead = Check{
	Slug:   "data/trickle-noread",
	Level:  MUST,
	Says:   "Bytes sent one to a segment, without reading, come back complete when the client reads at last.",
	Source: "RFC 862",
	Why: "A segment of one byte costs the kernel hundreds, so buffers fill long before the byte count says so, and short " +
		"writes appear where no test of large blocks has them.",
	Sound: "The client stops sending when there is no room: a server may make it wait, and then owes as much as it took.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.ExpectEcho(c.TrickleUntilBlocked(int64(t.pick(16<<10, 64<<10))))
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var pipelinedOrder = Check{
	Slug:   "data/pipelined-order",
	Level:  MUST,
	Says:   "Records sent without waiting come back in order, each once, however many of them the server finds at a time.",
	Source: "RFC 9293 section 3.4: TCP delivers in order",
	Why: "Two workers on one connection, or two sends of io_uring in flight, finish in any order. It needs several reads of " +
		"one connection under way at the same time to show.",
	Sound: "Every byte says where it belongs; the client reads while it sends. A burst is as large as the kernel takes while " +
		"the server is stopped, so that it finds several reads' worth at once.",
	Run: func(t *T) {
		conns := t.DialMany(4)
		t.EchoAll(conns, 10_000*64, func() (int64, time.Duration) { return 64, 0 })
		for _, c := range conns {
			t.freeze(true)
			n := c.TrySend(1 << 20)
			t.freeze(false)
			c.ExpectEcho(n)
		}
	},
}

var isolation = Check{
	Slug:   "data/isolation",
	Level:  MUST,
	Says:   "Two hundred clients that send different bytes at the same time receive each its own and nobody else's.",
	Source: "RFC 862",
	Why: "Buffers that belong to the loop are kept past the callback (gnet's Next, evio), provided buffers are recycled too " +
		"early (io_uring), events of a closed descriptor reach its successor.",
	Sound: "Every byte says to which connection it belongs; the check waits only for progress.",
	Run: func(t *T) {
		conns := t.DialMany(200)
		pace := fragments(t.Rand)
		t.EchoAll(conns, int64(t.pick(8<<10, 64<<10)), func() (int64, time.Duration) {
			size, _ := pace()
			return size, 0
		})
	},
}

var descriptorReuse = Check{
	Slug:   "data/fd-reuse-stale",
	Level:  MUST,
	Says:   "A connection that inherits the descriptor number of a dead one never receives the dead one's output.",
	Source: "POSIX: open returns the lowest free descriptor",
	Why:    "Output queues, timers and pending operations in tables by descriptor outlive their connection (gnet issue 621).",
	Sound: "The dead connection has output waiting, as the kernel shows, before it is reset, and every byte of the next one " +
		"says to whom it belongs. Whether the number is in fact reused only decides how strong the check is.",
	Run: func(t *T) {
		for round := range t.pick(20, 200) {
			dead := t.Dial(WithReceiveBuffer(4<<10), quietly)
			if round < 3 {
				dead.SendUntilUnread(8 << 20) // more than the kernel takes: the rest waits in the server itself
			} else {
				dead.SendUntilBlocked(64 << 10)
			}
			t.waitQuietly(dead.ServerHasOutput())
			t.freeze(true) // so that the end of one connection and the start of the next are one event
			dead.Reset()
			heir := t.Dial(quietly)
			t.freeze(false)
			heir.farewell()
			t.Dial(quietly).farewell() // if the first was accepted before the dead one was closed
		}
	},
}

// farewell is all that a connection receives: a hundred bytes of its own, and FIN.
func (c *Conn) farewell() {
	c.Send(100)
	c.ExpectEcho(100)
	c.CloseWrite()
	c.ExpectFIN()
	c.Close()
}

// freeze stops or continues the server, if it is one that can be stopped.
func (t *T) freeze(stop bool) {
	switch {
	case t.server.process.PID() == 0:
	case stop:
		t.server.Stop()
	default:
		t.server.Continue()
	}
}

var urgent = Check{
	Slug:  "data/urgent",
	Level: MUST,
	Says: "After a byte of urgent data the stream goes on: what was sent before and after it comes back, with or without " +
		"the urgent byte itself, and the server sleeps when nothing is left to do.",
	Source: "RFC 9293 section 3.8.5; RFC 6093",
	Why: "On Linux splice(2) stops at the urgent mark for ever, so Go's io.Copy(conn, conn) never sees the bytes behind it; " +
		"a poll loop that asks for POLLPRI and never takes the byte spins.",
	Sound: "The check waits for bytes, with the whole patience of the suite: that a server sleeps beside unread bytes would say " +
		"nothing here, for an urgent byte that has come alone wakes nobody. CPU time is the server's own.",
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial()
		c.sendAroundUrgent()
		c.expectAroundUrgent()
		if t.server.process.PID() != 0 {
			t.Server().ExpectNoSpin("nothing is left to do after the urgent byte")
		}
		c.CloseWrite()
		c.ExpectFIN()
	},
}

func (c *Conn) sendAroundUrgent() {
	c.WriteRaw([]byte("ab"))
	c.WriteUrgent('!')
	c.WriteRaw([]byte("cd"))
}

// expectAroundUrgent reads until "cd" has come.
func (c *Conn) expectAroundUrgent() {
	const want = `"abcd", or "ab!cd" with the urgent byte`
	var came []byte
	for !bytes.HasSuffix(came, []byte("cd")) {
		got, how, _ := c.receive(64, c.t.scaled(patience), want)
		if how != data {
			c.t.alive(want)
			c.t.Fatal(want, fmt.Sprintf("%q, then %s", came, how.after(c.t.scaled(patience))), c.peer())
		}
		came = append(came, got...)
	}
	if text := string(came); text != "abcd" && text != "ab!cd" {
		c.t.Fatal(want, fmt.Sprintf("%q", came))
	}
	c.eventf("got %q", came)
}
