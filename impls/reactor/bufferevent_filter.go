package reactor

import (
	"errors"

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
// It panics if there is no underlying one, or if that is closed, is closing or has a filter already.
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

	taken    int   // bytes that have left the output; its length would not tell, for out may write to it
	more     bool  // the last fill has left something undone, or more came since
	ended    bool  // the underlying one has come to its end,
	failure  error // by this error
	inputErr error // how the input has ended: io.EOF, or what went wrong
	pending  FlushMode
	running  bool // out is: it is not called from within itself
	putOff   bool // a timeout was put off by a turn
	lastWord bool // closing lets the underlying output be written first
	keep     bool // closing leaves the underlying one open,
	marked   bool // and takes back the low mark of its output
}

func (f *filter) open(under *BufferEvent) *BufferEvent {
	if under == nil {
		panic("reactor: a filter over nothing")
	}
	if under.state >= draining || under.needExtra().above != nil {
		panic("reactor: a filter over a bufferevent that is closed or has one already")
	}
	s := under.io.base.defaultSettings()
	s.transport = f
	f.under, f.bev = under, under.io.base.newBufferEvent(-1, s)
	f.bev.io.priority = under.io.priority
	f.bev.flags |= under.flags & lastInput
	f.bev.output.OnChange(func(_, _, deleted int) { f.taken += deleted })
	f.ended = under.flags&sawEOF != 0
	under.needExtra().above = f.bev
	if s := under.settings; s.writeLow == 0 && s.writeHigh > 0 {
		own := *s
		own.writeLow = s.resumeMark() // with OnWrite only at 0 the kernel would run dry in between
		under.settings = under.io.base.share(own)
		f.marked = true
	}
	under.SetCallbacks(&Callbacks{f.underReads, f.underWrote, f.underTells})
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

func (f *filter) reminds() bool { return false }

// hoards: what the underlying one has read, and what that hoards itself.
func (f *filter) hoards(*BufferEvent) bool { return f.under.hoards() || f.more }

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
	under.SetCallbacks(nil)
	switch {
	case f.keep:
		f.unmark()
		under.Disable(Read)
		under.stopReading()
	case f.lastWord:
		under.CloseAfterFlush()
	default:
		under.Close()
	}
}

func (f *filter) unmark() {
	if s := *f.under.settings; f.marked && s.writeLow == s.resumeMark() {
		s.writeLow = 0
		f.under.settings = f.under.io.base.share(s)
	}
}
