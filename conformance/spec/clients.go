package spec

import (
	"fmt"
	"time"
)

// connChecks: many connections, one after another and at the same time.
var connChecks = []Check{
	hundredParallel,
	idleThousand,
	burstAccept,
	churnDescriptorLeak,
	churnCloseWait,
	fairFlood,
	acceptUnderLoad,
	serverDoesNotCloseFirst,
}

// aboveSelect is more clients than select has descriptors for (FD_SETSIZE, 1024), in every profile. The other checks stay
// below, so that a server on select fails these and no others.
const aboveSelect = 1100

var hundredParallel = Check{
	Slug:   "conn/hundred-parallel",
	Level:  MUST,
	Says:   "A hundred clients that send at the same time MUST each receive exactly what they sent.",
	Source: "RFC 862",
	Why:    "Buffers that connections share, and queues that are found by descriptor, mix up their owners under load.",
	Sound:  "It waits only for bytes, and every byte says whose it is.",
	Run: func(t *T) {
		t.EchoAll(t.DialMany(100), int64(t.pick(64, 1024))<<10, AtOnce)
	},
}

var idleThousand = Check{
	Slug:  "conn/idle-thousand",
	Level: MUST,
	Says: "More than a thousand idle connections MUST NOT keep the server from serving a new client, nor from serving each of them " +
		"when it wakes up.",
	Source: "RFC 862",
	Why: "Fixed tables of clients, and select's FD_SETSIZE: the first client beyond them is refused, forgotten, or written " +
		"over somebody's memory (iperf issue 1604, rinetd issue 1, pupnp issue 423).",
	Sound: "It waits for answers and for closed sockets, however long they take.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		conns := t.DialMany(t.pick(aboveSelect, 5000))
		t.Dial(quietly).ping()
		for i := len(conns) - 1; i >= 0; i -= len(conns) / 50 {
			conns[i].ping()
		}
		closeAll(conns)
		t.WaitFor(t.Gone(conns))
		t.WaitFor(t.Server().SocketsAtMost(before + 1))
	},
}

var burstAccept = Check{
	Slug:   "conn/burst-accept",
	Level:  MUST,
	Says:   "When many clients connect while the server is busy, each of them MUST be accepted and served.",
	Source: "listen(2)",
	Why: "With a short backlog the kernel drops the rest of the crowd, which comes again after 1, 3 and 7 seconds: of 1500 " +
		"clients socat served 213 in 20 s.",
	Sound: "The server is stopped while they connect, so the crowd is there at once; the limit admits three retries of the " +
		"client's kernel.",
	Run: func(t *T) {
		t.Server().Stop()
		conns := t.DialBurst(t.pick(aboveSelect, 1500))
		t.Server().Continue()
		t.AwaitConnected(conns, connectRetries)
		for _, c := range conns {
			c.Send(1)
		}
		for _, c := range conns {
			c.ExpectEcho(1)
		}
	},
}

// connectRetries is longer than the longest of the first three pauses after which Linux repeats a SYN: 1, 2 and 4 s.
const connectRetries = 5 * time.Second

var churnDescriptorLeak = Check{
	Slug:   "conn/churn-fd-leak",
	Level:  MUST,
	Says:   "Serving and closing connections MUST NOT cost descriptors.",
	Source: "RFC 862",
	Why:    "One descriptor a client is enough to end a server within a day.",
	Sound: "Two equal rounds are compared, so that what a runtime keeps for reuse (Go's io.Copy keeps pipes) is not taken " +
		"for a leak; a leak costs one descriptor for each client of the second round, and a tenth of that is the threshold.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		clients := t.pick(200, 2000)
		t.churn(clients)
		after := t.Server().Usage().Descriptors
		t.churn(clients)
		t.WaitUntil("the second round has cost no descriptors", func() (bool, string) {
			now := t.Server().Usage().Descriptors
			return now <= after+clients/10, fmt.Sprintf("%d descriptors after the first round, %d after the second", after, now)
		})
	},
}

// churn serves so many clients, one after another, and waits until their connections are gone.
func (t *T) churn(clients int) {
	conns := make([]*Conn, clients)
	for i := range conns {
		conns[i] = t.Dial(quietly, WithSource(1+i/1000))
		conns[i].ping()
		conns[i].Close()
	}
	t.WaitFor(t.Gone(conns))
}

var churnCloseWait = Check{
	Slug:  "conn/churn-close-wait",
	Level: MUST,
	Says: "After clients have come and gone in every way there is, none of their connections MUST remain on the server's " +
		"side.",
	Source: "RFC 9293 section 3.6",
	Why: "CLOSE_WAIT means that the server has been told and has not closed; only the program can end that state, so it " +
		"lasts until the process ends.",
	Sound: "It waits until the kernel has forgotten the connections and the process holds no more sockets than before.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		before := t.Server().Sockets()
		conns := t.DialMany(t.pick(200, 900))
		for i, c := range conns {
			t.leave(c, i%5)
		}
		t.WaitFor(t.Gone(conns))
		closeAll(conns)
		t.WaitFor(t.Server().SocketsAtMost(before))
	},
}

// leave ends a connection in one of five ways.
func (t *T) leave(c *Conn, way int) {
	c.Send(100)
	switch way {
	case 0: // at once, the echo on its way
		c.Close()
	case 1:
		c.ExpectEcho(100)
		c.Close()
	case 2:
		c.ExpectEcho(100)
		c.CloseWrite()
		c.ExpectFIN()
	case 3:
		c.CloseBoth()
	case 4:
		c.Reset()
	}
}

var fairFlood = Check{
	Slug:   "conn/fair-flood",
	Level:  MUST,
	Says:   "A client that sends and reads without pause MUST NOT keep the server from answering another.",
	Source: "RFC 862",
	Why: "A loop that reads a connection until it is empty never comes back from one that is never empty (twemproxy issue " +
		"416, mio issue 45, dynomite issue 257).",
	Sound: "Counted is what the flooder is served while the other waits, not the time; the limit is ten times what a " +
		"scheduler that preempts every 10 ms lets through.",
	Run: func(t *T) {
		other := t.Dial()
		other.Ping()
		flood := t.Flood(t.DialMany(1))
		for range 10 {
			flood.Ping(other)
		}
	},
}

var acceptUnderLoad = Check{
	Slug:   "conn/accept-under-load",
	Level:  MUST,
	Says:   "Clients that send and read without pause MUST NOT keep the server from accepting a new one.",
	Source: "accept(2)",
	Why:    "A listener that is looked at after all connections, or only in an idle turn, never comes up.",
	Sound:  "Counted as in conn/fair-flood.",
	Run: func(t *T) {
		flood := t.Flood(t.DialMany(2))
		for range 5 {
			flood.Ping(t.Dial())
		}
	},
}

var serverDoesNotCloseFirst = Check{
	Slug:   "conn/server-does-not-close-first",
	Level:  MUST,
	Says:   "The server MUST NOT end a connection that its client keeps open, silent or not.",
	Source: "RFC 862: the echo goes on until the client ends it",
	Why:    "An idle timeout that nobody asked for cuts off clients that wait for something to happen.",
	Sound:  "Silence gives a wrong server the time to show itself; a right one has nothing to do in it.",
	Quiet:  true,
	Run: func(t *T) {
		silent, used := t.Dial(), t.Dial()
		used.Ping()
		t.Sleep(t.pause())
		silent.Ping()
		used.Ping()
	},
}
