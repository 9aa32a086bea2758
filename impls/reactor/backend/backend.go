package backend

import (
	"errors"
	"strings"
	"time"
)

// What is a set of conditions: what one waits for, or what has come.
type What uint8

const (
	Read    What = 0x02 // bytes, a connection to accept, or the end of the stream
	Write   What = 0x04 // room for more bytes, or a connection attempt that has ended
	Signal  What = 0x08 // a signal came; only reactor knows it
	Persist What = 0x10 // stay registered after the callback; only reactor knows it
	ET      What = 0x20 // report changes of readiness (edge) rather than readiness (level), see [EdgeTriggered]
	Timeout What = 0x40 // a deadline passed; only reactor reports it
	Closed  What = 0x80 // the peer has stopped sending, told without reading up to there, see [EarlyClose]
)

// Interest is the part of a What that a backend is asked for.
const Interest = Read | Write | Closed

// Has reports whether any condition of w is in what.
func (what What) Has(w What) bool { return what&w != 0 }

func (what What) String() string {
	names := [...]struct {
		bit  What
		name string
	}{
		{Read, "Read"}, {Write, "Write"}, {Signal, "Signal"}, {Persist, "Persist"},
		{ET, "ET"}, {Timeout, "Timeout"}, {Closed, "Closed"},
	}
	var words []string
	for _, n := range names {
		if what.Has(n.bit) {
			words = append(words, n.name)
		}
	}
	if words == nil {
		return "none"
	}
	return strings.Join(words, "|")
}

// Features says what a method can do beyond the contract's common part.
type Features uint8

const (
	EdgeTriggered Features = 1 << iota // ET is honoured; elsewhere it silently means level
	ConstantTime                       // a wait costs by the ready descriptors, not by the registered ones
	EarlyClose                         // Closed is told when the peer shuts down its sending half
)

func (features Features) String() string {
	names := [...]string{"EdgeTriggered", "ConstantTime", "EarlyClose"}
	var words []string
	for i, name := range names {
		if features.Has(1 << i) {
			words = append(words, name)
		}
	}
	if words == nil {
		return "none"
	}
	return strings.Join(words, "|")
}

// Has reports whether every feature of f is there.
func (features Features) Has(f Features) bool { return features&f == f }

// A Token comes back with a readiness and names whom it is for: a slot of the caller's table, and which of the slot's
// successive owners. Descriptor numbers are reused at once, so a readiness that was on its way when its owner closed would
// otherwise reach the next owner of the number.
type Token uint64

// NewToken puts slot and generation into one word, the size that every method can carry.
func NewToken(slot int, generation uint32) Token {
	return Token(generation)<<32 | Token(uint32(slot))
}

// Slot is the caller's place for the descriptor.
func (t Token) Slot() int { return int(uint32(t)) }

// Generation tells the owners of one slot apart.
func (t Token) Generation() uint32 { return uint32(t >> 32) }

// Ready is a descriptor that became ready (Op is nil), or a finished Op.
type Ready struct {
	Token Token
	What  What
	Op    *Op
	N     int // what the finished Op came to: bytes or a descriptor, below 0 the negated error number
}

// A Backend waits for readiness of many descriptors at once. The package comment is its contract.
type Backend interface {
	Name() string
	Features() Features

	// Set tells the system that the interest in fd goes from old to new; none is 0.
	// It always asks the system, even where old and new are the same: this is how a caller learns [ErrReplaced].
	Set(fd int, token Token, old, new What) error

	// Wait fills ready with what is ready and says how many. It blocks for at most timeout, for ever below 0.
	// What does not fit into ready is reported by the next call.
	Wait(ready []Ready, timeout time.Duration) (int, error)

	Close() error
}

// A Proactor is a Backend that can also do the work itself and report its end. One is found by type assertion.
type Proactor interface {
	Backend

	// Submit hands op over; op and op.Buf are the kernel's until op comes back through Wait.
	Submit(op *Op) error

	// Cancel asks for op back; it still comes back through Wait, exactly once.
	Cancel(op *Op) error
}

// An Op is one piece of work for a [Proactor].
type Op struct {
	Kind  OpKind
	FD    int
	Buf   []byte
	Token Token
}

// OpKind says which work.
type OpKind uint8

const (
	Accept OpKind = iota + 1
	Connect
	Receive
	Send
)

// ErrReplaced is returned by Set where the registered file is gone and its number, if in use, names another.
var ErrReplaced = errors.New("the descriptor no longer names the file that was registered")
