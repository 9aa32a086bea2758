package reactor

import (
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// A Transform moves bytes from src to dst and changes them on the way: a framing, a compression, a cipher. nil is the one that
// changes nothing.
//
// It is called again and again as long as it makes progress. Of src it takes as much as it likes; to dst it should
// add at most most bytes (0 is without bound), and may go over by one unit of its own. On its way out the call that leaves src empty has
// to do what flush asks for. It answers
//
//	nil          if something was moved, and more may be
//	ErrNeedMore  if what src has is not enough, or nothing
//	io.EOF       if the stream has ended in itself (input only)
//	other        if src makes no sense: told as an Error, with this behind [BufferEvent.Err]
//
// It runs in the goroutine of the loop and must not block; see [Streaming] for code that does. It may write to its own bufferevent,
// and is not called from within itself.
type Transform func(dst, src *evbuffer.Buffer, most int, flush FlushMode) error

// ErrNeedMore is a [Transform]'s answer to too little input.
var ErrNeedMore = errors.New("the filter needs more bytes to go on")

// A FlushMode says how much a [Transform] may keep for later.
type FlushMode uint8

const (
	Normal   FlushMode = iota // as it likes
	Flushing                  // nothing that could go: the other side shall be able to use all that was written
	Finished                  // nothing at all: the stream ends here
)

// A FilterOption is an argument of [NewFilter].
type FilterOption func(*filter)

// KeepUnderlying has the underlying bufferevent outlive the filter: it is the caller's again then, without callbacks and with reading
// disabled. Without this option it is closed with the filter.
func KeepUnderlying() FilterOption { return func(f *filter) { f.keep = true } }

// OnRelease has call called, once, when the filter is closed: transforms may hold something to be given back.
func OnRelease(call func()) FilterOption {
	return func(f *filter) { f.releases = append(f.releases, call) }
}

// NewFilter returns a bufferevent that reads and writes through another one: in changes what comes, out what goes. Writing is enabled and
// reading is not.
//
// The underlying bufferevent belongs to the filter from then on, with its callbacks and what it has enabled; its marks, limits and
// descriptor may still be set and asked for. Nothing is taken from it, and it does not read, unless the filter is reading and below its
// high mark. Its end, its errors and its timeouts are told by the filter. CloseWrite and CloseAfterFlush call out with
// Finished, and then do with the underlying one what they are called, so that no byte is lost in between (libevent loses what
// the underlying has not yet written). Filters may be stacked.
//
// It panics if the underlying one is closed or has a filter already.
func NewFilter(underlying *BufferEvent, in, out Transform, options ...FilterOption) *BufferEvent {
	f := &filter{in: in, out: out}
	if in == nil {
		f.in = passOn
	}
	if out == nil {
		f.out = passOn
	}
	for _, option := range options {
		option(f)
	}
	return f.open(underlying)
}

// Underlying is what a filter reads and writes through, nil if bev is none.
func (bev *BufferEvent) Underlying() *BufferEvent {
	if f := bev.filter(); f != nil {
		return f.under
	}
	return nil
}

func (bev *BufferEvent) filter() *filter {
	f, _ := bev.settings.transport.(*filter)
	return f
}

// top is the filter above all others.
func (bev *BufferEvent) top() *BufferEvent {
	for bev.settings.extra != nil && bev.settings.extra.above != nil {
		bev = bev.settings.extra.above
	}
	return bev
}

func passOn(dst, src *evbuffer.Buffer, most int, _ FlushMode) error {
	if src.Len() == 0 {
		return ErrNeedMore
	}
	if src.RemoveTo(dst, lesser(src.Len(), most)) == 0 {
		return evbuffer.ErrFrozen
	}
	return nil
}

// A filter is the transport of one bufferevent.
//
// It works within the turn of the underlying one: bytes that come in are transformed, answered and written by one settling of the whole
// stack, so an echo through a filter is one read and one write too.
type filter struct {
	bev, under *BufferEvent
	in, out    Transform
	begin      func() error // what has to succeed before bytes flow, or nil; ErrNeedMore until it has ended
	releases   []func()
	tls        *secured // nil: another filter

	more     bool  // the last fill has left something undone
	ended    bool  // the underlying one has come to its end,
	failure  error // by this error
	inputErr error // how the input has ended: io.EOF, or what went wrong
	pending  FlushMode
	running  bool // out is: it is not called from within itself
	lastWord bool // closing lets the underlying output be written first
	keep     bool
}

func (f *filter) open(under *BufferEvent) *BufferEvent {
	if under.state >= draining || under.needExtra().above != nil {
		panic("reactor: a filter over a bufferevent that is closed or has one already")
	}
	s := under.io.base.defaultSettings()
	s.transport = f
	f.under, f.bev = under, under.io.base.newBufferEvent(-1, s)
	f.bev.io.priority = under.io.priority
	f.ended = under.flags&sawEOF != 0
	under.needExtra().above = f.bev
	if s := under.settings; s.writeLow == 0 && s.writeHigh > 0 {
		own := *s
		own.writeLow = s.resumeMark() // with OnWrite only at 0 the kernel would run dry in between
		under.settings = under.io.base.share(own)
	}
	under.onRead, under.onWrite, under.onEvent = f.underReads, f.underWrote, f.underTells
	under.Disable(Read)
	under.Enable(Write)
	switch {
	case under.state < opened:
		f.bev.state = under.state
	case f.begin != nil:
		f.bev.state = connecting
		f.bev.io.Active(Write) // the first step is for the loop to make
	default:
		f.bev.state = opened
	}
	return f.bev
}

func (f *filter) connect(network, address string) error {
	if err := f.under.Connect(network, address); err != nil {
		return err
	}
	f.bev.state = connecting
	f.bev.touch()
	return nil
}

// advance makes the next step of what has to come before the bytes.
func (f *filter) advance() {
	if f.under.state < opened {
		return
	}
	var err error
	if f.begin != nil {
		err = f.begin()
	}
	switch {
	case f.bev.state == closed: // by a callback of the step
	case err == ErrNeedMore:
		f.under.Enable(Read)
	case err != nil:
		f.begin = nil
		f.bev.notConnected(err)
	default:
		f.begin, f.more = nil, true
		f.under.Disable(Read)
		f.bev.nowConnected()
	}
}

// within runs what the underlying one has brought as the bufferevent's own code.
func (f *filter) within(do func()) {
	f.bev.flags |= busy
	do()
	f.bev.settle()
}

func (f *filter) underReads() {
	switch {
	case f.bev.state == connecting:
		f.within(f.advance)
	case f.bev.io.what.Has(Read):
		f.bev.ready(Read)
	}
}

func (f *filter) underWrote() {
	if f.bev.flags&blocked != 0 {
		f.bev.ready(Write)
	}
}

// underTells passes on what happened below: an end or an error of reading behind the bytes that came before it.
func (f *filter) underTells(outcome Outcome) {
	direction := outcome & (Reading | Writing)
	switch {
	case outcome.Has(Connected):
		f.bev.state = connecting
		f.within(f.advance)
		return
	case outcome.Has(Timeout):
		f.within(func() { f.bev.timedOut(direction) })
		return
	case outcome.Has(Error) && direction.Has(Writing) && f.bev.state <= connecting:
		f.within(func() { f.bev.notConnected(f.under.Err()) })
		return
	case outcome.Has(Error) && direction == Reading|Writing:
		f.within(func() { f.bev.fail(direction, f.under.Err()) })
		return
	case outcome.Has(Error) && direction.Has(Writing):
		f.within(func() { f.bev.fail(Writing, f.under.Err()) })
	}
	if !direction.Has(Reading) || f.bev.state == closed {
		return
	}
	f.ended = true
	if outcome.Has(Error) {
		f.failure = f.under.Err()
	}
	f.underReads()
}

// A fillBudget bounds what one fill brings where no read call does: the others wait for that long.
const fillBudget = 64 << 10

func (f *filter) fill(bev *BufferEvent, most int) (int, error) {
	before := bev.input.Len()
	err := f.pull(lesser(most, fillBudget))
	n := max(0, bev.input.Len()-before)
	f.more = err != ErrNeedMore
	f.under.touch() // there may be room now
	if f.more {
		f.under.Disable(Read)
	} else {
		f.under.Enable(Read)
	}
	switch {
	case n > 0 && f.more:
		bev.io.Active(Read)
		return n, nil
	case n > 0 || err == nil:
		return n, nil
	case err == ErrNeedMore:
		return 0, unix.EAGAIN
	case err == io.EOF:
		return 0, nil
	}
	return 0, err
}

// pull calls in until it has brought most bytes (nil), needs more, or has come to the end.
func (f *filter) pull(most int) error {
	src, dst := &f.under.input, &f.bev.input
	for limit := dst.Len() + most; f.inputErr == nil && dst.Len() < limit; {
		mode := Normal
		if f.ended && f.failure == nil {
			mode = Finished
		}
		had, held := src.Len(), dst.Len()
		err := f.in(dst, src, limit-held, mode)
		stuck := err == nil && src.Len() == had && dst.Len() == held
		switch {
		case err != nil && err != ErrNeedMore:
			f.inputErr = err
		case (stuck || err == ErrNeedMore) && f.ended:
			f.inputErr = f.ending()
		case stuck || err == ErrNeedMore:
			return ErrNeedMore
		}
	}
	return f.inputErr
}

// ending is how the input ends when nothing more can be made of what came.
func (f *filter) ending() error {
	switch {
	case f.failure != nil:
		return f.failure
	case f.under.input.Len() > 0:
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

func (f *filter) flush(bev *BufferEvent, most int) (int, error) {
	length := bev.output.Len()
	if f.under.flags&outputOver != 0 {
		return 0, unix.EPIPE
	}
	err := f.push(most, f.pending)
	n := max(0, length-bev.output.Len())
	if bev.output.Len() == 0 {
		f.pending = Normal
	}
	switch {
	case err == nil && n == 0:
		err = unix.EAGAIN // underWrote says when to go on,
	case err == nil && n < length && f.room() > 0:
		bev.io.Active(Write) // and nobody does after most bytes
	}
	return n, err
}

// push calls out, and notes whether it could do nothing with what is left.
func (f *filter) push(most int, mode FlushMode) error {
	f.running = true
	err := f.transformOutput(most, mode)
	f.running = false
	f.under.touch()
	if left := f.bev.output.Len(); err == ErrNeedMore && left > 0 {
		f.bev.needExtra().starved = left
	} else if x := f.bev.settings.extra; x != nil {
		x.starved = 0
	}
	return err
}

// transformOutput calls out until the output is empty, most of it is gone or the underlying output is at its high mark (all of them nil), or
// until out needs more. A flush is called for even without output, and does not mind the mark.
func (f *filter) transformOutput(most int, mode FlushMode) error {
	src, dst := &f.bev.output, &f.under.output
	for left, asked := src.Len()-most, false; ; asked = true {
		last := mode != Normal && !asked
		if !last && (src.Len() == 0 || mode != Finished && (src.Len() <= left || f.room() == 0)) {
			return nil
		}
		had, held := src.Len(), dst.Len()
		room := f.room()
		if room == math.MaxInt {
			room = 0
		}
		err := f.transformSome(src.Len()-left, room, mode)
		if err == nil && src.Len() == had && dst.Len() == held {
			err = ErrNeedMore
		}
		if err == ErrNeedMore && src.Len() == 0 {
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// room is how much the underlying output takes before it is at its high mark.
func (f *filter) room() int { return f.under.Room() }

func (f *filter) watch(bev *BufferEvent, want What) error {
	bev.io.wantInMemory(want)
	switch {
	case bev.state <= connecting: // the handshake sees to it
	case want.Has(Read) && (f.more || f.ended || f.inputErr != nil || f.under.input.Len() > 0):
		bev.io.Active(Read)
	case want.Has(Read):
		f.under.Enable(Read)
	default:
		f.under.Disable(Read)
	}
	if want.Has(Write) && bev.state > connecting && f.room() > 0 {
		bev.io.Active(Write)
	}
	return nil
}

// transformSome calls out with the first most bytes of the output, so that a limit is kept, or with all if it can do nothing with those.
func (f *filter) transformSome(most, room int, mode FlushMode) error {
	src, dst := &f.bev.output, &f.under.output
	if src.Len() > most && most > 0 {
		some := evbuffer.New(f.bev.io.base.pool)
		src.RemoveTo(some, most)
		err := f.out(dst, some, room, Normal)
		untouched := some.Len() == most
		src.PrependBuffer(some)
		if err != ErrNeedMore || !untouched {
			return err
		}
	}
	return f.out(dst, src, room, mode)
}

// finish gives the underlying one the last that out has to say.
func (f *filter) finish() error {
	if f.under.flags&outputOver != 0 {
		return nil
	}
	err := f.push(math.MaxInt, Finished)
	if left := f.bev.output.Len(); err == ErrNeedMore {
		err = fmt.Errorf("the filter can make nothing of its last %d bytes: %w", left, io.ErrUnexpectedEOF)
	}
	f.bev.output.Reset()
	return err
}

func (f *filter) closeWrite(*BufferEvent) error {
	err := f.finish()
	f.under.CloseWrite()
	return err
}

// handOver leaves to the underlying one what a closing filter still has to deliver.
func (f *filter) handOver() {
	if f.bev.flags&outputOver == 0 {
		f.finish()
	}
	f.lastWord = true
	f.bev.Close()
}

func (f *filter) quiet(*BufferEvent) bool { return true }

func (f *filter) close(*BufferEvent, bool) {
	for _, release := range f.releases {
		release()
	}
	under := f.under
	if under.state == closed {
		return
	}
	under.settings.extra.above = nil
	under.onRead, under.onWrite, under.onEvent = nil, nil, nil
	switch {
	case f.keep:
		under.Disable(Read)
	case f.lastWord:
		under.CloseAfterFlush()
	default:
		under.Close()
	}
}

// flushNow calls out for what it keeps; if that is not possible now, with the output that waits.
func (f *filter) flushNow(mode FlushMode) {
	if f.running || f.bev.state <= connecting || f.bev.output.Len() > 0 && !f.bev.starved() {
		f.pending = max(f.pending, mode)
		f.bev.touch()
		return
	}
	if err := f.push(math.MaxInt, mode); err != nil && err != ErrNeedMore {
		f.within(func() { f.bev.fail(Writing, err) })
	}
}
