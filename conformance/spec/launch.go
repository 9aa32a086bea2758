package spec

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"reactorbench/impls"
)

// launchChecks: how a server starts, and how it refuses to.
var launchChecks = []Check{
	readyLine, portZero, twoAtOnce, stdoutClean, busyPort, badFlag, badAddress, rebindTimeWait,
}

// contractOnly marks checks of the server contract (impls/README.md), which a stranger's program has not signed.
const contractOnly = "contract"

// exitTime is how long a program may take to find out that it cannot start.
const exitTime = 5 * time.Second

var readyLine = Check{
	Slug:    "launch/ready-line",
	Level:   MUST,
	Says:    "The server prints one line, listening ADDR, once it accepts and not before: a client that has read it is served.",
	Source:  "the server contract, impls/README.md",
	Why:     "Whoever starts a server and cannot wait for it sleeps instead, and one day not long enough.",
	Sound:   "The line is waited for; the connect after it is a fact of the kernel, which needs no scheduling of the server.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		for range t.pick(3, 25) {
			s := t.Start(impls.Options{})
			s.Dial(quietly).ping()
			s.Kill()
		}
	},
}

var portZero = Check{
	Slug:    "launch/port-zero",
	Level:   MUST,
	Says:    "Given port 0 the server binds a free port and announces the real number.",
	Source:  "the server contract, impls/README.md; bind(2)",
	Why:     "Many samples print the flag that they were given: listening 127.0.0.1:0.",
	Sound:   "The announced port is compared with the sockets of the process in /proc/PID/net/tcp.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		s := t.Start(impls.Options{Addr: "127.0.0.1:0"}) // the launcher has looked the address up among the server's sockets
		if strings.HasSuffix(s.Addr(), ":0") {
			t.Fatal("a port above 0", "listening "+s.Addr())
		}
		s.Dial().Ping()
	},
}

var twoAtOnce = Check{
	Slug:   "launch/two-at-once",
	Level:  MUST,
	Says:   "Two instances that were given port 0 run side by side on ports of their own.",
	Source: "bind(2)",
	Why:    "Lock files, fixed ports and abstract socket names show themselves only with a second instance.",
	Sound:  "Free ports are the kernel's to find, and both servers are waited for.",
	Starts: true,
	Run: func(t *T) {
		first, second := t.Start(impls.Options{}), t.Start(impls.Options{})
		if first.Addr() == second.Addr() {
			t.Fatal("two addresses", "both listen on "+first.Addr())
		}
		first.Dial().Ping()
		second.Dial().Ping()
	},
}

var stdoutClean = Check{
	Slug:    "launch/stdout-clean",
	Level:   SHOULD,
	Says:    "Nothing but the line listening ADDR goes to standard output, from start to end; logs go to standard error.",
	Source:  "the server contract, impls/README.md",
	Why:     "Standard output is for programs to read: a greeting or a log line there breaks the next reader.",
	Sound:   "It is judged when the process has ended and everything that it wrote has been read.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		s := t.Start(impls.Options{})
		served, left := s.Dial(), s.Dial()
		served.Ping()
		left.Ping()
		served.Close()
		s.Signal(syscall.SIGTERM)
		if exit := s.WaitExit(stopTime); exit.Stdout != "" {
			t.Fail("one line on standard output", fmt.Sprintf("more: %q", exit.Stdout))
		}
	},
}

var busyPort = Check{
	Slug:  "launch/busy-port",
	Level: MUST,
	Says: "A second instance on a port that is taken exits with a status other than zero and says why on standard error; " +
		"the first serves on.",
	Source: "bind(2): EADDRINUSE",
	Why: "With SO_REUSEPORT switched on for everybody (gnet, evio and libuv have such options) the second instance " +
		"starts, and silently takes every other client.",
	Sound:  "The first instance listens before the second one is started.",
	Starts: true,
	Quiet:  true,
	Run: func(t *T) {
		first := t.Start(impls.Options{})
		c := first.Dial()
		c.Ping()
		t.refuses("a port that is taken", impls.Options{Addr: first.Addr()})
		c.Ping()
		first.Dial().Ping()
	},
}

var badFlag = Check{
	Slug:   "launch/bad-flag",
	Level:  MUST,
	Says:   "A flag that the server does not know makes it exit with a status other than zero and a word on standard error.",
	Source: "the server contract, impls/README.md",
	Why:    "A typing error in a deployment must not look like success, and must not start a server with other settings.",
	Sound:  "The program is waited for until it ends.",
	Starts: true,
	Run: func(t *T) {
		t.refuses("an unknown flag", impls.Options{Args: []string{"-no-such-flag"}})
	},
}

var badAddress = Check{
	Slug:  "launch/bad-address",
	Level: MUST,
	Says: "An address that cannot be bound makes the server exit with a status other than zero and one clear line on " +
		"standard error, not with a crash.",
	Source: "the server contract, impls/README.md; bind(2): EADDRNOTAVAIL",
	Why:    "A server that falls back to every interface when it cannot parse its address is open to the world.",
	Sound:  "192.0.2.0/24 is reserved for documentation (RFC 5737) and on no machine; the program is waited for until it ends.",
	Starts: true,
	Run: func(t *T) {
		for _, addr := range []string{"192.0.2.1:4007", "127.0.0.1:70000", "127.0.0.1"} {
			t.refuses("the address "+addr, impls.Options{Addr: addr})
		}
	},
}

// refuses demands that a start with these options ends by itself, unsuccessfully, and with an explanation.
func (t *T) refuses(what string, o impls.Options) {
	exit, err := t.Run(exitTime, o)
	want := "with " + what + ": a status other than 0, and the reason on standard error"
	log := tail(exit.Stderr)
	switch {
	case t.ctx.Err() != nil:
		t.end(Skip, "interrupted")
	case err != nil && exit == (impls.Exit{}):
		t.brokenf("%v", err)
	case err != nil:
		t.Fatal(want, "it still runs after "+seconds(t.scaled(exitTime)), log...)
	case exit.Signal != 0 || hasTrace(exit.Stderr):
		t.Fatal(want, "a crash: it "+exit.String(), log...)
	case exit.Code == 0:
		t.Fatal(want, "exit status 0", log...)
	case strings.TrimSpace(exit.Stderr) == "":
		t.Fatal(want, fmt.Sprintf("exit status %d, and not a word on standard error", exit.Code))
	}
	t.Eventf("%s: status %d", what, exit.Code)
}

// hasTrace recognises the stack traces of Go, Python, Java and Rust: what a program prints that did not expect the error.
func hasTrace(log string) bool {
	for _, sign := range []string{"goroutine 1 [", "Traceback (most recent call last)", "\n\tat ", "stack backtrace:"} {
		if strings.Contains(log, sign) {
			return true
		}
	}
	return false
}

var rebindTimeWait = Check{
	Slug:  "launch/rebind-time-wait",
	Level: MUST,
	Says: "A server that was killed while it had a client starts again on the same port at once, although the old " +
		"connection is still in TIME_WAIT.",
	Source: "socket(7): SO_REUSEADDR; RFC 9293 section 3.6.1",
	Why:    "Without SO_REUSEADDR a restart fails for a minute. gnet does not set it unless asked.",
	Sound:  "The start is tried only when the kernel shows the old connection in TIME_WAIT.",
	Starts: true,
	Run: func(t *T) {
		s := t.Start(impls.Options{})
		c := s.Dial()
		c.Ping()
		s.Kill() // its kernel sends the first FIN, so TIME_WAIT will be on its side
		c.ExpectFIN()
		c.Close()
		t.WaitFor(c.ServerState(TimeWait, Gone))
		if c.ServerSocket().State == Gone {
			t.Precondition("the kernel keeps no TIME_WAIT: its table is full (net.ipv4.tcp_max_tw_buckets)")
		}
		s.StartAgain()
		s.Dial().Ping()
	},
}
