package schedule

import (
	"math/rand/v2"
	"time"
)

// Limits bound what Generate makes.
type Limits struct {
	Commands int   // at most so many
	Bytes    int64 // at most so many in one send
	Stops    bool  // the server may be stopped: its process is known
}

// Generate draws a legal schedule. Equal sources draw equal ones.
//
// It is not uniform over all programs, which would hardly ever leave a full buffer behind. Every other schedule is about
// clients that send more than the server can pass on and hardly read, so that several are stalled, drain and go away at
// the same time. In the others sizes cluster at the edges of buffers.
func Generate(source *rand.Rand, l Limits) Schedule {
	d := drawing{source: source, limits: l, style: styles[source.IntN(len(styles))]}
	d.conns = 1 + min(source.IntN(MaxConns), source.IntN(MaxConns)) // a few clients come further than many
	var s Schedule
	for range 1 + source.IntN(max(1, l.Commands)) {
		c := d.command()
		if d.now.apply(c) == nil { // what is not legal now is not replaced: schedules of every length are wanted
			s = append(s, c)
		}
	}
	if len(s) == 0 {
		s = Schedule{{Conn: 1, Verb: Connect}}
	}
	return s
}

// A style is what the clients of one schedule are like.
type style struct {
	verbs  []Verb // each as often as it stands here
	narrow int    // one client in so many has a small window
	size   func(*rand.Rand) int64
}

var styles = []style{
	{ // conversation
		verbs:  []Verb{Send, Send, Send, Send, Send, Read, Read, Read, Shutdown, Shutdown, Close, Reset},
		narrow: 3,
		size:   anySize,
	},
	{ // congestion
		verbs:  []Verb{Send, Send, Send, Send, Shutdown, Shutdown, Shutdown, Reset, Reset, Read, Close},
		narrow: 2,
		size:   largeSize,
	},
}

// anySize is near the edge of somebody's buffer half of the time, and of any magnitude otherwise.
func anySize(source *rand.Rand) int64 {
	edges := []int64{1, 8, 1448, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
	if source.IntN(2) == 0 {
		return edges[source.IntN(len(edges))] + source.Int64N(3) - 1
	}
	n := int64(1) << source.IntN(21)
	return n + source.Int64N(n)
}

// largeSize is about what the kernel's buffers hold or more than all of them, or small for once.
func largeSize(source *rand.Rand) int64 {
	if source.IntN(6) == 0 {
		return anySize(source)
	}
	return 1 << (21 + source.IntN(3))
}

// A drawing is a schedule that is being drawn.
type drawing struct {
	source *rand.Rand
	limits Limits
	style  style
	conns  int
	now    state
}

// command proposes a command; it may be illegal.
func (d *drawing) command() Command {
	switch d.source.IntN(12) {
	case 0:
		return Command{Verb: Pause, For: time.Duration(1+d.source.IntN(10)) * time.Millisecond}
	case 1:
		switch {
		case d.now.stopped:
			return Command{Verb: Cont}
		case d.limits.Stops:
			return Command{Verb: Stop}
		}
	}
	n := 1 + d.source.IntN(d.conns)
	c := Command{Conn: n, Verb: Connect}
	if d.now.conns[n] == unused {
		if d.source.IntN(d.style.narrow) == 0 {
			c.N = 4 << 10
		}
		return c
	}
	c.Verb = d.style.verbs[d.source.IntN(len(d.style.verbs))]
	if c.Verb == Send || c.Verb == Read {
		c.N = min(max(d.style.size(d.source), 1), max(d.limits.Bytes, 1))
	}
	return c
}
