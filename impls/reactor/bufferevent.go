package reactor

import (
	"errors"
	"math"
	"strings"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// A BufferEvent is a connection with a buffer in each direction: it reads before you ask, writes what you leave in its
// output, and calls back when there is something to do.
//
//	bev := base.NewBufferEvent(fd)
//	bev.OnRead(func() { bev.Output().Append(bev.Input()) })
//	bev.Enable(reactor.Read)
//
// Bytes are written at the end of the callback that put them into the output (in another event's callback: at the end of the turn),
// all of them by one call. Write readiness is asked for only when the kernel took less. While more than the high mark is waiting to be
// written, nothing is read: a peer that sends and does not read costs bounded memory, and then waits itself.
//
// Any callback may close the bufferevent, or change it in any other way. Only the goroutine of the loop may touch it.
//
// After Close, its own or the base's, nothing is called any more and nothing happens: the buffers are empty and frozen, so what is written
// into them is refused by [evbuffer.ErrFrozen]. SetFD, SetRateLimit and [RateGroup.Add] return [ErrClosed], and Connect [ErrConnected].
type BufferEvent struct {
	io            Event // the descriptor, and the nearer of the two deadlines
	input, output evbuffer.Buffer

	settings      *settings  // shared with all that have the same
	calls         *Callbacks // shared by SetCallbacks, or its own (ownCalls); never nil
	readDeadline  moment     // 0: not waiting to read, or without a timeout
	writeDeadline moment     // 0: nothing to write, or without a timeout

	underWay uint32 // bytes that the transport has taken out of output and not yet passed on

	errno   uint16 // the last error, an unix.Errno; see extra for others
	state   state
	enabled What // Read and Write, as the user has them
	flags   bevFlags
}

// A BufferEvent goes through these states from top to bottom and never back; it may leave out any.
type state uint8

const (
	unconnected state = iota // there is no descriptor yet
	connecting               // Connect was called; its outcome is still to come
	opened                   // both directions live
	inputEOF                 // the peer sent FIN, or reading failed: reads are over, output still flows
	draining                 // CloseAfterFlush was called; closes when the output is empty. No callback is called any more
	lingering                // our FIN is sent, and the peer may still be sending: waits for its FIN, so that close sends no reset
	closed                   // the descriptor is gone; every call is a no-op
)

// bevFlags are the small facts about a BufferEvent.
type bevFlags uint16

const (
	blocked      bevFlags = 1 << iota // a short write: the next one waits for readiness
	paused                            // not reading until the output has drained to its resume mark
	busy                              // its own code is running, and will settle
	touched                           // is on the base's list to settle
	sawEOF                            // the peer's FIN was read
	finWanted                         // CloseWrite was called
	outputOver                        // no more can be written: FIN is sent, or writing failed
	closeWaiting                      // CloseAfterFlush was called while connecting
	ownCalls                          // calls is this one's alone, and may be changed
	lastInput                         // Shutdown was called: reads what is out of the kernel already, and no more
	missed                            // was told of bytes and did not ask for them: stopped, or held back, in this very turn
)

// An Outcome tells what has happened to a bufferevent apart from data.
type Outcome uint8

const (
	Reading   Outcome = 0x01 // while reading
	Writing   Outcome = 0x02 // while writing
	EOF       Outcome = 0x10 // the peer has stopped sending; it may still be reading
	Error     Outcome = 0x20 // see Err; told once for each direction
	Connected Outcome = 0x80 // Connect, or the handshake of TLS, has succeeded
	// and Timeout: the direction had no progress for its timeout, and is disabled
)

// Has reports whether any part of o is in outcome.
func (outcome Outcome) Has(o Outcome) bool { return outcome&o != 0 }

// String is the names of the parts, with | between them.
func (outcome Outcome) String() string {
	names := [...]struct {
		bit  Outcome
		name string
	}{{EOF, "EOF"}, {Error, "Error"}, {Timeout, "Timeout"}, {Connected, "Connected"}, {Reading, "Reading"}, {Writing, "Writing"}}
	var words []string
	for _, n := range names {
		if outcome.Has(n.bit) {
			words = append(words, n.name)
		}
	}
	return strings.Join(words, "|")
}

// NewBufferEvent returns a bufferevent on a connected, non-blocking descriptor, which is from now on the bufferevent's to close; with
// fd below 0, on none until Connect. Writing is enabled and reading is not. What may be wrong with the descriptor is told
// as an Error, like everything that goes wrong later.
func (b *Base) NewBufferEvent(fd int) *BufferEvent {
	b.mustBeOpen("NewBufferEvent")
	bev := b.newBufferEvent(fd, b.defaultSettings())
	bev.io.marks |= owner
	if fd >= 0 {
		bev.adopt()
		bev.state = opened
	}
	return bev
}

func (b *Base) newBufferEvent(fd int, s settings) *BufferEvent {
	bev := &BufferEvent{enabled: Write, settings: b.share(s), calls: noCallbacks}
	bev.input.Init(b.pool)
	bev.output.Init(b.pool)
	bev.io.init(b, fd, Persist, bev)
	return bev
}

// adopt enters the descriptor into the fdmap, without interest at first.
func (bev *BufferEvent) adopt() {
	err := bev.io.base.fds.add(&bev.io)
	if err == nil {
		bev.io.marks |= added
		return
	}
	bev.note(err)
	bev.touch()
}

// Input has the bytes that came. Ask for it in each callback that uses it, and keep no copy: asking is how the
// bufferevent learns that it has to look for room afterwards.
func (bev *BufferEvent) Input() *evbuffer.Buffer {
	bev.touch()
	return &bev.input
}

// Output takes the bytes to write. Ask for it in each callback that uses it, and keep no copy: asking is how the
// bufferevent learns that it has to look for something to write afterwards. On a completion method (io_uring) bytes that the kernel
// has been given, and not yet sent, are no longer in it; marks, [BufferEvent.Room] and the callbacks count them all the same.
func (bev *BufferEvent) Output() *evbuffer.Buffer {
	bev.touch()
	return &bev.output
}

// ErrOutputFull is returned by Write for what would lift the output above its high mark.
var ErrOutputFull = errors.New("the output is at its high mark")

// Write puts a copy of p into the output. It is an io.Writer, and never blocks. If SetWatermark has set a high mark it takes no more than
// up to there, and returns [ErrOutputFull] with the number of bytes taken: OnWrite tells when there is room again. Without such a mark it
// takes everything. What is put into Output directly is never refused, because an echo has nowhere else to put it; there the mark
// stops reading. What comes behind FIN, or after an error of writing, is taken and dropped.
func (bev *BufferEvent) Write(p []byte) (int, error) {
	if room := bev.Room(); bev.settings.bounded && room < len(p) {
		n, err := bev.Output().Write(p[:room])
		if err == nil {
			err = ErrOutputFull
		}
		return n, err
	}
	return bev.Output().Write(p)
}

// Room is how many more bytes the output takes before it reaches its high mark (256 KiB to begin with); without a mark there is room for
// everything ([math.MaxInt]).
func (bev *BufferEvent) Room() int {
	high := bev.settings.writeHigh
	if high == 0 {
		return math.MaxInt
	}
	return max(0, high-bev.unwritten())
}

// Enable lets Read, Write or both go on; a direction that has ended stays ended.
func (bev *BufferEvent) Enable(what What) {
	bev.enabled |= what & (Read | Write)
	if f := bev.filter(); f != nil && what.Has(Write) {
		f.under.Enable(Write) // where a timeout of its own may have stopped what the filter has passed on
	}
	bev.touch()
}

// Disable stops Read, Write or both. Bytes wait where they are: in the kernel, in the output.
func (bev *BufferEvent) Disable(what What) {
	bev.enabled &^= what
	bev.touch()
}

// Enabled is what Enable and Disable, timeouts and errors have left.
func (bev *BufferEvent) Enabled() What { return bev.enabled }

// FD is the descriptor, below 0 before Connect and after Close, and for a pair. It stays the bufferevent's; that of a filter is
// its underlying bufferevent's.
func (bev *BufferEvent) FD() int {
	if bev.io.descriptor < 0 && bev.state != closed {
		if under := bev.Underlying(); under != nil {
			return under.FD()
		}
	}
	return int(bev.io.descriptor)
}

// Base is the loop that the bufferevent belongs to.
func (bev *BufferEvent) Base() *Base { return bev.io.base }

// SetPriority moves the bufferevent to a level, see [WithPriorities], and what is under it too: a filter has its turn within
// that of its underlying bufferevent. A level that there is not is refused by [ErrPriority].
func (bev *BufferEvent) SetPriority(priority int) error {
	if under := bev.Underlying(); under != nil {
		if err := under.SetPriority(priority); err != nil {
			return err
		}
	}
	return bev.io.SetPriority(priority)
}

// Err is the error behind the last Error outcome: an [unix.Errno] for what the kernel said, and the filter's own for what a filter
// or TLS had to say.
func (bev *BufferEvent) Err() error {
	if x := bev.settings.extra; x != nil && x.err != nil {
		return x.err
	}
	if bev.errno == 0 {
		return nil
	}
	return unix.Errno(bev.errno)
}

// Closed reports whether the bufferevent is closed.
func (bev *BufferEvent) Closed() bool { return bev.state == closed }

// CloseWrite sends FIN after all output. Reading goes on, and the bufferevent stays open.
func (bev *BufferEvent) CloseWrite() {
	bev.flags |= finWanted
	bev.touch()
}

// CloseAfterFlush writes all output and then closes. From now on no callback is called and no input is passed on. The peer
// gets every byte and then FIN, even if it goes on sending: to close while it does would send a reset, which destroys what it has not read
// (RFC 1122 section 4.2.2.13). So what it sends is read and dropped until its own FIN, for 2 s after the last byte and for 30 s in all.
// The bufferevent keeps the loop going as long. A write timeout holds; without one a peer that reads nothing is waited for.
// [BufferEvent.Shutdown] passes on first what has come already.
func (bev *BufferEvent) CloseAfterFlush() {
	switch bev.state {
	case unconnected:
		bev.Close()
	case connecting:
		bev.flags |= closeWaiting
	case opened, inputEOF:
		bev.state = draining
		bev.enabled |= Write
		bev.touch()
		bev.stopReading()
	}
}

// Close closes at once, and drops what is in the buffers. A peer whose bytes were not read may be sent a reset. A second Close does
// nothing.
func (bev *BufferEvent) Close() {
	if bev.state == closed {
		return
	}
	bev.end(false)
}

// disown ends the bufferevent without closing what is no longer its descriptor.
func (bev *BufferEvent) disown() { bev.end(true) }

// end lets go of all that the bufferevent holds, of the callbacks too, because they hold whatever the user's functions refer to.
func (bev *BufferEvent) end(disowned bool) {
	bev.state = closed
	bev.io.Del()
	bev.endExtra()
	bev.settings.transport.close(bev, disowned)
	bev.io.descriptor = -1
	bev.input.Freeze(evbuffer.Front | evbuffer.Back) // first: a clean-up that adds something is refused, and so cleaned up after itself
	bev.output.Freeze(evbuffer.Front | evbuffer.Back)
	bev.input.Reset()
	bev.output.Reset()
	bev.SetCallbacks(nil)
}

// touch has the bufferevent settle at the end of the turn, unless its own code is running, which does so anyway.
func (bev *BufferEvent) touch() {
	bev.io.base.enter("BufferEvent")
	if bev.flags&(busy|touched) != 0 || bev.state == closed {
		return
	}
	bev.flags |= touched
	b := bev.io.base
	b.touched = append(b.touched, bev)
}

// settleTouched settles what was touched by callbacks that were not the bufferevent's own. What these settlings
// touch in turn comes after the next wait.
func (b *Base) settleTouched() {
	n := len(b.touched)
	if n == 0 {
		return
	}
	for i := range n {
		b.touched[i].settle()
	}
	m := copy(b.touched, b.touched[n:])
	clear(b.touched[m:])
	b.touched = b.touched[:m]
}
