package spec

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"reactorbench/impls"
)

// shortageChecks: memory, threads and processor time run out.
var shortageChecks = []Check{addressSpace, noThreads}

var addressSpace = Check{
	Slug:  "limit/rlimit-as",
	Level: SHOULD,
	Says: "When no more memory can be had the server SHOULD drop connections, or die with a status that says so; it never sends a wrong " +
		"byte.",
	Source: "setrlimit(2): RLIMIT_AS",
	Why: "malloc that returns NULL is the least tested line of a C server. One that ends with status 0 has a supervisor believe that it " +
		"was done; one that goes on without the buffer writes over something else.",
	Sound: "Permitted: service, the end of any connection, an exit with another status than 0, SIGABRT. What comes is compared. If the " +
		"server lives the limit is lifted before a new client comes.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		const room = 1 << 20
		size := t.Server().addressSpace()
		t.starve(limitAddressSpace, size+room)
	},
}

var noThreads = Check{
	Slug:    "limit/rlimit-nproc",
	Level:   SHOULD,
	Says:    "When no more threads can be made the server SHOULD drop connections, or die with a status that says so.",
	Source:  "setrlimit(2): RLIMIT_NPROC; clone(2): EAGAIN",
	Why:     "A thread or a process for each connection is a promise that the system may not keep.",
	Sound:   "As limit/rlimit-as. Root is exempt from this limit, so for root it is precondition.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		if os.Geteuid() == 0 {
			t.Precondition("root is exempt from RLIMIT_NPROC; run it as an ordinary user")
		}
		t.starve(limitProcesses, 1)
	},
}

// starve sets a limit, floods the server, and demands a clear end or none.
func (t *T) starve(limit func(pid int, n uint64) error, n uint64) {
	t.Barrier()
	s := t.Server()
	if err := limit(s.PID(), n); err != nil {
		t.unobservable(err)
	}
	t.Eventf("limit of %s", group(int64(n)))
	s.leaving = true // it may die, at any time from now on
	t.floodAnyway()
	const unlimited = ^uint64(0)
	limit(s.PID(), unlimited) // fails if it is dead
	t.servedOrDead()
}

// servedOrDead demands that a new client is served, or that the server has come to a clear end.
func (t *T) servedOrDead() {
	if t.servesAgain() {
		return
	}
	select {
	case <-t.server.process.Done():
		t.clearDeath(t.server.process.Exit())
	case <-time.After(unseenDyingTime):
		t.Fatal("service for a new client after the shortage, or an end that says why", "neither; the server is still running")
	}
}

// servesAgain reports whether a new client is served, of a server that may just be dying.
func (t *T) servesAgain() bool {
	c, err := t.TryDial()
	return err == nil && c.TrySend(8) == 8 && c.ReadAtMost(8, t.scaled(patience)) == 8
}

// floodAnyway sends as much as is taken on many connections, and compares what comes, whatever becomes of them.
func (t *T) floodAnyway() {
	var conns []*Conn
	for range 60 {
		if c, err := t.tryDial(t.server, []DialOption{quietly, WithReceiveBuffer(4 << 10)}); err == nil {
			conns = append(conns, c)
		}
	}
	for range 4 {
		for _, c := range conns {
			c.TrySend(256 << 10)
		}
		for _, c := range conns {
			c.ReadAtMost(16<<10, time.Millisecond)
		}
	}
	t.Eventf("flooded by %d clients", len(conns))
	closeAll(conns)
}

func (t *T) clearDeath(exit impls.Exit) {
	if exit.Signal == syscall.SIGSEGV || exit.Signal == syscall.SIGBUS || exit.Signal == 0 && exit.Code == 0 {
		t.Fail("dropped connections, or an end that says why", fmt.Sprintf("the server %v", exit), tail(exit.Stderr)...)
		return
	}
	t.Infof("the server %v", exit)
}

// starvedCheck is apart from the others of its family, for it needs no strace.
var starvedCheck = Check{
	Slug:   "fault/cpu-starved",
	Level:  MUST,
	Says:   "A server that hardly gets a processor MUST still echo every byte, and end what its clients end.",
	Source: "sched(7), RFC 862",
	Why:    "A thread then stands still between any two instructions, for as long as it never does on a developer's machine.",
	Sound: "The server has the least weight (nice 19) on one processor, with two busy threads beside it. It waits only for bytes, three " +
		"times as long as elsewhere.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		t.slow *= 3
		conns := t.acquainted(10)
		release, err := starveOfCPU(t.Server().PID())
		if err != nil {
			t.unobservable(err)
		}
		t.atEnd(release)
		t.EchoAll(conns, 8<<10, fragments(t.Rand))
		for _, c := range conns {
			c.CloseWrite()
			c.ExpectFIN()
		}
		t.Dial().Ping()
	},
}
