package spec

import "time"

// closeQuietChecks: ends that must not be late, and must not touch anybody else.
var closeQuietChecks = []Check{shutdownRead, doubleClose, halfCloseTimely, lingerBlocking}

var shutdownRead = Check{
	Slug:  "close/shutdown-rd",
	Level: MUST,
	Says: "A client that shuts down its receiving side and goes on sending MUST be served or let go, and its connection freed when " +
		"it ends.",
	Source: "shutdown(2): TCP tells the server nothing of it",
	Why:    "What the server still sends is thrown away, or answered with RST in the middle of a read.",
	Sound:  "It waits until the process holds no more sockets than before. Permitted: FIN or RST.",
	Fresh:  true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		conns := t.DialMany(10)
		for i, c := range conns {
			c.ping()
			c.CloseRead()
			c.TrySend(32 << 10)
			t.Barrier()
			c.TrySend(1000)
			if i%2 == 0 {
				c.Close()
			} else {
				c.Reset()
			}
		}
		t.Barrier()
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

var doubleClose = Check{
	Slug:  "close/double-close-fd",
	Level: MUST,
	Says: "However other clients end, by FIN, by RST or in the middle of an echo, a client that stays MUST NOT lose its " +
		"connection.",
	Source: "close(2): a number that was closed may belong to another file at once",
	Why: "A connection closed twice, once by its reader and once by its writer, takes the next owner of the number with it (gnet " +
		"issue 47).",
	Sound: "Those who stay send nothing that could end them, and are asked at the end, however late.",
	Fresh: true,
	Run: func(t *T) {
		var staying []*Conn
		for i := range t.pick(300, 2000) {
			t.leaveBeside(i)
			if i%10 == 0 { // one who stays, in the number that the last one left
				c := t.Dial(quietly)
				c.ping()
				staying = append(staying, c)
			}
		}
		for _, c := range staying {
			c.ping()
		}
	},
}

// leaveBeside lets a client come and go in one of the ways of leave.
func (t *T) leaveBeside(i int) {
	c := t.Dial(quietly, WithSource(1+i/1000))
	t.leave(c, i%5)
	c.release()
}

// promptly is how long a server may sleep while it owes nothing but a FIN.
const promptly = time.Second

var halfCloseTimely = Check{
	Slug:   "close/half-close-timely",
	Level:  SHOULD,
	Says:   "When a client has sent FIN and has its whole echo, the server closes at once: it does not sleep on it for a second.",
	Source: "RFC 9293 section 3.6",
	Why: "Ends that are found by a sweep or a timer keep the descriptor for that long, and every client that waits for the end of " +
		"the stream with it.",
	Sound: "Only time in which all threads of the server are seen asleep counts. A server that waits for a CPU is runnable, not " +
		"asleep, however long that takes.",
	Run: func(t *T) {
		for range 5 {
			c := t.Dial()
			c.Echo(10_000)
			c.CloseWrite()
			c.expectPromptFIN()
			c.Close()
		}
	},
}

// expectPromptFIN waits for FIN, and fails when the server has slept for promptly meanwhile.
func (c *Conn) expectPromptFIN() {
	asleep := time.Duration(0)
	for last := time.Now(); !c.ended(); {
		now := time.Now()
		if c.server.asleep() {
			asleep += now.Sub(last)
		} else {
			asleep = 0
		}
		last = now
		if asleep > c.t.scaled(promptly) {
			c.t.Fatal("FIN behind the whole echo", "the server sleeps, for "+seconds(asleep)+" so far", c.peer())
		}
		c.t.alive("FIN behind the whole echo")
		c.t.Sleep(pollEvery)
	}
	c.ExpectFIN()
}

var lingerBlocking = Check{
	Slug:  "close/linger-blocking",
	Level: MUST,
	Says: "Connections that the server closes while their last bytes are on the way to a client that does not take them MUST NOT keep " +
		"it from serving others.",
	Source: "socket(7): SO_LINGER",
	Why:    "With SO_LINGER switched on close waits for the client, O_NONBLOCK or not; in an event loop everybody waits with it.",
	Sound:  "Others must be answered, not quickly; and those who did not read find everything when they do.",
	Run: func(t *T) {
		const held = 32 << 10
		conns := t.DialMany(20, WithReceiveBuffer(4<<10))
		for _, c := range conns {
			c.Send(held)
			t.waitQuietly(c.ServerHasRead())
		}
		conns[0].awaitRest() // the echo is written, and the end comes alone
		for _, c := range conns {
			c.CloseWrite()
			t.waitQuietly(c.ServerKnowsFIN())
		}
		t.Dial().Echo(64 << 10)
		for _, c := range conns {
			c.ExpectEcho(held)
			c.ExpectFIN()
			c.Close()
		}
	},
}
