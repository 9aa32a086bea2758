package spec

import (
	"fmt"
	"time"

	"reactorbench/impls"
)

// timeChecks: servers that close silent connections when they are asked to.
var timeChecks = []Check{idleTimeout, idleTimeoutActive, idleTimeoutPending, timeSuspend}

// idleFeature is the flag -idle-timeout of the server contract.
const idleFeature = "idle-timeout"

// allowedSilence is what the checks ask for. A client that speaks every tenth of it is never silent for so long, unless
// the machine stands still, which is looked at.
const allowedSilence = 500 * time.Millisecond

// startImpatient starts a server that closes a connection after allowedSilence.
func (t *T) startImpatient() {
	t.server = t.Start(impls.Options{Args: []string{"-idle-timeout", allowedSilence.String()}})
}

var idleTimeout = Check{
	Slug:   "time/idle-timeout",
	Level:  MUST,
	Says:   "With -idle-timeout T a connection MUST be closed when its client has been silent for T, and not before; later than 2T + 1 s is too late.",
	Source: "the server contract, impls/README.md",
	Why: "Timers that count from the start of the connection, that are armed once and not again, or that are swept at their own " +
		"leisure.",
	Sound: "Too early is measured from a moment before the client's last byte; too late has twice the time and a second, times -slow, and " +
		"a failure is tried again. Permitted: FIN or RST.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Timed:   true,
	Quiet:   true,
	Run: func(t *T) {
		t.startImpatient()
		dialled := time.Now()
		silent, spoken := t.Dial(), t.Dial()
		t.Sleep(allowedSilence / 4)
		began := time.Now()
		if began.Sub(dialled) > allowedSilence/2 {
			spoken = t.Dial() // the machine stood still, and the first may be timed out
		}
		spoken.Ping()
		spoken.expectEndAfter(began, allowedSilence)
		silent.expectEndAfter(dialled, allowedSilence)
	},
}

// expectEndAfter waits for the end of a connection whose last activity came after a time.
func (c *Conn) expectEndAfter(began time.Time, allowed time.Duration) {
	limit := 2*allowed + time.Second
	want := fmt.Sprintf("the end of the connection after %v of silence, at the latest after %v", allowed, limit)
	_, how, _ := c.receive(1, time.Until(began.Add(c.t.scaled(limit))), want)
	passed := time.Since(began)
	switch {
	case how == data:
		c.t.Fatal(want, "a byte that nobody sent")
	case how == silence:
		c.t.alive(want)
		c.t.Fatal(want, fmt.Sprintf("it is open after %s", seconds(passed)), c.peer())
	case passed < allowed*9/10: // a loop's clock may be some milliseconds coarse
		c.t.Fatal(want, fmt.Sprintf("%v after %.2f s", how.after(0), passed.Seconds()))
	}
}

var idleTimeoutActive = Check{
	Slug:   "time/idle-timeout-active",
	Level:  MUST,
	Says:   "With -idle-timeout T a client that speaks now and then MUST be served for longer than T.",
	Source: "the server contract, impls/README.md",
	Why:    "A deadline that is set once, at accept, cuts off whoever works longest.",
	Sound: "The client speaks every tenth of T and waits for each answer. Where the machine has stood still for half of T between two " +
		"of them, the end of the connection is nobody's fault, and it begins again with a new one.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Timed:   true,
	Quiet:   true,
	Run: func(t *T) {
		t.startImpatient()
		t.untilSteady(func() (stood time.Duration) {
			slowest, _, alive := t.Dial().speak(3*allowedSilence, allowedSilence/10)
			switch {
			case alive:
				return 0
			case slowest < allowedSilence/2:
				t.Fatal("answers for "+seconds(3*allowedSilence), fmt.Sprintf("the end of the connection, after a silence of at most %.2f s", slowest.Seconds()))
			}
			return slowest
		})
	},
}

// untilSteady tries something again whose outcome is nobody's fault, because the machine stood still meanwhile for half of what is allowed.
func (t *T) untilSteady(attempt func() (stood time.Duration)) {
	for n := 1; ; n++ {
		stood := attempt()
		if stood < allowedSilence/2 {
			return
		}
		if n == 5 {
			t.brokenf("the machine stood still for %v, five times", stood)
		}
	}
}

// speak pings for so long, with a pause between, and returns the longest time from one answer to the next, the moment before the
// last ping, and whether the connection lived to the end.
func (c *Conn) speak(total, pause time.Duration) (slowest time.Duration, spoke time.Time, alive bool) {
	last := time.Now()
	for end := last.Add(total); time.Now().Before(end); {
		c.t.Sleep(pause)
		spoke = time.Now()
		_, sent := c.push(8, 0)
		got, how, _ := c.receive(8, c.t.scaled(patience), "an answer")
		if how == data {
			c.accept(got)
		}
		slowest = max(slowest, time.Since(last))
		last = time.Now()
		if sent != nil || how != data {
			return slowest, spoke, false
		}
	}
	return slowest, spoke, true
}

var idleTimeoutPending = Check{
	Slug:   "time/idle-timeout-pending",
	Level:  MUST,
	Says:   "With -idle-timeout T a client that is silent because it has not taken its echo yet MUST receive all that the server has read, however long that takes.",
	Source: "the server contract, impls/README.md",
	Why:    "A timer that only looks at what comes in drops what is still to go out, and a slow reader gets half of its echo and a FIN.",
	Sound: "Only bytes that the kernel shows as read by the server are demanded. The pause gives a wrong server time to be rash. Where " +
		"the machine has stood still for half of T while the client sent, the client has been silent, and it begins again with a new one.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Timed:   true,
	Quiet:   true,
	Run: func(t *T) {
		t.startImpatient()
		c := t.dialAndFill(8 << 20)
		read := c.ReadByServer()
		t.Sleep(3 * allowedSilence)
		c.ExpectEcho(read)
		c.ReadToEnd()
	},
}

// dialAndFill returns a connection on which the server owes as much as it will, and whose client was never silent while it sent.
func (t *T) dialAndFill(most int64) (c *Conn) {
	t.untilSteady(func() (stood time.Duration) {
		if c != nil {
			c.Close()
		}
		c = t.Dial(WithReceiveBuffer(4 << 10))
		last := time.Now()
		taken, err := c.sendPieces(most, func() {
			stood, last = max(stood, time.Since(last)), time.Now()
		})
		if err != nil && stood < allowedSilence/2 {
			t.Fatal("the server takes bytes until it owes too much", c.stuck(taken, err))
		}
		return stood
	})
	return c
}

var timeSuspend = Check{
	Slug:   "time/suspend",
	Level:  SHOULD,
	Says:   "When a server with -idle-timeout T was stopped for longer than T, and bytes came meanwhile, they count: their client is served, not timed out.",
	Source: "the server contract, impls/README.md",
	Why:    "After a suspend every timer is due at once. A loop that runs them before it looks at its sockets drops everybody who spoke.",
	Sound: "The server is stopped until the bytes are in its kernel, and the answers are waited for. Where the machine has stood still for " +
		"half of T before it is stopped, it begins again with new clients.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Timed:   true,
	Quiet:   true,
	Run: func(t *T) {
		t.startImpatient()
		conns := t.dialAndStop(10)
		for _, c := range conns {
			c.Send(100)
		}
		t.Sleep(2 * allowedSilence)
		t.Server().Continue()
		for _, c := range conns {
			c.ExpectEcho(100)
		}
	},
}

// dialAndStop returns clients that have all spoken a moment before the server was stopped.
func (t *T) dialAndStop(n int) (conns []*Conn) {
	t.untilSteady(func() time.Duration {
		if conns != nil {
			t.Server().Continue()
		}
		for _, c := range conns {
			c.Close()
		}
		began := time.Now()
		conns = t.DialMany(n)
		t.EchoAll(conns, 100, AtOnce)
		t.Server().Stop()
		return time.Since(began)
	})
	return conns
}
