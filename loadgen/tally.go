package main

import (
	"time"

	"reactorbench/results"
)

// A Tally is what an engine saw in the measured window.
//
// In the closed loop the window is a stretch of time, and a reply counts if it came within. In the open loop it is a stretch of the
// plan: Latencies, Service, SendLag, Late, Offered and Unanswered are of the requests planned within, whenever they were sent or
// answered. Requests is of the replies that came within in both, since CPU time can be divided by nothing else.
type Tally struct {
	Counts
	Began, Ended int64 // clock at the engine's own edges of the window

	CPU   time.Duration // of the engine's thread; 0: the engine has no thread of its own
	Idle  time.Duration // of that, an engine that spins looked and found nothing
	Queue *queued       // nil: the system does not tell
}

// queued is what a thread has seen of the run queue of its core.
type queued struct {
	wait   time.Duration // it was runnable and had no core
	slices int64         // how often it then got one, after a wake-up or after somebody else's turn
}

// unexplained is the wait that so many slices do not explain; below 0 where they would explain more.
func (q queued) unexplained() time.Duration { return q.wait - time.Duration(q.slices)*sliceCosts }

// beyond is that wait as a share of wall.
func (q queued) beyond(wall time.Duration) float64 { return q.unexplained().Seconds() / wall.Seconds() }

// Counts are the part of a Tally that adds up over engines.
type Counts struct {
	Requests   int64 // answered in the window
	Bytes      int64 // of those replies
	LatencySum int64 // ns, exact, for Little's law; of the open loop only the parts within the window, of unanswered requests too
	Paused     int64 // ns, of the closed loop: from when a request's place fell free to when the engine wrote it, of the requests of LatencySum
	Latencies  *results.Histogram
	OverTime   []*results.Histogram // Latencies by stretch: of the reply's time in the closed loop, of the planned time in the open one; nil: not kept
	PausedMax  time.Duration        // the longest of them
	LateMax    time.Duration        // closed loop: the longest of the requests that were in flight when the window ended

	ReceiveLag    *results.Histogram // of some replies, from the kernel's receipt to the end of the read; empty: no stamps were asked for
	ReceiveLagSum int64              // ns

	Connects    int64 // connections that took the place of spent ones
	StalledLost int64 // stalled readers that the server has ended, since the start

	// Of the open loop alone. Response time (Latencies) = SendLag + Service, request by request.
	Service    *results.Histogram // from the write of the first byte
	SendLag    *results.Histogram // from the planned time to that write: the generator was late, or no place or room was free
	Late       *results.Histogram // from the planned time until the engine took the request up: the part of SendLag that is its own fault
	Least      *results.Histogram // of Latencies, what an evenly late generator would at least have seen: see lateness
	Most       *results.Histogram // and at most
	Offered    int64              // requests planned
	Unanswered int64              // of them, when the patience after the window was over: recorded with the age that they had
	Unsent     int64              // of those, not even begun
	Overdue    int64              // answered, but after more than the patience
	Held       bool               // so many requests were unanswered that no more were taken up
	Unseen     int64              // replies of which the kernel does not tell how long they lay unread
	InFlight   int64              // ∫ requests in flight dt over the window, in ns: what Little's law is checked against

	WorstBehind, WorstAhead int64 // ns, the widest bounds of any request
}
