package spec

import (
	"fmt"
	"math"
	"time"
)

// A flood keeps connections busy in both directions while the check does something else, all in the check's one
// goroutine: between two looks at that something the flooders move once.
//
// So fairness is counted, not timed. What another client waits is measured in bytes that the flooders were served
// meanwhile, and a machine that stands still stands still for both.
type flood struct {
	exchange
}

// unfair is how much the server may echo to flooders while another client waits for its turn. A fair loop gives each
// connection one buffer a turn; a scheduler that preempts every 10 ms lets a flooder have some 20 MiB.
const unfair = 256 << 20

// Flood starts to keep the connections busy.
func (t *T) Flood(conns []*Conn) *flood {
	f := &flood{exchange{t: t, progress: time.Now()}}
	for _, c := range conns {
		f.jobs = append(f.jobs, &job{c: c, sendTo: math.MaxInt64, receiveTo: math.MaxInt64})
	}
	for f.echoed() < 8<<20 { // until the kernel has opened its windows
		f.turn(AtOnce)
	}
	t.Eventf("%s flooding", plural(int64(len(conns)), "client is", "clients are"))
	return f
}

// Ping makes a round trip on another connection while the flood goes on.
func (f *flood) Ping(c *Conn) {
	before, goal := f.echoed(), c.received+8
	c.Send(8)
	for c.received < goal {
		f.turn(AtOnce)
		got, how, err := c.receive(goal-c.received, 0, "an echo beside the flood")
		switch how {
		case data:
			c.accept(got)
		case fin, reset:
			c.short(c.wanted(goal), how, err)
		}
		if served := f.echoed() - before; served > unfair {
			f.t.Fatal("an answer to a client that sends eight bytes", fmt.Sprintf(
				"none while the server echoed %s bytes to the flooding client", group(served)), c.peer())
		}
	}
}

func (f *flood) echoed() (total int64) {
	for _, j := range f.jobs {
		total += j.c.received
	}
	return total
}
