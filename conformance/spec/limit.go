package spec

import "fmt"

// limitChecks: what happens when something runs out.
var limitChecks = []Check{
	emfileSurvive,
	emfileNoSpin,
	emfileLogBounded,
	emfileRecover,
	emfileTwice,
}

// A shortage is a server that has no descriptor left for the next client.
type shortage struct {
	t       *T
	clients []*Conn
	logged  int64 // what the server had logged before
}

// Shortage lowers the server's limit of descriptors so far that eight more clients fit in, brings forty, and waits
// until the server has used up what it has. The other clients wait in the backlog, where accept finds them and fails.
func (t *T) Shortage() *shortage {
	const room, clients = 8, 40
	s := t.Server()
	limit := s.HighestDescriptor() + 1 + room
	logged := s.StderrBytes()
	s.LimitDescriptors(limit)
	short := &shortage{t, t.DialMany(clients), logged}
	t.WaitUntil("the server has used up its descriptors", func() (bool, string) {
		now := s.Usage().Descriptors
		return now >= limit-1 || short.sheds(), fmt.Sprintf("%d descriptors of %d", now, limit)
	})
	short.clients[0].awaitRest() // until accept has failed
	return short
}

// sheds reports whether the server has begun to turn clients away, which is its right: it keeps a descriptor in reserve
// to accept and close with.
func (s *shortage) sheds() bool {
	for _, c := range s.clients {
		if c.ended() {
			return true
		}
	}
	return false
}

// End sends the clients away.
func (s *shortage) End() {
	closeAll(s.clients)
	s.t.Eventf("the clients leave")
}

// ExpectQuietLog demands that the server has not logged more in this shortage than somebody would read.
func (s *shortage) ExpectQuietLog() {
	if logged := s.t.Server().StderrBytes() - s.logged; logged > quietLog {
		s.t.Fatal("at most "+group(quietLog)+" bytes of log about a shortage of descriptors", group(logged)+" bytes")
	}
}

// quietLog is a line every ten milliseconds for some seconds, and a hundredth of what a loop writes that logs each
// failed accept.
const quietLog = 64 << 10

var emfileSurvive = Check{
	Slug:  "limit/emfile-survive",
	Level: MUST,
	Says: "When accept fails for want of descriptors (EMFILE) the server MUST live on and serve the clients that it " +
		"has.",
	Source: "accept(2)",
	Why: "gnet (issue 367) and evio end their engine, some with exit status 0, so that a supervisor believes that they were " +
		"done; Go programs die in log.Fatal.",
	Sound: "It waits until the descriptors are used up, gives a server that has decided to end the time to do so, and " +
		"waits for answers to a client that was there before.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		t.Barrier()
		t.Shortage()
		t.Sleep(spinWindow)
		t.Barrier()
	},
}

var emfileNoSpin = Check{
	Slug:   "limit/emfile-no-spin",
	Level:  MUST,
	Says:   "While accept fails for want of descriptors the server MUST sleep between its tries.",
	Source: "accept(2), epoll(7)",
	Why: "The listener stays readable, so a level-triggered loop and a bare `continue` turn at full speed (libevent issues " +
		"71 and 363, libuv issue 690, bun issue 32705).",
	Sound: "Counted is the CPU time of the server alone, in nanoseconds, so a busy machine can only lower it.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		t.Barrier()
		t.Shortage()
		t.Server().ExpectNoSpin("it has no descriptor for the next client")
	},
}

var emfileLogBounded = Check{
	Slug:   "limit/emfile-log-bounded",
	Level:  MUST,
	Says:   "While accept fails for want of descriptors the server MUST NOT log more than 64 KiB a second.",
	Source: "accept(2)",
	Why: "A line for each failed accept fills a disk overnight: libevent wrote 61 MB in four seconds, netpoll 10 MB/s (issue " +
		"230), hhvm 211 GB (issue 119).",
	Sound: "Bytes are counted, over less than a second; a busy machine can only lower them.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		t.Barrier()
		short := t.Shortage()
		t.Sleep(spinWindow)
		short.ExpectQuietLog()
	},
}

var emfileRecover = Check{
	Slug:   "limit/emfile-recover",
	Level:  MUST,
	Says:   "When descriptors are free again after a shortage the server MUST accept and serve new clients.",
	Source: "accept(2)",
	Why: "nbio's listener goroutine had returned at the first error and nobody noticed (nbio issue 470); an edge-triggered " +
		"listener that stops at EMFILE gets no second event.",
	Sound: "A server may wait a second or two before it tries again; the new client has the whole patience of the suite.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		t.Shortage().End()
		t.Dial().Ping()
	},
}

var emfileTwice = Check{
	Slug:   "limit/emfile-twice",
	Level:  MUST,
	Says:   "A server MUST meet the second and the third shortage of descriptors like the first: quietly, asleep, and to recover.",
	Source: "accept(2)",
	Why: "netpoll detaches its listener in the first shortage only: in the second and third it spins and writes some 25 MB " +
		"of log. A spare descriptor that was not opened again ends a server the second time.",
	Sound: "As limit/emfile-no-spin, limit/emfile-log-bounded and limit/emfile-recover.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		t.Barrier()
		for round := range 3 {
			short := t.Shortage()
			if round > 0 { // the first is limit/emfile-no-spin
				t.Server().ExpectNoSpin("it has no descriptor for the next client, once more")
				short.ExpectQuietLog()
			}
			short.End()
			t.Dial().Ping()
			t.WaitFor(t.Gone(short.clients))
		}
	},
}
