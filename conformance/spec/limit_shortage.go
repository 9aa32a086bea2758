package spec

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// limitShortageChecks: who waits in a shortage of descriptors, and a log that cannot be written.
var limitShortageChecks = []Check{emfileQueued, descriptorsOfAClient, diskFullLog, stderrBlocked}

var emfileQueued = Check{
	Slug:   "limit/emfile-queued",
	Level:  SHOULD,
	Says:   "Clients that came during a shortage of descriptors are served when others leave, or turned away; none is forgotten.",
	Source: "accept(2), epoll(7)",
	Why: "An edge-triggered listener that stops at EMFILE hears nothing of those who wait already, only of the next newcomer, who may " +
		"never come.",
	Sound: "Nobody new connects. A server may wait a second before it tries again; each client has the whole patience of the suite.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		short := t.Shortage()
		for _, c := range short.clients {
			c.TrySend(1)
		}
		t.expectAllServedOrTurnedAway(short.clients)
	},
}

// expectAllServedOrTurnedAway has whoever was served leave, which makes room for others. A server that listens on several sockets takes
// the clients in no order that is known here.
func (t *T) expectAllServedOrTurnedAway(clients []*Conn) {
	const want = "an echo, or the end of the connection"
	const glance = 10 * time.Millisecond
	for progress := time.Now(); len(clients) > 0; {
		waiting := slices.DeleteFunc(slices.Clone(clients), func(c *Conn) bool { return c.servedOrTurnedAway(glance, want) })
		switch {
		case len(waiting) < len(clients):
			progress = time.Now()
		case time.Since(progress) > t.scaled(patience):
			t.alive(want)
			t.Fatal(want, fmt.Sprintf("neither for %s, by %d clients", seconds(t.scaled(patience)), len(waiting)), waiting[0].peer())
		}
		clients = waiting
	}
}

func (c *Conn) servedOrTurnedAway(within time.Duration, want string) bool {
	got, how, _ := c.receive(1, within, want)
	switch how {
	case silence:
		return false
	case data:
		c.accept(got)
	}
	c.Close()
	return true
}

var descriptorsOfAClient = Check{
	Slug:   "limit/emfile-fd-per-conn",
	Level:  MAY,
	Says:   "How many descriptors a client costs the server is its choice.",
	Source: "getrlimit(2): RLIMIT_NOFILE",
	Why:    "One is the least; Go's io.Copy takes three, two of them a pipe for splice(2), and so has room for a third of the clients.",
	Sound:  "Nothing is demanded.",
	Fresh:  true,
	Run: func(t *T) {
		const clients = 50
		t.Barrier()
		before := t.Server().Usage().Descriptors
		conns := t.DialMany(clients)
		t.EchoAll(conns, 1000, AtOnce)
		t.Infof("%.1f descriptors a client", float64(t.Server().Usage().Descriptors-before)/clients)
	},
}

var diskFullLog = Check{
	Slug:    "limit/disk-full-log",
	Level:   SHOULD,
	Says:    "A log that cannot be written, because the disk is full, does not keep the server from serving.",
	Source:  "write(2): ENOSPC",
	Why:     "A server whose logger panics, or ends the process, goes down with the disk that its own log has filled.",
	Sound:   "Standard error is /dev/full from the start; then descriptors run out, clients are reset, and answers are waited for.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Precondition("a device that is always full: " + err.Error())
		}
		t.server = t.Start(impls.Options{Stdio: impls.FullStderr})
		t.complain()
		t.Shortage().End()
		t.Dial().Ping()
	},
}

// complain gives the server something to log: clients that are gone before, while and after they are served.
func (t *T) complain() {
	t.Barrier()
	before := t.Server().Sockets()
	for range 100 {
		c := t.Dial(quietly)
		c.TrySend(1000)
		c.Reset()
	}
	t.AcceptAll()
	t.WaitFor(t.Server().SocketsAtMost(before))
}

var stderrBlocked = Check{
	Slug:    "limit/stderr-blocked",
	Level:   SHOULD,
	Says:    "A log that nobody reads does not keep the server from serving, whatever its clients do.",
	Source:  "pipe(7)",
	Why:     "When the reader of the pipe stands still, a loop that writes a line for each reset client stands still with it.",
	Sound:   "The pipe behind standard error is filled before the first reset; then answers are waited for.",
	Feature: contractOnly,
	Starts:  true,
	Run: func(t *T) {
		var reader stuckReader
		reader.Lock()
		defer reader.Unlock()
		t.server = t.Start(impls.Options{Stderr: &reader})
		t.Barrier()
		if err := fillPipe(fmt.Sprintf("/proc/%d/fd/2", t.Server().PID())); err != nil {
			t.Precondition("a full pipe behind the server's standard error: " + err.Error())
		}
		t.complain()
		t.Dial().Ping()
	},
}

// A stuckReader of a log takes nothing while it is locked.
type stuckReader struct{ sync.Mutex }

func (r *stuckReader) Write([]byte) (int, error) {
	r.Lock()
	defer r.Unlock()
	return 0, io.ErrClosedPipe // so that it is not asked again
}

// fillPipe writes to a pipe until it takes nothing more, and its reader is seen to be stuck: what a reader takes is filled up again.
func fillPipe(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	blank := make([]byte, 4<<10)
	for i := range blank {
		blank[i] = '\n'
	}
	const looks = 20 // 40 ms: a reader takes the first pieces, and stands still with them
	for full := 0; full < looks; {
		if _, err := unix.Write(fd, blank); err == nil {
			full = 0
		} else if err == unix.EAGAIN {
			full++
			time.Sleep(pollEvery)
		} else if err != unix.EINTR {
			return err
		}
	}
	return nil
}
