package backend

import (
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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

// String is the names of the conditions, with | between them; none for 0.
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
	OneThread                          // whoever waits should stay on one thread: what was registered on another may be told a little later
)

// String is the names of the features, with | between them; none for 0.
func (features Features) String() string {
	names := [...]string{"EdgeTriggered", "ConstantTime", "EarlyClose", "OneThread"}
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

// Ready is a descriptor that became ready, or what an [Op] came to (Op is not nil).
type Ready struct {
	Token Token
	What  What

	More   bool   // the Op goes on; otherwise it is its owner's again
	Buffer uint16 // which provided buffer has the bytes, where N of a Receive is above 0
	Op     *Op
	N      int // bytes or a descriptor; below 0 the negated error number
}

// A Backend waits for readiness of many descriptors at once. The package comment is its contract.
//
// One goroutine at a time uses it. It is made by [Open].
type Backend interface {
	Name() string       // one of [Methods]
	Features() Features // always the same

	// Set tells the system that the interest in fd goes from old to new; none is 0. Of a What only Read, Write, Closed and ET count.
	// It always asks the system, even where old and new are the same: this is how a caller learns [ErrReplaced]. Other errors are the
	// system's: unix.EBADF if there is no such descriptor, unix.EPERM for a file that cannot be waited for.
	Set(fd int, token Token, old, new What) error

	// Wait fills ready with what is ready and says how many. It blocks for at most timeout, for ever below 0.
	// What does not fit into ready, which has room for one at least, is reported by the next call.
	Wait(ready []Ready, timeout time.Duration) (int, error)

	// Close gives back what Open has taken. The registered descriptors are not its own. Nothing may be called afterwards.
	Close() error
}

// A Proactor is a Backend that can also do the work itself and report its end. One is found by type assertion.
//
// What is begun is handed to the kernel by the next Wait, together with all else. Then the Op is the kernel's until a [Ready]
// without More gives it back: exactly one, whatever became of it. The package comment has the whole contract.
type Proactor interface {
	Backend

	// Accept takes connections from a listening socket, a Ready each, until it fails or is cancelled. The new
	// descriptors do not block.
	Accept(op *Op, fd int) error

	// Receive takes bytes from a socket into provided buffers, a Ready each, until the stream ends (N is 0), it
	// fails or is cancelled. Whoever gets a buffer calls Release. With none left, receiving waits until one comes back.
	Receive(op *Op, fd int) error

	// Send writes the extents to a socket, in their order: the bytes must stay as they are until op is back, the slice of slices need not.
	// There are at least one and at most 128 of them. N is how many bytes were taken, perhaps not all.
	Send(op *Op, fd int, extents [][]byte) error

	// Connect connects a socket. N is 0 when it is.
	Connect(op *Op, fd int, address unix.Sockaddr) error

	// Cancel asks for op back, which may have come to something in the meantime; otherwise its last N is -ECANCELED. An Accept or Receive
	// is never given back with ECANCELED for another reason. The others are if a thread of the process has ended: begin again.
	Cancel(op *Op) error

	// Flush hands over what was begun, without waiting for it. After Cancel and Flush, closing the descriptor closes the socket.
	Flush() error

	// Buffer returns the bytes that a Receive has brought, N of them; its capacity is the whole buffer, see [ProvidedBytes]. They stay until
	// Release gives the buffer (Ready.Buffer) back. Or they stay for good: Exchange gives other memory in place of that which Buffer
	// returned, at least as much, which then is the kernel's.
	Buffer(r Ready) []byte
	Release(buffer uint16)
	Exchange(buffer uint16, memory []byte)
}

// ProvidedBytes is the size of the largest buffers into which a [Proactor] receives: an echo of 64 KiB costs a sixth less than with 16. Lesser
// ones have a 32nd and a 256th part of it: whoever receives messages that fit there leaves the large ones to others.
const ProvidedBytes = 64 << 10

// An Op is one piece of work for a [Proactor]. The zero value is ready for use, again and again.
type Op struct {
	Owner any // whose it is, for the one who gets the Ready

	place     uint32 // in the table of those under way
	sequence  uint32
	fd        int32
	kind      opKind
	stage     stage
	cancelled bool
	buffers   bufferSize // into which it will receive when it is begun again
}

// UnderWay reports whether op is the kernel's.
func (op *Op) UnderWay() bool { return op.stage != atOwner }

// opKind says which work.
type opKind uint8

const (
	accepting opKind = iota // these two go on after the first result
	receiving
	sending
	connecting
)

// bufferSize says into which of the provided buffers an Op receives, by size.
type bufferSize uint8

// stage says who has an Op.
type stage uint8

const (
	atOwner stage = iota
	atKernel
	parked // it waits to be handed to the kernel again
)

// ErrReplaced is returned by Set where the registered file is gone and its number, if in use, names another.
var ErrReplaced = errors.New("the descriptor no longer names the file that was registered")

// ErrUnavailable is in the error of Open where the system does not grant a method that it lists.
var ErrUnavailable = errors.New("this method is not available here")

// ErrUnderWay is returned by a Proactor for an Op that is under way already.
var ErrUnderWay = errors.New("this operation is under way")
