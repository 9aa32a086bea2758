package simulated

import (
	"fmt"
	"strings"
	"time"
)

// A Verb says what an [Entry] of the trace is about.
type Verb uint8

// Behind each verb stand A and B of its entries, where they say something.
const (
	Turn        Verb = iota + 1 // a wait: its timeout in nanoseconds, registrations
	Told                        // a readiness: a What, the generation of its token (below 0: nobody's)
	Set                         // a change of interest: from a What, to a What
	Refused                     // the same, by an error
	Opened                      // a descriptor
	Closed                      // a descriptor: how many others its file has
	Accepted                    // a connection: the number of its end, how many go on waiting
	Dialed                      // a connection attempt: the port, how many wait there
	ReadBytes                   // bytes, what is left in the kernel
	WroteBytes                  // bytes, what room is left
	Delivered                   // bytes that came to the other end, what is still under way
	ShutDown                    // the end of a stream: bytes in front of it
	Reset                       // a connection: the error number, bytes that were lost
	Interrupted                 // EINTR
	Failed                      // another error
	Rang                        // a wake-up
	Note                        // by the user of the kernel
)

var verbs = [...]string{"", "wait", "ready", "set", "set refused", "open", "close", "accept", "dial", "read", "write",
	"delivered", "shutdown", "reset", "interrupted", "error", "ring", "note"}

// An Entry is one thing that happened.
type Entry struct {
	At     time.Duration
	Verb   Verb
	FD     int // or the number of the end that has none
	A, B   int
	Remark string
}

// String is one line: the time, the verb, the descriptor, A, B and the remark.
func (e Entry) String() string {
	return fmt.Sprintf("%13v %-11s %3d %6d %6d %s", e.At, verbs[e.Verb], e.FD, e.A, e.B, e.Remark)
}

// A Trace keeps the last entries, and a hash of all.
type Trace struct {
	ring  [512]Entry
	count int
	hash  uint64
	verbs [len(verbs)]int
}

func (t *Trace) add(e Entry) {
	t.ring[t.count%len(t.ring)] = e
	t.count++
	t.verbs[e.Verb]++
	for _, x := range [...]int{int(e.At), int(e.Verb), e.FD, e.A, e.B, len(e.Remark)} {
		t.hash = (t.hash ^ uint64(x)) * 0x100000001b3 // FNV-1a by words
		t.hash ^= t.hash >> 29
	}
}

// Count is how often something happened.
func (t *Trace) Count(verb Verb) int { return t.verbs[verb] }

// Hash tells two runs apart.
func (t *Trace) Hash() uint64 { return t.hash }

// Last writes out the last n entries, a line each.
func (t *Trace) Last(n int) string {
	var text strings.Builder
	n = min(n, t.count, len(t.ring))
	for i := t.count - n; i < t.count; i++ {
		fmt.Fprintln(&text, t.ring[i%len(t.ring)])
	}
	return text.String()
}

func (k *Kernel) note(verb Verb, fd, a, b int) {
	k.Trace.add(Entry{At: k.now, Verb: verb, FD: fd, A: a, B: b})
}

func (k *Kernel) failed(fd int, remark string) {
	k.Trace.add(Entry{At: k.now, Verb: Failed, FD: fd, Remark: remark})
}

// Note writes a remark into the trace.
func (k *Kernel) Note(who, a, b int, remark string) {
	k.Trace.add(Entry{At: k.now, Verb: Note, FD: who, A: a, B: b, Remark: remark})
}
