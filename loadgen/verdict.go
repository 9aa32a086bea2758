package main

import (
	"fmt"
	"math"
	"time"
)

// Facts are what the verdict on the client needs, and nothing else, so that a test can invent them. All are shares of the
// measured window: 1 is one core used, or waited for, all the time.
type Facts struct {
	EngineCPU   float64 // of the busiest engine
	EngineWait  float64 // of the engine that waited most for a core, beyond what its wake-ups cost
	EngineKnown bool    // the two above were measured
	RepliesSeen bool    // open loop: how long each reply lay unread is known, so what a wait did to a percentile is judged there
	ServerCPU   float64 // of all threads of the server
	ServerCores int     // cores that it could have used: its loops
	ServerWait  float64 // of the server's thread that waited most for a core, beyond what its slices explain, and no longer than others ran on its cores; 0 if not known

	Pressure     float64 // somebody on the machine waited for a core; 0 if not known
	ReceiveShare float64 // of the latency: the reply had arrived and the engine had not read it; 0 if not known

	// Of an open loop, in ns: how late requests were taken up, and how long they took in all: for the words alone.
	Open                   bool
	Late99                 int64
	Response50, Response99 int64
}

const (
	busy       = 0.95 // a thread that runs for this share has no idle time worth the name; the rest is noise of the clocks
	waitsACore = 0.02 // a client that was kept off its core for longer measures the machine's scheduler

	// Between its wake-up and its first instruction a thread is in the run queue even where nobody else is. On an idle virtual machine of two
	// cores that took 1.1 µs (90 ms in 2 s at 40 000 wake-ups a second, of an open loop), and up to 1.8 at other times.
	sliceCosts = 2 * time.Microsecond

	// Whoever else ran on the server's cores is known in steps of 10 ms, of each core; and where it is not, a server may have several threads
	// on one core, which wait for each other.
	serverWaits = 0.05

	// Whoever waits for a core need not be one of ours, and a server's threads that wait for each other count too. But where somebody
	// waits for half of the time, the machine has fewer cores than it has work.
	pressed = 0.5

	// In a closed loop without idle time half of the requests lie at either side; where two thirds of the time pass at the client it is
	// the queue.
	mostlyUnread = 2. / 3

	// An open loop must have time left to be on time. It blocks between requests, so it needs far less than all of its core.
	busyOpen = 0.75
)

// clientLimited decides whether a run says more about the client, or the machine, than about the server, and why.
//
// In a closed loop each side waits for the other, and on a loopback the two cost about the same, so the question is who had time
// left. The rules, in this order:
//
//  1. The engine was runnable and had no core for more than 2 % of the window, not counting 2 µs for each time that it then began to run:
//     everything it saw came late. In an open loop of which the kernel tells how long each reply lay
//     unread that is judged percentile by percentile.
//  2. A thread of the server likewise, for more than 5 % beyond its own wake-ups, and others ran on its cores for as long: the machine was not
//     the server's.
//  3. The engine had no idle time while the server had: a faster client would have got more out of this server.
//
// Pressure and the kernel's time stamps, where they are known, are judged between the second and the third.
//
// When both are busy the server works at its own limit and the figures are its own. When both have idle time they wait for
// each other's wake-ups, which is how few requests in flight really behave, and nobody is the limit.
// Either way the server's CPU per request stays valid: it does not depend on how fast it was asked.
//
// An open loop needs time to be on time: it is the limit if it used more than 75 % of its core while the server had time left. What its
// lateness did to a response time is another question, with an answer for each percentile: see lateness and results.Record.Comparable.
func clientLimited(f Facts) (bool, string) {
	switch {
	case !f.EngineKnown:
		return true, "this engine cannot tell whether it was the limit"
	case f.EngineWait > waitsACore && !f.RepliesSeen:
		return true, fmt.Sprintf("the generator waited %.0f %% of the time for a core, beyond what its wake-ups cost", 100*f.EngineWait)
	case f.ServerWait > serverWaits:
		return true, fmt.Sprintf("the server waited %.0f %% of the time for a core", 100*f.ServerWait)
	case f.Pressure > pressed:
		return true, fmt.Sprintf("somebody on this machine waited for a core for %.0f %% of the time", 100*f.Pressure)
	case f.ReceiveShare > mostlyUnread:
		return true, fmt.Sprintf("replies waited for the generator to read them for %.0f %% of the latency", 100*f.ReceiveShare)
	case f.EngineCPU >= f.engineBusy() && f.ServerCPU < busy*float64(f.ServerCores):
		return true, fmt.Sprintf("the generator used its core to %.0f %%, the server only %.0f %% of %s",
			100*f.EngineCPU, 100*f.ServerCPU/float64(f.ServerCores), cores(f.ServerCores))
	}
	return false, ""
}

// engineBusy is from what share of its core on an engine is called busy.
func (f Facts) engineBusy() float64 {
	if f.Open {
		return busyOpen
	}
	return busy
}

// rounded gives nanoseconds to three digits or so.
func rounded(ns int64) time.Duration {
	d := time.Duration(ns)
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}

func cores(n int) string {
	if n == 1 {
		return "its core"
	}
	return fmt.Sprintf("its %d cores", n)
}

// largestEdgeError is how wrong a CPU time per request may be by the edges of its window.
const largestEdgeError = 0.05

// edgeError is how wrong the CPU time per request can be because the window has edges: all requests in flight may have been worked
// on before the window and answered within, or the other way round.
func edgeError(inFlight float64, requests int64) float64 { return inFlight / float64(requests) }

// edge is how many requests may be in flight at the edges of the window: all of a closed loop, the mean of an open one.
func (m Measurement) edge(w Workload) float64 {
	if w.Storm {
		return float64(w.inFlight())
	}
	return m.meanInFlight(w)
}

// meanInFlight is how many requests were in flight: those that a closed loop keeps there, or what the engines of an open one counted
// as they came and went. A storm swells and falls: nobody counted its mean, and it is 0.
func (m Measurement) meanInFlight(w Workload) float64 {
	if w.Storm {
		return 0
	}
	if w.Loop == "open" {
		return float64(m.Counts.InFlight) / float64(m.Wall)
	}
	return float64(w.inFlight())
}

// skew is how much the window in which the server was measured differs from those in which the engines counted: they follow an
// order as soon as they run, and on a busy machine that may take long.
func (m Measurement) skew() float64 { return math.Abs(1 - m.Wall.Seconds()/m.Conducted.Seconds()) }

// perRequestDoubt is empty if CPU time and requests belong to the same window, and else says why CPU per request is left out.
func perRequestDoubt(inFlight float64, m Measurement) string {
	if e := edgeError(inFlight, m.Requests); e > largestEdgeError {
		return fmt.Sprintf("only %d requests answered with %.0f in flight: CPU per request could be wrong by %.0f %% and is left out", m.Requests, inFlight, 100*e)
	}
	if m.skew() > largestEdgeError {
		return fmt.Sprintf("the generator followed late: it counted for %v, the server was measured for %v; CPU per request is left out",
			m.Wall.Round(time.Millisecond), m.Conducted.Round(time.Millisecond))
	}
	return ""
}

// enoughRequests keep the edge error small.
func enoughRequests(inFlight int) int64 {
	return int64(math.Ceil(float64(inFlight) / largestEdgeError))
}

// littlesLaw compares the requests that were in flight, by Little's law throughput × mean latency, with those that the
// workload keeps in flight, or that an open loop counted there. They are equal; if not, the times or the counts are wrong. In a closed
// loop what each request lay in the engine before it was sent belongs to the latency: N = X(R + Z) (Denning and Buzen, 1978).
//
// The law holds for whole requests, and each edge of the window cuts through one request of every slot, so a window that is not
// much longer than the longest of them may be off by that share, and 2 % are left beside it. An open loop cuts its requests at the edges
// itself, so there the two must be equal: one is a counter, the other a sum over time stamps.
func littlesLaw(inFlight float64, m Measurement) error {
	if inFlight == 0 {
		return nil
	}
	found := float64(m.LatencySum+m.Paused) / float64(m.Wall) // = (requests ÷ wall) × (sum ÷ requests)
	longest := max(time.Duration(m.Latencies.Max()), m.LateMax) + m.PausedMax
	allowed := 0.02 + 2*longest.Seconds()/m.Wall.Seconds()
	if m.Late != nil {
		allowed = 0.01
	}
	if off := math.Abs(found/inFlight - 1); off > allowed {
		return fmt.Errorf("the run does not obey Little's law: %.1f requests in flight by throughput × latency, %.1f by count", found, inFlight)
	}
	return nil
}
