package main

import (
	"errors"
	"net/netip"
	"time"
)

// A Plan is all that an engine needs to know. Plans of several engines differ in First, Conns and Share only, and together they are
// the same load as one engine with all connections; nothing in a plan tells where the others run.
type Plan struct {
	Network, Address string // "tcp" and HOST:PORT, or "unix" and a path
	Seed             uint64 // of the payload
	First            int    // number of the engine's first connection
	Conns            int
	All              int // connections of all engines
	Schedule         Schedule
	Sizes            sizes
	Share, Shares    int           // the engine takes arrivals Share, Share+Shares, ... of the open loop
	RequestsPerConn  int           // after so many a connection is closed and a new one takes its place; 0: never
	Storm            bool          // those new ones begin together, when the last of their predecessors is spent
	Stalled          int           // connections beside the measured ones that send and never read
	ConnectsPerS     float64       // how fast connections are made before the load begins; 0: one after the other
	Stamps           bool          // take the kernel's time stamps of replies: of some in a closed loop, of all in an open one
	Sources          []netip.Addr  // connections begin at these in turn; none: where the kernel chooses
	CPU              int           // the core of the engine; -1: any
	Every, Window    time.Duration // latencies are kept apart for each such stretch of such a window; 0: they are not
	Patience         time.Duration // a request unanswered for so long, or a connection not made within it, is an error
}

// lifetime is how many requests a connection has.
func (p Plan) lifetime() int64 {
	if p.RequestsPerConn == 0 {
		return noLimit
	}
	return int64(p.RequestsPerConn)
}

// split deals the connections of a plan out to engines, one a core of cpus.
func split(p Plan, cpus []int) []Plan {
	engines := min(max(len(cpus), 1), p.Conns)
	plans := make([]Plan, engines)
	for i := range plans {
		from, to := p.Conns*i/engines, p.Conns*(i+1)/engines
		plans[i] = p
		plans[i].First, plans[i].Conns = p.First+from, to-from
		plans[i].All = p.Conns
		plans[i].Share, plans[i].Shares = i, engines
		plans[i].Stalled = p.Stalled*(i+1)/engines - p.Stalled*i/engines
		plans[i].CPU = -1
		if len(cpus) > 0 {
			plans[i].CPU = cpus[i]
		}
	}
	return plans
}

// errAborted ends an engine whose run was called off; it is never the fault of a server.
var errAborted = errors.New("the run was called off")
