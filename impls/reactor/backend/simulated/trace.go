package simulated

import (
	"fmt"
	"strings"
	"time"
)

// A Verb says what an [Entry] of the trace is about.
type Verb uint8

const (
	Turn Verb = iota + 1
	Told
	Set
	Refused
	Opened
	Closed
	Accepted
	Dialed
	ReadBytes
	WroteBytes
	Delivered
	ShutDown
	Reset
	Interrupted
	Failed
	Rang
	Note // by the user of the kernel
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

func (e Entry) String() string {
	return fmt.Sprintf("%13v %-11s %3d %6d %6d %s", e.At, verbs[e.Verb], e.FD, e.A, e.B, e.Remark)
}

// A Trace keeps the last entries, and a hash of all.
type Trace struct {
	ring  [512]Entry
	count int
	hash  uint64
}

func (t *Trace) add(e Entry) {
	t.ring[t.count%len(t.ring)] = e
	t.count++
	for _, x := range [...]int{int(e.At), int(e.Verb), e.FD, e.A, e.B, len(e.Remark)} {
		t.hash = (t.hash ^ uint64(x)) * 0x100000001b3 // FNV-1a by words
		t.hash ^= t.hash >> 29
	}
}

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
