package main

import (
	"errors"
	"time"
)

// A Schedule decides how many requests are due on a connection.
//
// This one is the closed loop: a request is due whenever fewer than Depth are in flight, so a slow server is asked less often.
// Its latencies are therefore service times: they do not tell what users who keep coming at a given rate would wait.
type Schedule struct {
	Depth int
}

// Due is how many requests to send now on a connection that has inFlight requests unanswered.
func (s Schedule) Due(inFlight int) int { return s.Depth - inFlight }

// A Plan is all that an engine needs to know. Plans of several engines differ in First and Conns only, and together they are
// the same load as one engine with all connections.
type Plan struct {
	Network, Address string // "tcp" and HOST:PORT, or "unix" and a path
	Seed             uint64 // of the payload
	First            int    // number of the engine's first connection
	Conns            int
	Schedule         Schedule
	MessageBytes     int
	CPU              int           // the core of the engine; -1: any
	Patience         time.Duration // a request unanswered for so long, or a connection not made within it, is an error
}

// split deals the connections of a plan out to engines, one a core of cpus.
func split(p Plan, cpus []int) []Plan {
	engines := min(max(len(cpus), 1), p.Conns)
	plans := make([]Plan, engines)
	for i := range plans {
		from, to := p.Conns*i/engines, p.Conns*(i+1)/engines
		plans[i] = p
		plans[i].First, plans[i].Conns = p.First+from, to-from
		plans[i].CPU = -1
		if len(cpus) > 0 {
			plans[i].CPU = cpus[i]
		}
	}
	return plans
}

// errAborted ends an engine whose run was called off; it is never the fault of a server.
var errAborted = errors.New("the run was called off")
