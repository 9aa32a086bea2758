package spec

import (
	"fmt"
	"strings"
)

// injectedChecks: system calls that are interrupted, refused or slow.
var injectedChecks = []Check{
	eintr("read", SHOULD, readCalls, echoesInterrupted),
	eintr("write", SHOULD, writeCalls, echoesInterrupted),
	eintr("accept", SHOULD, acceptCalls, func(t *T, f fault) int {
		f.when = "1+2"
		interrupted := t.Server().Inject(f)
		for _, c := range t.DialMany(6) {
			c.ping()
		}
		return interrupted.End()
	}),
	eintr("epoll", MUST, waitCalls, func(t *T, f fault) int {
		conns := t.DialMany(3)
		interrupted := t.Server().Inject(f)
		for range 10 {
			t.EchoAll(conns, 1000, AtOnce)
		}
		return interrupted.End()
	}),
	writeNoBuffers, epollCtlNoMemory, slowSystemCalls,
}

// eintr is the check that a server repeats calls which a signal interrupts. Linux interrupts every wait, whatever the server
// asks for, and so that is a MUST. A call that does not block it never interrupts; others may (POSIX), and so may Linux
// where a server blocks.
func eintr(name string, level Level, calls []string, run func(*T, fault) int) Check {
	return Check{
		Slug:   "fault/eintr-" + name,
		Level:  level,
		Says:   fmt.Sprintf("When %s is interrupted (EINTR) the server %v repeat it and lose nothing.", listed(calls), level),
		Source: "signal(7), " + calls[0] + "(2)",
		Why: "Profilers, debuggers and timers send signals to a server that has never seen one in a test. evio dropped five of " +
			"six connections at an interrupted accept; C servers close the connection whose read was interrupted.",
		Sound: "Only EINTR is injected, and only where a signal may bring it: the call is not executed, so no byte and no event " +
			"is lost by it. What was injected is counted, and without any the check is n/a.",
		Profile: Full,
		Fresh:   true,
		Run: func(t *T) {
			t.Barrier()
			t.demandInjections(run(t, fault{calls: calls, what: "error=EINTR", when: "2+3"}), calls)
		},
	}
}

func listed(calls []string) string {
	return strings.Join(calls[:len(calls)-1], ", ") + " or " + calls[len(calls)-1]
}

// echoesInterrupted echoes on connections whose calls are interrupted, and no others: the fault must not hit a pipe or a
// file of the server.
func echoesInterrupted(t *T, f fault) int {
	f.only = t.acquainted(3)
	interrupted := t.Server().Inject(f)
	t.EchoAll(f.only, 64<<10, fragments(t.Rand))
	for _, c := range f.only {
		c.CloseWrite()
		c.ExpectFIN()
	}
	return interrupted.End()
}

// acquainted returns connections that the server has accepted, as their pings prove.
func (t *T) acquainted(n int) []*Conn {
	conns := t.DialMany(n)
	for _, c := range conns {
		c.ping()
	}
	return conns
}

var writeNoBuffers = Check{
	Slug:   "fault/write-enobufs",
	Level:  SHOULD,
	Says:   "When the kernel has no memory to send on one connection (ENOBUFS, ENOMEM) the server SHOULD lose that connection at most.",
	Source: "send(2)",
	Why:    "An error that nobody expects ends in a default branch, and there stands abort, or log.Fatal.",
	Sound: "The error hits the sockets of the victims alone. Permitted for them: the echo after all, FIN, RST or nothing; what " +
		"comes is compared.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		happened := 0
		for _, e := range []string{"ENOBUFS", "ENOMEM"} {
			bystander, victims := t.acquainted(1)[0], t.acquainted(2)
			refused := t.Server().Inject(fault{calls: writeCalls, what: "error=" + e, when: "1", only: victims})
			for _, c := range victims {
				c.TrySend(1000)
			}
			refused.Await()
			happened += refused.End()
			bystander.Echo(64 << 10)
			for _, c := range victims {
				c.ReadAtMost(1000, pollEvery)
				c.Reset()
			}
		}
		t.Dial().Ping()
		t.demandInjections(happened, writeCalls)
	},
}

var epollCtlNoMemory = Check{
	Slug:   "fault/epoll-ctl-enomem",
	Level:  SHOULD,
	Says:   "When the kernel has no memory to watch one more descriptor (ENOMEM) the server SHOULD lose that connection at most.",
	Source: "epoll_ctl(2)",
	Why:    "evio panics when a registration fails.",
	Sound: "The first call of a thread fails after the server has come to rest, and that is the one which registers the new " +
		"client. Permitted for this client: service, FIN, RST or nothing. Those before and after it are served.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		calls := []string{"epoll_ctl"}
		bystander := t.acquainted(1)[0]
		refused := t.Server().Inject(fault{calls: calls, what: "error=ENOMEM", when: "1"})
		t.Dial().TrySend(1)
		refused.Await()
		happened := refused.End()
		bystander.ping()
		t.Dial().Ping()
		t.demandInjections(happened, calls)
	},
}

var slowSystemCalls = Check{
	Slug:    "fault/slow-syscalls",
	Level:   MUST,
	Says:    "However long a write takes, every byte MUST come back in order.",
	Source:  "RFC 862",
	Why:     "On a loaded machine a thread stands still between any two instructions. What another thread does meanwhile is the race.",
	Sound:   "Each second write on the connections begins 20 ms late and is then executed as it is. It waits only for bytes.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		conns := t.acquainted(3)
		slow := t.Server().Inject(fault{calls: writeCalls, what: "delay_enter=20000", when: "1+2", only: conns})
		for range 10 { // a write at least for each connection and round
			t.EchoAll(conns, 4<<10, AtOnce)
		}
		for _, c := range conns {
			c.CloseWrite()
			c.ExpectFIN()
		}
		t.demandInjections(slow.End(), writeCalls)
	},
}
