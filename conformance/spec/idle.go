package spec

import (
	"fmt"
	"time"
)

// idleChecks: what the server does when there is nothing to do.
var idleChecks = []Check{idleCPU, idleWakeups, idleAfterLoad, halfOpenSleep}

var idleCPU = Check{
	Slug:   "idle/cpu",
	Level:  MUST,
	Says:   "Without clients, and with clients that are silent, the server MUST NOT use more than 2 % of a core.",
	Source: "epoll(7), poll(2): waiting costs nothing",
	Why:    "Loops that poll with a short timeout instead of waiting keep a machine awake, and a battery warm, for nothing.",
	Sound: "Counted is the CPU time of the server alone, in nanoseconds, so a busy machine can only lower it. One quiet window of " +
		"three is enough, so that the end of a start, or a garbage collection, is not taken for a habit.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		t.Server().ExpectLittleCPU("it has no client")
		t.DialMany(50)
		t.Barrier()
		t.Server().ExpectLittleCPU("its 50 clients are silent")
	},
}

// idleWindow is how long a server is watched at a time.
func (t *T) idleWindow() time.Duration { return time.Duration(t.pick(200, 1000)) * time.Millisecond }

// quietWindows is how many windows a server has in which to come to rest.
const quietWindows = 3

// ExpectLittleCPU demands that the server uses next to nothing of a core.
func (s *Server) ExpectLittleCPU(while string) {
	const most = 0.02
	var spent share
	for range quietWindows {
		if spent = s.shareDuring(s.t.idleWindow()); spent.cpu <= most {
			s.t.Eventf("%.2f %% of a core while %s", 100*spent.cpu, while)
			return
		}
	}
	s.t.Fatal(fmt.Sprintf("at most %.0f %% of a core while %s", 100*most, while), fmt.Sprintf("%.1f %%", 100*spent.cpu))
}

// wakeupsASecond is what an idle server may wake, all threads together: a timer or two.
const wakeupsASecond = 5

var idleWakeups = Check{
	Slug:    "idle/wakeups",
	Level:   SHOULD,
	Says:    "A server whose clients are silent wakes at most five times a second.",
	Source:  "the comparison of the kernel's counters, proc(5): voluntary_ctxt_switches",
	Why:     "Each wake-up takes a core out of its sleep: evio looks around every 100 ms, and gnet some twenty times a second.",
	Sound:   "Context switches are counted, which a busy machine does not add to. One quiet window of three is enough.",
	Fresh:   true,
	Profile: Full,
	Quiet:   true,
	Run: func(t *T) {
		t.DialMany(20)
		t.Barrier()
		t.Server().ExpectFewWakeups("its 20 clients are silent")
	},
}

// ExpectFewWakeups demands that the server sleeps on.
func (s *Server) ExpectFewWakeups(while string) {
	var woken int64
	window := s.t.idleWindow()
	most := int64(wakeupsASecond * window / time.Second)
	for range quietWindows {
		before := s.Usage().VoluntarySwitches
		s.t.Sleep(window)
		if woken = s.Usage().VoluntarySwitches - before; woken <= most {
			s.t.Eventf("%d wake-ups in %v while %s", woken, window, while)
			return
		}
	}
	s.t.Fatal(fmt.Sprintf("at most %d wake-ups in %v while %s", most, window, while), fmt.Sprintf("%d", woken))
}

var idleAfterLoad = Check{
	Slug:    "idle/after-load",
	Level:   SHOULD,
	Says:    "When its clients have left the server sleeps as it did before they came.",
	Source:  "as idle/wakeups",
	Why:     "A timer for each client that nobody stops, a sweep that goes on over an empty list, a thread that waits in steps.",
	Sound:   "As idle/wakeups; that the connections are gone is waited for.",
	Fresh:   true,
	Profile: Full,
	Quiet:   true,
	Run: func(t *T) {
		conns := t.DialMany(t.pick(100, 500))
		t.EchoAll(conns, 10_000, AtOnce)
		for i, c := range conns {
			t.leave(c, i%5)
		}
		t.WaitFor(t.Gone(conns))
		closeAll(conns)
		t.Server().ExpectFewWakeups("its clients have left")
	},
}

var halfOpenSleep = Check{
	Slug:   "idle/half-open-sleep",
	Level:  MUST,
	Says:   "While clients that have sent FIN, or have stopped reading, leave the server's output waiting, it MUST sleep until there is room.",
	Source: "epoll(7): EPOLLRDHUP, EPOLLHUP; poll(2)",
	Why: "The end of a stream stays readable for ever, and a hang-up is told even to those who did not ask: a loop that cannot act on " +
		"it yet turns without end (h2o issue 603, cups issue 4605).",
	Sound: "As flow/stall-no-spin, but that a window does not count in which the server still moves bytes. A server that drops a client " +
		"here has nothing left to spin on; what it lost is another check's.",
	Profile: Full,
	Quiet:   true,
	Run: func(t *T) {
		conns := t.DialMany(t.pick(10, 50), WithReceiveBuffer(4<<10))
		t.SendAllUntilBlocked(conns, 1<<20)
		t.expectNoSpinBeside(conns, "its clients do not read")
		for i, c := range conns {
			if i%2 == 0 {
				c.CloseWrite()
			}
		}
		finished := t.Dial(WithReceiveBuffer(4 << 10)) // one whose FIN gets through: it leaves nothing unread
		finished.sendUntilHeld(8 << 20)
		finished.CloseWrite()
		t.WaitFor(finished.ServerKnowsFIN())
		t.expectNoSpinBeside(append(conns, finished), "its clients do not read, and half of them have sent FIN")
	},
}

// expectNoSpinBeside is ExpectNoSpin for a server that may still have something to do for these connections. A right one that is
// kept from its work by a busy machine moves bytes with what it gets of a CPU; one that spins moves none.
func (t *T) expectNoSpinBeside(conns []*Conn, while string) {
	var spent share
	for still := 0; still < 3; {
		before := queued(conns)
		if spent = t.Server().shareDuring(spinWindow); !spent.spins() {
			t.Eventf("the server spent %v", spent)
			return
		}
		if queued(conns) == before {
			still++
		}
	}
	t.Fatal("a server that sleeps while "+while, "it spent "+spent.String())
}

// queued adds up what lies in the server's kernel for the connections.
func queued(conns []*Conn) (total Socket) {
	for _, c := range conns {
		now := c.ServerSocket()
		total.Unread += now.Unread
		total.Unsent += now.Unsent
	}
	return total
}
