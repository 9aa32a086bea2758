package spec

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// procSignalChecks: signals that come again, that nobody expects, or that stop the server for long; and what a child would inherit.
var procSignalChecks = []Check{sigtermTwice, interruptStorm, stopLong, closeOnExec, sighup, sigusr}

var sigtermTwice = Check{
	Slug:   "proc/sigterm-twice",
	Level:  SHOULD,
	Says:   "A second SIGTERM ends a server at once that still delivers what is pending.",
	Source: "the convention of servers that stop gracefully",
	Why:    "Who sends it again has lost patience. The next in line is SIGKILL, which no server can log.",
	Sound: "The second signal is sent when the first has been seen to work, and all threads sleep again. A server that waits for its deadline all the same needs " +
		"most of five seconds, of which three are granted, times -slow; a failure is tried again.",
	Fresh:   true,
	Timed:   true,
	Profile: Full,
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		c.SendUntilBlocked(16 << 20)
		t.Server().Signal(syscall.SIGTERM)
		for seen := time.Now().Add(time.Second); !t.Holds(t.Refused()) && time.Now().Before(seen); { // not all can stop accepting
			t.Sleep(pollEvery)
		}
		c.awaitRest()
		t.Eventf("%v, once more", name(syscall.SIGTERM))
		t.Server().process.Signal(syscall.SIGTERM) // which fails if there is no process any more: all the better
		t.WaitWithin(3*time.Second, Condition{"the server process ends", func() (bool, string) {
			return !t.Server().Alive(), t.Server().brief()
		}})
	},
}

var interruptStorm = Check{
	Slug:   "proc/eintr-storm",
	Level:  MUST,
	Says:   "Signals that mean nothing, thousands of them to every thread of a server that echoes, change nothing.",
	Source: "signal(7): system calls that a handler interrupts fail with EINTR",
	Why: "A resized terminal, a profiler, a debugger. A runtime that handles all signals lets each of them interrupt its waits, and " +
		"loops that take EINTR for a fatal error, or for an empty socket, die or lose bytes.",
	Sound: "SIGWINCH, SIGURG and SIGCONT are ignored by a process that does not handle them; the check waits only for bytes.",
	Run: func(t *T) {
		c := t.Dial(quietly)
		storm := []syscall.Signal{syscall.SIGWINCH, syscall.SIGURG, syscall.SIGCONT}
		sent := 0
		c.EchoPaced(int64(t.pick(2, 16))<<20, func() (int64, time.Duration) {
			t.Server().signalThreads(storm[sent%len(storm)])
			sent++
			return 8 << 10, 0
		})
		c.CloseWrite()
		c.ExpectFIN()
	},
}

// signalThreads sends a signal to each thread, so that none can wait undisturbed while another one handles it.
func (s *Server) signalThreads(signal syscall.Signal) {
	for _, thread := range threads(s.PID()) {
		if err := tgkill(s.PID(), thread.id, signal); err == unix.EPERM {
			s.t.Precondition("the right to signal the server's threads: " + err.Error())
		}
	}
}

var stopLong = Check{
	Slug:   "proc/stop-long",
	Level:  MUST,
	Says:   "A server that was stopped for seconds while its clients sent serves all of them when it goes on.",
	Source: "signal(7): SIGSTOP, SIGCONT",
	Why: "A frozen container, a moved virtual machine, a closed lid. A server that looks at the clock first finds everybody timed out, " +
		"with their bytes in its queue.",
	Sound:   "The pause gives a wrong server time to be surprised by; the answers are waited for.",
	Profile: Full,
	Quiet:   true,
	Run: func(t *T) {
		conns := t.DialMany(50)
		t.EchoAll(conns, 100, AtOnce)
		t.Server().Stop()
		for _, c := range conns {
			c.Send(1000)
		}
		t.Sleep(time.Duration(t.pick(1000, 2000)) * time.Millisecond)
		t.Server().Continue()
		for _, c := range conns {
			c.ExpectEcho(1000)
			c.ping()
		}
	},
}

var closeOnExec = Check{
	Slug:   "proc/fd-cloexec",
	Level:  SHOULD,
	Says:   "No socket of the server is inherited by programs that it might start: each is marked close-on-exec.",
	Source: "fcntl(2): FD_CLOEXEC",
	Why: "A helper that inherits the listener keeps the port after the server's end, and one that inherits a client keeps it from ever " +
		"seeing FIN (gnet issue 743).",
	Sound: "The flags of each socket are read in /proc/PID/fdinfo.",
	Run: func(t *T) {
		c := t.Dial()
		c.Ping()
		open, err := inheritable(t.Server().PID())
		if err != nil {
			t.unobservable(err)
		}
		if len(open) > 0 {
			t.Fatal("every socket close-on-exec", fmt.Sprintf("these descriptors are not: %v", open))
		}
	},
}

var sighup = Check{
	Slug:    "proc/sighup",
	Level:   MAY,
	Says:    "What SIGHUP does, end the server, reload it or nothing, is its choice.",
	Source:  "signal(7)",
	Why:     "Daemons reload on it; a server that was started in a terminal ends with the terminal.",
	Sound:   "Nothing is demanded.",
	Fresh:   true,
	Profile: Full,
	Run:     func(t *T) { t.Infof("%s", t.reactionTo(syscall.SIGHUP)) },
}

var sigusr = Check{
	Slug:    "proc/sigusr-harmless",
	Level:   MAY,
	Says:    "What SIGUSR1 and SIGUSR2 do is the server's choice.",
	Source:  "signal(7)",
	Why:     "Their default is death, which surprises an operator who only wanted to see statistics.",
	Sound:   "Nothing is demanded.",
	Fresh:   true,
	Profile: Full,
	Run: func(t *T) {
		first := t.reactionTo(syscall.SIGUSR1)
		if t.Server().Alive() {
			first += "; " + t.reactionTo(syscall.SIGUSR2)
		}
		t.Infof("%s", first)
	},
}

// reactionTo sends a signal and tells what came of it. The server may die of it, which on a busy machine takes its time: a client
// that is no longer answered tells it apart from one that lives.
func (t *T) reactionTo(signal syscall.Signal) string {
	s := t.Server()
	s.ownProcess("signal " + signal.String())
	t.Barrier()
	s.leaving = true
	s.Signal(signal)
	for range 2 {
		if t.control.TrySend(8) < 8 || t.control.ReadAtMost(8, t.scaled(patience)) < 8 {
			s.awaitEnd(collectTime)
			if s.Alive() {
				return name(signal) + ": it answers nobody"
			}
			return name(signal) + ": it " + s.process.Exit().String()
		}
	}
	s.leaving = false
	return name(signal) + ": it serves on"
}
