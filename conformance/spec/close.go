package spec

import "time"

// closeChecks: how a connection ends.
//
// Where a check ends with FIN, RST is a failure, and the other way round; the few checks to which both are right say so.
var closeChecks = []Check{
	closeEmpty,
	halfCloseImmediate,
	halfCloseSmall,
	finInSameSegment,
	finLargeInflight,
	halfCloseBacklog,
	halfCloseSlowReader,
	halfCloseFINType,
	closeBothSides,
	closeSimultaneous,
	shutdownBoth,
	resetMidEcho,
	resetPendingOutput,
	resetBeforeAccept,
	finThenReset,
}

var closeEmpty = Check{
	Slug:   "close/empty",
	Level:  MUST,
	Says:   "A connection that is opened and closed without a byte MUST leave no socket behind.",
	Source: "RFC 9293 section 3.6",
	Why: "Port scanners and health checks do it all day. A server that frees its end only after a first read collects " +
		"CLOSE_WAIT sockets until its descriptors are used up.",
	Sound: "It waits until the kernel has forgotten each connection, however long the server takes to be scheduled.",
	Run: func(t *T) {
		conns := t.DialMany(20)
		closeAll(conns)
		t.WaitFor(t.Gone(conns))
	},
}

var halfCloseImmediate = Check{
	Slug:   "close/half-close-immediate",
	Level:  MUST,
	Says:   "A client that sends FIN and no data MUST be answered with FIN and no data.",
	Source: "RFC 9293 section 3.6, RFC 862",
	Why:    "Event loops that only look for data miss an end of stream that comes alone.",
	Sound:  "The order is fixed by the client, and the check waits only for the answer. Permitted: FIN; not RST.",
	Run: func(t *T) {
		for range 20 {
			c := t.Dial()
			c.CloseWrite()
			c.ExpectFIN()
			c.Close()
		}
	},
}

var halfCloseSmall = Check{
	Slug:  "close/half-close-small",
	Level: MUST,
	Says: "A client that sends a short message and FIN right behind it MUST receive the whole message, and then FIN, " +
		"every time.",
	Source: "RFC 9293 section 3.6, RFC 862",
	Why: "Message and FIN often arrive in one turn of the event loop. netpoll closes before its handler has answered and " +
		"loses about every second such echo (netpoll issue 220, pull requests 226 and 278); ncat loses them too.",
	Sound: "Three hundred rounds give a racing server every chance; a right one has nothing to race.",
	Run: func(t *T) {
		for range 300 {
			c := t.Dial(quietly)
			c.Send(1000)
			c.CloseWrite()
			c.ExpectEcho(1000)
			c.ExpectFIN()
			c.Close()
		}
	},
}

var finInSameSegment = Check{
	Slug:  "close/fin-in-same-segment",
	Level: MUST,
	Says: "Data and FIN that reach the server in one turn of its loop MUST be echoed completely and then answered with " +
		"FIN.",
	Source: "RFC 9293 section 3.6",
	Why: "One event then says readable and closed at once, and a server that looks at the second bit first drops the data " +
		"(netty issue 4317, netpoll).",
	Sound: "The server is stopped while data and FIN arrive, so it cannot see one without the other.",
	Run: func(t *T) {
		for range 5 {
			conns := t.DialMany(4) // known to the server before the event
			for _, c := range conns {
				c.ping()
			}
			t.Server().Stop()
			conns = append(conns, t.DialMany(4)...) // and such as it accepts together with the event
			for _, c := range conns {
				c.Send(1000)
				c.CloseWrite()
				t.WaitFor(c.ServerState(CloseWait))
			}
			t.Server().Continue()
			for _, c := range conns {
				c.ExpectEcho(1000)
				c.ExpectFIN()
				c.Close()
			}
		}
	},
}

var finLargeInflight = Check{
	Slug:  "close/fin-large-inflight",
	Level: MUST,
	Says: "When FIN arrives while more than one read's worth of data waits unread, all of it MUST be echoed before the " +
		"server's FIN.",
	Source: "RFC 9293 section 3.6, epoll(7)",
	Why: "After FIN no further event comes: an edge-triggered server that reads once per event, or a level-triggered one " +
		"that gives up after a quota (nbio: three reads), loses the rest.",
	Sound: "The server is stopped until data and FIN are in its kernel's queue. How much fits there is the kernel's " +
		"choice; a smaller queue makes the check weaker, never wrong.",
	Run: func(t *T) {
		c := t.Dial()
		c.Echo(4 << 20) // the kernel widens the window of a connection that is used
		t.Server().Stop()
		n := c.SendUntilBlocked(1 << 20)
		c.CloseWrite()
		t.Server().Continue()
		c.ExpectEcho(n)
		c.ExpectFIN()
	},
}

var halfCloseBacklog = Check{
	Slug:  "close/half-close-backlog",
	Level: MUST,
	Says: "After the client shuts down its sending side the server MUST deliver every byte that it accepted " +
		"and then close with FIN, even if its output was blocked at that moment.",
	Source: "RFC 9293 section 3.6",
	Why: "A server that closes when it reads the end of the stream throws its own output queue away, and the FIN that " +
		"follows makes the loss look like success. Measured in gnet, netpoll, libevent's and libuv's sample code.",
	Sound: "It sends until the server holds 8 MiB or leaves bytes unread, and reads only after the kernel says that the " +
		"FIN has arrived; a slow machine makes the backlog smaller, never the expectation different.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		n := c.SendUntilUnread(8 << 20)
		c.CloseWrite()
		t.WaitFor(c.ServerKnowsFIN())
		c.ExpectEcho(n)
		c.ExpectFIN()
	},
}

var halfCloseSlowReader = Check{
	Slug:  "close/half-close-slow-reader",
	Level: MUST,
	Says: "A client that sends much, then FIN, and only then begins to read MUST receive everything, and then FIN, however " +
		"slowly it reads.",
	Source: "RFC 9293 section 3.6",
	Why: "With default buffers a part of the echo lies in the client's kernel, a part in the server's and a part in the " +
		"server itself; only the last is lost by a server that closes too early, so small tests never see it.",
	Sound: "The client paces itself by what it has read, and waits only for bytes.",
	Run: func(t *T) {
		c := t.Dial()
		n := c.SendUntilBlocked(int64(t.pick(8, 32)) << 20)
		c.CloseWrite()
		for c.Received() < n {
			c.ExpectEcho(min(256<<10, n-c.Received()))
			t.Sleep(pollEvery)
		}
		c.ExpectFIN()
	},
}

var halfCloseFINType = Check{
	Slug:   "close/half-close-fin-type",
	Level:  MUST,
	Says:   "After a complete echo the server MUST end the connection with FIN, not with RST.",
	Source: "RFC 9293 sections 3.6 and 3.10.7.4",
	Why: "close with unread input, or with SO_LINGER at zero, makes the kernel send RST, which may overtake the last bytes " +
		"in the client's queue and destroy them.",
	Sound: "The client has read the whole echo before it sends FIN, so nothing is left but the end. Permitted: FIN; not RST.",
	Run: func(t *T) {
		for range 20 {
			c := t.Dial(quietly)
			c.Echo(64 << 10)
			c.CloseWrite()
			c.ExpectFIN()
			t.WaitFor(t.Gone([]*Conn{c}))
			c.Close()
		}
	},
}

var closeBothSides = Check{
	Slug:  "close/both-sides",
	Level: MUST,
	Says: "When a client closes with data in flight in both directions the server MUST close its end, so that no socket " +
		"stays in CLOSE_WAIT.",
	Source: "RFC 9293 section 3.6",
	Why: "The usual end of a browser or a killed client. A server that keeps its end leaks a descriptor each time " +
		"(netpoll pull request 304, gnet issue 335).",
	Sound: "The server is stopped while half of the clients close, so that their data and their end arrive together; the " +
		"others close with half of the echo unread. It waits until the process holds no more sockets than before. " +
		"Permitted: FIN or RST, for the client may get either for data that it no longer wants.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		conns := t.DialMany(20)
		for _, c := range conns[:10] {
			c.ExpectEcho(c.SendUntilBlocked(32<<10) / 2)
		}
		closeAll(conns[:10])
		for _, c := range conns[10:] {
			c.ping()
		}
		t.Server().Stop()
		for _, c := range conns[10:] {
			c.SendUntilBlocked(32 << 10)
			c.Close()
		}
		t.Server().Continue()
		t.WaitFor(t.Gone(conns))
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

var closeSimultaneous = Check{
	Slug:  "close/simultaneous",
	Level: MUST,
	Says: "When many clients end at the same moment, some with RST, some by closing, the server MUST free their connections " +
		"and serve those beside them.",
	Source: "RFC 9293 section 3.6",
	Why: "One batch of events then closes connections whose own events come later in the batch: the classic use of a freed " +
		"connection in libevent and libev programs.",
	Sound: "The server is stopped until all of it has arrived, so one turn of its loop meets everything.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		conns := t.DialMany(t.pick(99, 500))
		t.EchoAll(conns, 1000, AtOnce)
		t.Server().Stop()
		var staying []*Conn
		for i, c := range conns {
			c.SendUntilBlocked(16 << 10)
			switch i % 3 {
			case 0:
				staying = append(staying, c)
			case 1:
				c.Reset()
			case 2:
				c.Close()
			}
		}
		t.Server().Continue()
		for _, c := range staying {
			c.ExpectEcho(c.Sent() - c.Received())
			c.CloseWrite()
			c.ExpectFIN()
			c.Close()
		}
		t.WaitFor(t.Gone(conns))
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

var shutdownBoth = Check{
	Slug:   "close/shutdown-rdwr",
	Level:  MUST,
	Says:   "A client that shuts down both directions MUST be let go: the server closes its end and goes on serving others.",
	Source: "RFC 9293 section 3.6, shutdown(2)",
	Why:    "The client's kernel answers what the server still sends with RST, in the middle of the server's orderly close.",
	Sound:  "It waits for the kernel to forget the connections. Permitted: FIN or RST; the client cannot see which.",
	Run: func(t *T) {
		conns := t.DialMany(10)
		for _, c := range conns {
			c.ping()
		}
		t.Server().Stop()
		for _, c := range conns {
			c.SendUntilBlocked(16 << 10)
			c.CloseBoth()
		}
		t.Server().Continue()
		t.WaitFor(t.Gone(conns))
		closeAll(conns)
		t.Barrier()
	},
}

var resetMidEcho = Check{
	Slug:   "close/rst-mid-echo",
	Level:  MUST,
	Says:   "A client's RST, at whatever moment of an echo, MUST end that connection and nothing else.",
	Source: "RFC 9293 section 3.5.3",
	Why: "ECONNRESET taken for a fatal error, and error paths that return without close (gnet issue 621): the server dies, " +
		"or slowly runs out of descriptors.",
	Sound: "It waits until the process holds no more sockets than before, and a bystander is answered.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		for range t.pick(50, 200) {
			c := t.Dial(quietly)
			c.TrySend(t.Rand.Int64N(256 << 10))
			c.ReadAtMost(t.Rand.Int64N(1+c.Sent()), 0)
			c.Reset()
		}
		t.AcceptAll()
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

var resetPendingOutput = Check{
	Slug:  "close/rst-pending-output",
	Level: MUST,
	Says: "When a client resets a connection for which the server holds output, the server MUST free that output and the " +
		"descriptor.",
	Source: "RFC 9293 section 3.5.3",
	Why:    "A write queue that outlives its connection is a leak of megabytes for each client that loses its patience.",
	Sound: "Rounds are compared with each other, never with an absolute size: a collected heap grows for a few rounds and " +
		"then stays, a leak grows by the same amount in each. Half of what is abandoned is the threshold, and one stretch of " +
		"four rounds without that growth is enough, of three: on a busy machine the first rounds may abandon little.",
	Fresh:  true,
	Budget: time.Minute,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		settled, _ := t.abandonRounds(before)
		for range 3 {
			most, now := t.abandonRounds(before)
			if now-settled <= rounds*clientsOfARound*abandoned/2 {
				return
			}
			t.Eventf("%s KiB more resident after %d rounds than at the most before", group((now-settled)/1024), rounds)
			settled = max(settled, most)
		}
		t.Failf("more resident after each of three times %d rounds than at the most before, with no connection left", rounds)
	},
}

// rounds let a collected heap reach its size, and then a leak show.
const rounds = 4

// abandonRounds waits after each round until the server has no more sockets than before, and returns how much of it was then
// resident, at the most and at the end.
func (t *T) abandonRounds(before int) (most, last int64) {
	for range rounds {
		t.abandon()
		t.WaitFor(t.Server().SocketsAtMost(before))
		last = t.Server().Usage().RSSBytes
		most = max(most, last)
	}
	return most, last
}

// What one round leaves behind, at the most.
const (
	clientsOfARound = 4
	abandoned       = 8 << 20 // bytes of each
)

// abandon leaves connections with all the output pending that the server lets them have.
func (t *T) abandon() {
	var conns []*Conn
	for range clientsOfARound {
		conns = append(conns, t.Dial(WithReceiveBuffer(4<<10), quietly))
	}
	t.SendAllUntilBlocked(conns, abandoned)
	for _, c := range conns {
		c.Reset()
	}
}

var resetBeforeAccept = Check{
	Slug:   "close/rst-before-accept",
	Level:  MUST,
	Says:   "A connection that was reset before the server accepted it MUST NOT disturb the server.",
	Source: "RFC 9293 section 3.5.3, accept(2)",
	Why: "On Linux accept still returns the dead socket; the first getpeername, setsockopt or read on it fails, and a " +
		"server that calls any of these errors impossible ends.",
	Sound: "The server is stopped while the connections come and go.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		t.Server().Stop()
		for i, c := range t.DialMany(50) {
			if i%2 == 0 {
				c.Send(100)
			}
			c.Reset()
		}
		t.Server().Continue()
		t.AcceptAll()
		t.Barrier()
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

var finThenReset = Check{
	Slug:   "close/fin-rst-sigpipe",
	Level:  MUST,
	Says:   "A client that sends data and FIN, and resets the connection before the echo, MUST NOT end the server.",
	Source: "RFC 9293 section 3.5.3, send(2)",
	Why: "The server reads the data, and its first write already fails with EPIPE: SIGPIPE, which kills a process that has " +
		"not asked to be spared (libevent's and libuv's sample code, joyent/libuv issue 1244).",
	Sound: "The server is stopped until data, FIN and RST have all arrived, so its first write meets the dead connection.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		for range 4 {
			conns := t.DialMany(3) // known to the server
			for _, c := range conns {
				c.ping()
			}
			t.Server().Stop()
			for _, c := range append(conns, t.DialMany(3)...) { // and not yet accepted
				c.SendUntilBlocked(60_000)
				c.CloseWrite()
				c.Reset()
			}
			t.Server().Continue()
			t.Barrier()
		}
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}
