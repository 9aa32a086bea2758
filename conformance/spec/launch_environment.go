package spec

import (
	"errors"
	"strings"
	"time"

	"reactorbench/impls"
)

// launchEnvironmentChecks: starting where something is missing or left over.
var launchEnvironmentChecks = []Check{help, rebindLiveClient, closedStdio, lowDescriptorLimit, readyTime}

var help = Check{
	Slug:    "launch/help",
	Level:   SHOULD,
	Says:    "Asked with -h the server says what flags it takes, exits with status 0 and does not serve.",
	Source:  "the server contract, impls/README.md",
	Why:     "It is the first thing that anybody types. getopt's default branch calls it a mistake.",
	Sound:   "The program is waited for until it ends.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		exit, err := t.Run(exitTime, impls.Options{Args: []string{"-h"}})
		const want = "with -h: the flags on either output, and exit status 0"
		switch {
		case t.ctx.Err() != nil:
			t.end(Skip, "interrupted")
		case err != nil && exit == (impls.Exit{}):
			t.brokenf("%v", err)
		case err != nil:
			t.Fatal(want, "it still runs after "+seconds(t.scaled(exitTime)), tail(exit.Stderr)...)
		case exit.Signal != 0 || exit.Code != 0:
			t.Fatal(want, "it "+exit.String(), tail(exit.Stderr)...)
		case !strings.Contains(exit.Stdout+exit.Stderr, "addr"):
			t.Fatal(want, "exit status 0, and no word of -addr")
		}
	},
}

var rebindLiveClient = Check{
	Slug:  "launch/rebind-live-conn",
	Level: SHOULD,
	Says: "A server that was killed while it had a client starts again on the same port at once, although that client has not " +
		"closed its end.",
	Source: "socket(7): SO_REUSEADDR; RFC 9293 section 3.6",
	Why:    "The old connection is then in FIN_WAIT2, for as long as the kernel cares to wait, and holds the port like TIME_WAIT.",
	Sound:  "The start is tried only when the kernel shows the old connection in FIN_WAIT2, and the client stays open meanwhile.",
	Starts: true,
	Run: func(t *T) {
		s := t.Start(impls.Options{})
		c := s.Dial()
		c.Ping()
		s.Kill()
		c.ExpectFIN()
		t.WaitFor(c.ServerState(FinWait2, Gone))
		if c.ServerSocket().State == Gone {
			t.Precondition("the kernel keeps no FIN_WAIT2 without an owner: a table is full (net.ipv4.tcp_max_tw_buckets, net.ipv4.tcp_max_orphans)")
		}
		s.StartAgain()
		s.Dial().Ping()
	},
}

var closedStdio = Check{
	Slug:  "launch/closed-stdio",
	Level: SHOULD,
	Says: "Started with standard input, output and error closed the server serves all the same, and its clients receive nothing " +
		"but their echo.",
	Source: "POSIX: open returns the lowest free descriptor",
	Why: "A careless supervisor closes them. The first sockets then get the numbers 0, 1 and 2, and what was meant for the terminal " +
		"or the log is written to a client.",
	Sound: "The server counts as started when its process listens; what its clients receive is counted to the byte.",
	// It cannot say its port, so it must take the one that it is told.
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		s := t.Start(impls.Options{Stdio: impls.ClosedAll})
		conns := []*Conn{s.Dial(), s.Dial(), s.Dial()}
		for _, c := range conns {
			c.Echo(1000)
		}
		s.Dial().Reset() // something to complain about
		for _, c := range conns {
			c.Ping()
			c.CloseWrite()
			c.ExpectFIN()
		}
	},
}

// fewDescriptors is enough for a runtime, a listener and a client or two.
const fewDescriptors = 16

var lowDescriptorLimit = Check{
	Slug:  "launch/low-nofile",
	Level: SHOULD,
	Says: "With no more than 16 descriptors the server either serves a client, or exits with a status other than zero and says why " +
		"on standard error.",
	Source: "getrlimit(2): RLIMIT_NOFILE",
	Why:    "A container with a mistyped limit: the server that neither serves nor ends looks alive to everyone but its clients.",
	Sound:  "The start, the client's echo and the end are waited for; any of the honest outcomes passes.",
	Starts: true,
	Run: func(t *T) {
		s, err := t.TryStart(impls.Options{NoFile: fewDescriptors})
		var refused *impls.StartError
		switch {
		case err == nil:
			s.Dial().Ping()
		case !errors.As(err, &refused):
			t.Precondition("a limit of descriptors for a new process: " + err.Error())
		case refused.Kind != impls.Died || strings.TrimSpace(refused.Stderr) == "" || hasTrace(refused.Stderr):
			t.Fatal("a server that serves, or that ends and says why", err.Error())
		}
	},
}

var readyTime = Check{
	Slug:   "launch/ready-fast",
	Level:  MAY,
	Says:   "How long the server takes from its first instruction until it serves is its own affair.",
	Source: "none",
	Why:    "It tells what a restart costs: a compiled server is there in milliseconds, a virtual machine is not.",
	Sound:  "Nothing is demanded.",
	Starts: true,
	Run: func(t *T) {
		fastest := time.Duration(1 << 62)
		for range 3 {
			began := time.Now()
			s := t.Start(impls.Options{})
			s.Dial(quietly).ping()
			fastest = min(fastest, time.Since(began))
			s.Kill()
		}
		t.Infof("the first client was served %.0f ms after the start, the fastest of three", float64(fastest.Microseconds())/1000)
	},
}
