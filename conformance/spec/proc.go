package spec

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// procChecks: signals, and the end of the process.
var procChecks = []Check{
	sigtermExits, sigtermStatus, sigtermDrain, sigtermDrainBacklog, sigtermDeadline, sigint, stopCont, noChildrenLeft,
}

// stopTime is how long a server may take to end: the contract's 5 s for pending output, and 2 for a busy machine.
const stopTime = 7 * time.Second

var sigtermExits = Check{
	Slug:   "proc/sigterm-exits",
	Level:  MUST,
	Says:   "SIGTERM ends the server although clients are connected: idle connections are closed at once.",
	Source: "the server contract, impls/README.md",
	Why:    "A server that waits for its clients, or that ignores the signal, is killed by its supervisor and loses what it held.",
	Sound:  "The clients are known to be accepted and idle; the end is waited for with the contract's deadline.",
	Fresh:  true,
	Run: func(t *T) {
		idle := t.DialMany(3)
		for _, c := range idle {
			c.ping()
		}
		t.Server().Signal(syscall.SIGTERM)
		t.Server().WaitExit(stopTime)
		for _, c := range idle {
			c.ExpectResetOrFIN()
		}
	},
}

var sigtermStatus = Check{
	Slug:   "proc/sigterm-status",
	Level:  MUST,
	Says:   "After SIGTERM the server exits with status 0.",
	Source: "the server contract, impls/README.md",
	Why: "A supervisor tells an orderly stop from a crash by the status. Without a handler the signal itself kills, and " +
		"nothing pending is delivered.",
	Sound: "The end is waited for, and the status is a fact.",
	Fresh: true,
	Run:   func(t *T) { t.endsWell(syscall.SIGTERM) },
}

var sigint = Check{
	Slug:   "proc/sigint",
	Level:  MUST,
	Says:   "SIGINT ends the server as SIGTERM does, with status 0.",
	Source: "the server contract, impls/README.md",
	Why:    "Ctrl-C is how people stop a server; one that handles only SIGTERM dies of it in the middle of a write.",
	Sound:  "The end is waited for, and the status is a fact.",
	Fresh:  true,
	Run:    func(t *T) { t.endsWell(syscall.SIGINT) },
}

func (t *T) endsWell(signal syscall.Signal) {
	t.Dial().Ping()
	t.Server().Signal(signal)
	if exit := t.Server().WaitExit(stopTime); exit.Signal != 0 || exit.Code != 0 {
		t.Fail("exit status 0 after "+name(signal), "the server "+exit.String(), tail(exit.Stderr)...)
	}
}

var sigtermDrain = Check{
	Slug:  "proc/sigterm-drain",
	Level: MUST,
	Says: "After SIGTERM the server refuses new connections at once, and a client that is still taking its echo receives all " +
		"that the server has read from it.",
	Source: "the server contract, impls/README.md",
	Why:    "Every deployment stops servers that are in the middle of answers.",
	Sound: "Only bytes that the kernel shows as read by the server are demanded. They lie in the kernel's queue, where a " +
		"process may leave them when it ends.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.SendUntilUnread(256 << 10)
		read := c.ReadByServer()
		t.Server().Signal(syscall.SIGTERM)
		t.WaitWithin(time.Second, t.Refused())
		c.ExpectEcho(read)
		if _, how := c.ReadToEnd(); how == RST && read == c.Sent() {
			t.Fail(plural(read, "byte", "bytes")+", then FIN", "all of them, then RST")
		}
		t.Server().WaitExit(stopTime)
	},
}

var sigtermDrainBacklog = Check{
	Slug:  "proc/sigterm-drain-backlog",
	Level: MUST,
	Says: "While output waits in the server's own memory after SIGTERM new connections are refused, and it is delivered too, " +
		"if its client takes it within 5 seconds.",
	Source: "the server contract, impls/README.md",
	Why: "A stop that closes every connection throws away what the kernel had no room for; gnet promises otherwise and does. " +
		"One that closes its listener last gets new clients for a dying process.",
	Sound: "The server is fed until it leaves bytes unread or holds 8 MiB. Only what it had read by then is demanded, and the " +
		"client takes it at once after the signal.",
	Fresh: true,
	Quiet: true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.SendUntilUnread(8 << 20)
		read := c.ReadByServer()
		t.Server().Signal(syscall.SIGTERM)
		t.WaitWithin(time.Second, t.Refused())
		c.ExpectEcho(read)
		c.ReadToEnd()
		t.Server().WaitExit(stopTime)
	},
}

// Refused is the condition that nobody listens on the server's address any more. Clients that still get through are let go again.
func (t *T) Refused() Condition {
	return Condition{"new connections are refused", func() (bool, string) {
		c, err := t.TryDial(quietly)
		if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOENT) {
			return true, ""
		}
		if err == nil {
			c.Close()
			return false, "a new client was connected"
		}
		return false, err.Error()
	}}
}

var sigtermDeadline = Check{
	Slug:   "proc/sigterm-deadline",
	Level:  SHOULD,
	Says:   "A client that never reads cannot hold the server longer than the 5 seconds of the contract.",
	Source: "the server contract, impls/README.md",
	Why:    "A graceful stop without a deadline is one client away from never ending.",
	Sound:  "Two seconds more than the contract's five are granted.",
	Fresh:  true,
	// A right server takes the whole five seconds.
	Profile: Full,
	Quiet:   true,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.SendUntilBlocked(16 << 20)
		t.Server().Signal(syscall.SIGTERM)
		t.Server().WaitExit(stopTime)
	},
}

var stopCont = Check{
	Slug:   "proc/stop-cont",
	Level:  MUST,
	Says:   "A server that is stopped and continued again and again while it echoes loses nothing.",
	Source: "signal(7): SIGCONT interrupts epoll_wait, poll and others with EINTR even without a handler",
	Why:    "A debugger, a suspended machine or a frozen container does this; loops that take EINTR for a fatal error die of it.",
	Sound:  "Each stop and each continuation is seen in /proc before the next step, and the check waits only for bytes.",
	Run: func(t *T) {
		c := t.Dial(quietly)
		c.Echo(64 << 10)
		pairs, sent := 0, 0
		c.EchoPaced(2<<20, func() (int64, time.Duration) {
			if sent++; sent%4 == 0 && pairs < t.pick(100, 300) {
				t.Server().Stop()
				t.Server().Continue()
				pairs++
			}
			return 4 << 10, 0
		})
		c.CloseWrite()
		c.ExpectFIN()
	},
}

var noChildrenLeft = Check{
	Slug:   "proc/no-children-left",
	Level:  MUST,
	Says:   "When the server has ended nothing of it is left: no process, and nobody who listens.",
	Source: "the server contract, impls/README.md",
	Why:    "Servers that fork for each client (socat, ncat) leave the children behind, with the sockets and the port.",
	Sound:  "It is judged after the server's end; processes are counted in /proc by group and by a mark in their environment.",
	Fresh:  true,
	Run: func(t *T) {
		for range 3 {
			t.Dial().Ping()
		}
		t.Server().Signal(syscall.SIGTERM)
		t.noneLeft(t.Server().WaitExit(stopTime))
		t.WaitFor(t.Refused())
	},
}

func (t *T) noneLeft(exit impls.Exit) {
	if exit.Left > 0 {
		t.Fail("no process left behind", fmt.Sprintf("%d of them still ran", exit.Left))
	}
}
