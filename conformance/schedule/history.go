package schedule

import "time"

// A Kind is what was done or seen.
type Kind string

// What a client did.
const (
	DidConnect  Kind = "connect"
	DidSend     Kind = "send" // N bytes were taken by the client's kernel
	DidShutdown Kind = "shutdown"
	DidClose    Kind = "close"
	DidReset    Kind = "reset"
	DidStop     Kind = "stop" // every thread of the server stands still
	DidCont     Kind = "cont"
)

// What a client saw.
const (
	Refused Kind = "refused" // no connection came about; Text says why
	Came    Kind = "came"    // N bytes, each of them right
	Wrong   Kind = "wrong"   // a byte that differs from the one sent; Text says how
	Surplus Kind = "surplus" // more bytes than were sent; Text says which
	SawFIN  Kind = "FIN"
	SawRST  Kind = "RST"     // or a write that failed because of one
	Silence Kind = "silence" // the client waited for bytes or the end, without any progress, until its patience ended
	Died    Kind = "died"    // the server's process ended; Text says how
)

// An Event is one entry of a history.
type Event struct {
	Step int // index of the command that was carried out; the length of the schedule for its common end
	At   time.Duration
	Conn int // 0: about no connection
	Kind Kind
	N    int64
	Text string
}

// A History is everything that was done and seen, in order.
type History []Event
