package spec

import (
	"fmt"
	"math/rand/v2"
	"time"

	"reactorbench/conformance/schedule"
)

// fuzzChecks: what nobody thought of. Schedules are drawn from the seed and carried out, and what came of them is held to
// the model in package schedule.
var fuzzChecks = []Check{fuzzSchedule, chaosMix, longSoak}

// soundByModel holds for all three.
const soundByModel = "The model accepts whatever a right server may be seen to do, in any order and at any speed; only a " +
	"silence of five seconds without any progress counts as one."

var fuzzSchedule = Check{
	Slug:  "fuzz/schedule",
	Level: MUST,
	Says: "Whatever up to eight clients do, in any order of connecting, sending, pausing, reading, half-closing, closing and resetting, " +
		"and even if the server is stopped in between, each of them receives what it is owed and ends as it may expect.",
	Source: "RFC 862; RFC 9293 sections 3.6 and 3.8.6",
	Why: "Errors that need two things at once are in no list of cases: a second connection that drains while the first one does, a " +
		"reset beside a stalled reader. A failure is shrunk to the shortest script that still fails.",
	Sound:   soundByModel,
	Profile: Full,
	Budget:  4 * time.Minute, // a failure is carried out again and again while it is shrunk
	Run: func(t *T) {
		const rounds = 200
		for i := range rounds {
			script := schedule.Generate(t.Rand, t.limits())
			p := t.playOnce(t.server, script, t.Seed+uint64(i))
			if !t.keeps(p) {
				t.investigate(p, fmt.Sprintf("schedule %d of %d", i+1, rounds))
				return
			}
		}
		t.Infof("%d schedules", rounds)
	},
}

// limits bound a drawn schedule: large enough for a backlog in every buffer on the way, short enough for a hundred of them.
func (t *T) limits() schedule.Limits {
	return schedule.Limits{Commands: 40, Bytes: 8 << 20, Stops: t.server.process.PID() != 0}
}

var chaosMix = Check{
	Slug:  "fuzz/chaos-mix",
	Level: SHOULD,
	Says: "When four such crowds of clients act at the same time the promises hold for each client, and afterwards the server " +
		"holds no more sockets than before.",
	Source:  "RFC 862",
	Why:     "Descriptors, buffers and timers of thirty clients that come and go in every way are where a wrong owner is found.",
	Sound:   soundByModel + " Sockets are waited for.",
	Profile: Full,
	Budget:  4 * time.Minute,
	Run: func(t *T) {
		t.leavesNothing(func() { t.chaos(t.chaosTime(), 4) })
	},
}

var longSoak = Check{
	Slug:    "fuzz/long-soak",
	Level:   MAY,
	Says:    "How the memory and the descriptors of the server grow over minutes of chaos is reported.",
	Source:  "RFC 862",
	Why:     "A leak of a hundred bytes a client shows itself in no short check.",
	Sound:   "It only reports.",
	Profile: Torture,
	Budget:  10 * time.Minute,
	Run: func(t *T) {
		half := 8 * t.chaosTime() / 2 // four minutes in all
		if t.Profile < Torture {
			half = time.Second
		}
		if t.chaos(half, 4); t.Failed() {
			return
		}
		middle := t.Server().Usage()
		if t.chaos(half, 4); t.Failed() {
			return
		}
		end := t.Server().Usage()
		t.Infof("%s KiB resident after %v, %s KiB after %v; %d descriptors, then %d", group(middle.RSSBytes>>10), half,
			group(end.RSSBytes>>10), 2*half, middle.Descriptors, end.Descriptors)
	},
}

// chaosTime is how long the mix goes on: long enough for hundreds of clients in the full profile.
func (t *T) chaosTime() time.Duration {
	return [...]time.Duration{Core: time.Second, Full: 5 * time.Second, Torture: 30 * time.Second}[t.Profile]
}

// leavesNothing demands that use costs no sockets, where the process can be seen.
func (t *T) leavesNothing(use func()) {
	if t.server.process.PID() == 0 {
		use()
		return
	}
	t.Barrier()
	before := t.Server().Sockets()
	if use(); !t.Failed() {
		t.WaitFor(t.Server().SocketsAtMost(before))
	}
}

// chaos keeps so many plays going for a while, one command of one of them at a time, and stops and continues the server
// meanwhile. Play k has the connections from 8k+1 on.
func (t *T) chaos(d time.Duration, crowds int) {
	m := &mixture{t: t, sub: t.apart(t.server.process, t.Seed), until: time.Now().Add(d)}
	defer m.sub.close()
	m.sub.inherit(t, func() { m.goOn(crowds) })
	for _, p := range m.over {
		if !t.keeps(p) {
			t.investigate(p, fmt.Sprintf("one of %d crowds at a time", crowds))
			return
		}
	}
	t.Eventf("%d schedules in %v", len(m.over), d)
}

// A mixture is several plays at once.
type mixture struct {
	t, sub *T
	until  time.Time
	now    []*play
	over   []*play
	begun  int
}

func (m *mixture) goOn(crowds int) {
	for time.Now().Before(m.until) {
		for len(m.now) < crowds {
			m.begin()
		}
		if m.t.Rand.IntN(100) == 0 {
			m.stopOrContinue()
		}
		m.advance(m.t.Rand.IntN(len(m.now)))
	}
	if m.sub.server.stopped {
		m.sub.server.Continue()
	}
	for len(m.now) > 0 {
		m.end(0)
	}
}

func (m *mixture) begin() {
	limits := m.t.limits()
	limits.Stops = false // one crowd must not stop the server of another; the mixture does
	script := schedule.Generate(rand.New(rand.NewPCG(m.t.Seed, uint64(m.begun))), limits)
	m.now = append(m.now, m.sub.newPlay(m.sub.server, script, schedule.MaxConns*m.begun))
	m.begun++
}

// stopOrContinue freezes the server for a few commands.
func (m *mixture) stopOrContinue() {
	switch {
	case m.sub.server.process.PID() == 0:
	case m.sub.server.stopped:
		m.sub.server.Continue()
	default:
		m.sub.server.Stop()
	}
}

func (m *mixture) advance(i int) {
	if p := m.now[i]; !p.finished() {
		p.next()
	} else if !m.sub.server.stopped {
		m.end(i)
	}
}

// end brings a play to its common end and judges nothing yet.
func (m *mixture) end(i int) {
	p := m.now[i]
	m.now = append(m.now[:i], m.now[i+1:]...)
	for !p.finished() {
		p.next()
	}
	p.heal()
	m.over = append(m.over, p)
}
