package spec

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"reactorbench/impls"
)

// T is what a check has in hand: the server, connections to it, the clock, and the ways to end.
//
// One goroutine owns a T and everything made from it.
type T struct {
	Seed    uint64     // of this run; the payload and Rand follow from it
	Rand    *rand.Rand // seeded by Seed and the check's slug: the same choices on every run with that seed
	Profile Profile    // for checks that ask more in a larger profile

	ctx      context.Context // ends with the run
	check    Check
	target   *Target
	server   *Server
	started  []*Server // by Start, ended with the check
	conns    []*Conn
	releases []func() // by atEnd
	network  *network // of its own, or nil
	control  *Conn    // of Barrier
	began    time.Time
	deadline time.Time // the watchdog's; later with every byte that comes
	slow     float64

	artifacts string // the folder for what a failure leaves behind
	pcap      string // Options.Pcap
	buffer    []byte // what reads and writes go through; shared by all connections
	expected  []byte // what a read is compared with
	timeline  timeline
	wire      wireLog
	ending    ending
}

// An ending is how the check's function came to its end.
type ending struct {
	failures []Failure
	facts    []string // of the server, at the first failure
	verdict  Verdict  // n/a, precondition, hang or error; Pass for none of these
	reason   string
}

// A Failure is one promise that was not kept.
type Failure struct {
	Want, Got string
	Detail    []string // lines below: bytes, queues
}

func newT(ctx context.Context, check Check, target *Target, o Options) *T {
	slug := fnv.New64a()
	slug.Write([]byte(check.Slug))
	t := &T{
		Seed: o.Seed, Rand: rand.New(rand.NewPCG(o.Seed, slug.Sum64())), Profile: o.Profile,
		ctx: ctx, check: check, target: target, slow: o.slow(), artifacts: o.artifacts(), pcap: o.Pcap,
		buffer:   make([]byte, 64<<10),
		expected: make([]byte, 64<<10),
	}
	t.startClock()
	return t
}

// startClock makes now the beginning of the timeline and of the budget.
func (t *T) startClock() {
	t.began = time.Now()
	t.timeline.began = t.began
	t.wire.began = t.began
	t.deadline = t.began.Add(t.budget())
}

// budget is the check's, times -slow.
func (t *T) budget() time.Duration { return t.scaled(t.check.budget()) }

// budgets is how many of them a check may take while bytes keep coming.
const budgets = 5

// progressed puts the watchdog off: bytes have come, so nothing hangs. Through a small window each of them may wait for a timer of
// the kernel (delayed acknowledgements take 40 ms, probes of a window 200 ms), on a busy machine more often than on an idle one.
func (t *T) progressed() {
	t.deadline = earlier(time.Now().Add(t.budget()), t.began.Add(budgets*t.budget()))
}

// Server is the server under test: the shared one, or the check's own if the check is Fresh. A check that Starts has none.
func (t *T) Server() *Server { return t.server }

// Start starts another server process of the same program, which ends with the check.
func (t *T) Start(options impls.Options) *Server {
	s, err := t.TryStart(options)
	if err != nil {
		t.Fail("a server that starts", err.Error())
		t.stop()
	}
	return s
}

// TryStart is Start for checks to which a server that does not start is an answer.
func (t *T) TryStart(options impls.Options) (*Server, error) {
	t.needsProgram()
	process, err := t.target.Program.Start(t.ctx, options)
	if err != nil {
		return nil, err
	}
	s := &Server{t: t, process: process, options: options}
	t.started = append(t.started, s)
	t.Eventf("started a server on %s", s.Addr())
	return s, nil
}

// Run runs the program to its own end, which must come within d times -slow.
func (t *T) Run(d time.Duration, options impls.Options) (impls.Exit, error) {
	t.needsProgram()
	ctx, cancel := context.WithTimeout(t.ctx, t.scaled(d))
	defer cancel()
	exit, err := t.target.Program.Run(ctx, options)
	if errors.Is(err, errNoProgram) {
		t.NotApplicable(err.Error())
	}
	return exit, err
}

func (t *T) needsProgram() {
	if t.target.Program == nil {
		t.NotApplicable("needs to start the server itself")
	}
}

// Fail notes a promise that was not kept and goes on, so that one run shows all of them.
func (t *T) Fail(want, got string, detail ...string) {
	if len(t.ending.failures) == 0 {
		t.ending.facts = t.facts()
	}
	t.ending.failures = append(t.ending.failures, Failure{want, got, detail})
}

// Failf notes a failure in one sentence and goes on.
func (t *T) Failf(format string, args ...any) { t.Fail("", fmt.Sprintf(format, args...)) }

// Fatalf notes a failure in one sentence and ends the check.
func (t *T) Fatalf(format string, args ...any) {
	t.Failf(format, args...)
	t.stop()
}

// Fatal notes a promise that was not kept and ends the check.
func (t *T) Fatal(want, got string, detail ...string) {
	t.Fail(want, got, detail...)
	t.stop()
}

// Failed reports whether anything has failed so far.
func (t *T) Failed() bool { return len(t.ending.failures) > 0 }

// NotApplicable ends the check: the question does not arise for this server, or cannot be asked from here.
func (t *T) NotApplicable(why string) { t.end(NotApplicable, why) }

// Precondition ends the check: this environment cannot produce the situation that the check is about.
func (t *T) Precondition(why string) { t.end(Precondition, why) }

// Infof records a fact that is no failure: what a MAY check found, or how far something went.
func (t *T) Infof(format string, args ...any) { t.ending.reason = fmt.Sprintf(format, args...) }

// brokenf ends the check: the suite itself is at fault, or the machine.
func (t *T) brokenf(format string, args ...any) { t.end(Error, fmt.Sprintf(format, args...)) }

// hang ends the check at the watchdog's hour.
func (t *T) hang(waiting string) {
	t.ending.facts = t.facts()
	budget, taken := t.budget(), t.deadline.Sub(t.began).Round(time.Millisecond)
	why := "the check's budget"
	switch {
	case taken >= budgets*budget:
		why = fmt.Sprintf("%d times the check's budget", budgets)
	case taken > budget:
		why = fmt.Sprintf("and no byte for the last %v, the check's budget", budget)
	}
	t.end(Hang, fmt.Sprintf("after %v, %s, still waiting: %s", taken, why, waiting))
}

// unobservable ends the check because the kernel did not answer about the server: it cannot, or the server is dying, which
// the runner will see.
func (t *T) unobservable(err error) { t.NotApplicable(err.Error()) }

func (t *T) end(v Verdict, why string) {
	t.ending.verdict, t.ending.reason = v, why
	t.stop()
}

// stop ends the check's goroutine; the runner judges what it left.
func (t *T) stop() { runtime.Goexit() }

// Eventf adds a line to the timeline that a failure shows.
func (t *T) Eventf(format string, args ...any) { t.timeline.add(0, fmt.Sprintf(format, args...)) }

// scaled stretches a duration by -slow.
func (t *T) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * t.slow) }

// Barrier makes ping-pong on a connection of its own: when it returns, the server's loop that serves that connection
// has turned at least twice since the call. Use it before claiming that something does not happen.
func (t *T) Barrier() {
	if t.control == nil {
		t.control = t.dial(t.server, []DialOption{quietly})
	}
	t.control.ping()
	t.control.ping()
}

// AcceptAll returns when the server has accepted everybody who had connected before the call: a newcomer is answered, and the queue
// of a listening socket is first in, first out. A Barrier does not show that, since its client was accepted long ago. Of a server
// that listens on several sockets it shows it for one of them. The newcomer leaves by RST, so use it among clients who do.
func (t *T) AcceptAll() {
	newcomer := t.Dial(quietly)
	newcomer.ping()
	newcomer.Reset()
}

// Sleep lets time pass. It proves nothing: use it to give a wrong server the time to show itself, never to wait for a
// right one.
func (t *T) Sleep(d time.Duration) {
	select {
	case <-time.After(min(d, time.Until(t.deadline))):
	case <-t.ctx.Done():
		t.end(Skip, "interrupted")
	}
	if time.Now().After(t.deadline) {
		t.hang("asleep")
	}
}

// servers are all that the check has to do with, in the order of their start.
func (t *T) servers() []*Server {
	if t.server == nil || slices.Contains(t.started, t.server) {
		return t.started
	}
	return append([]*Server{t.server}, t.started...)
}

// The end of a process takes a moment to be known: it closes its sockets before it can be reaped. A check that failed has
// its verdict either way and does not wait long to call it a crash; to one that could not see the server it is the verdict.
const (
	dyingTime       = 100 * time.Millisecond
	unseenDyingTime = 2 * time.Second
)

// crashed returns a server that has ended although nobody asked it to. A check that did not simply pass grants each server
// the time to die: "the kernel shows nothing of the process" may be how its death looks.
func (t *T) crashed() *Server {
	grant := time.Duration(0)
	switch {
	case t.ending.verdict == NotApplicable:
		grant = unseenDyingTime
	case t.Failed() || t.ending.verdict != "":
		grant = dyingTime
	}
	for _, s := range t.servers() {
		if s.process.PID() == 0 { // it is never seen, so not being seen says nothing
			grant = min(grant, dyingTime)
		}
		if s.crashed(grant) {
			return s
		}
	}
	return nil
}

// facts describes the servers for a failure report.
func (t *T) facts() []string {
	var lines []string
	for _, s := range t.servers() {
		lines = append(lines, s.facts()...)
	}
	if t.network != nil && t.network.link != nil {
		lines = append(lines, fold(t.network.link.Counts().String())...)
	}
	return lines
}

// close releases what the check has made, in any state.
func (t *T) close() {
	for _, c := range t.conns {
		c.release()
	}
	if t.server != nil {
		t.server.close(t.check.Fresh || t.check.Starts)
	}
	for _, s := range t.started {
		s.close(true)
	}
	for _, release := range slices.Backward(t.releases) {
		release()
	}
}

// atEnd calls f when the check has ended and its servers are gone, the latest f first.
func (t *T) atEnd(f func()) { t.releases = append(t.releases, f) }
