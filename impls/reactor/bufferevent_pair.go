package reactor

import (
	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// NewPair returns two bufferevents that are connected to each other in memory: what one writes, the other reads. No byte is copied on
// the way, the chunks change hands. Writing is enabled and reading is not.
//
// They behave as on a socket, in all but one thing: nothing is under way between them but what the reader wants. Bytes leave the output of
// the one only while the other has reading enabled and room below its high mark. Each is called in a turn of its own, never from within
// the other, so two that answer each other do not recurse. When one is closed, or has finished writing, the other is told EOF
// (libevent tells nothing). Two ends that both have more in their outputs than the high mark wait for each other, as two on a full connection
// do; where that may be, SetWatermark(Write, 0, 0) takes the mark away. A pair alone does not keep the loop going: nobody but its own callbacks could wake it.
// It panics on a closed base.
func (b *Base) NewPair() (one, other *BufferEvent) {
	b.mustBeOpen("NewPair")
	near, far := new(pairEnd), new(pairEnd)
	near.partner, far.partner = far, near
	near.open(b)
	far.open(b)
	return near.bev, far.bev
}

// Partner is the other end of a pair, nil if bev is none. It may be closed.
func (bev *BufferEvent) Partner() *BufferEvent {
	if e, ok := bev.settings.transport.(*pairEnd); ok {
		return e.partner.bev
	}
	return nil
}

// A pairEnd is the transport of one end.
type pairEnd struct {
	bev     *BufferEvent
	partner *pairEnd
	coming  evbuffer.Buffer // on its way to bev
	ended   bool            // no more will come behind that
	place   int             // in Base.pairs
}

func (e *pairEnd) open(b *Base) {
	s := b.defaultSettings()
	s.transport = e
	e.bev = b.newBufferEvent(-1, s)
	e.bev.state = opened
	e.coming.Init(b.pool)
	e.place = len(b.pairs)
	b.pairs = append(b.pairs, e.bev)
}

func (e *pairEnd) fill(bev *BufferEvent, most int) (int, error) {
	n := e.coming.Len()
	switch {
	case n == 0 && e.ended:
		return 0, nil
	case n == 0:
		return 0, unix.EAGAIN
	}
	moved := e.coming.RemoveTo(&bev.input, min(n, lesser(most, fillBudget)))
	if moved == 0 {
		return 0, evbuffer.ErrFrozen
	}
	if moved < n || e.ended {
		bev.io.Active(Read)
	}
	e.partner.wake(Write)
	return moved, nil
}

func (e *pairEnd) flush(bev *BufferEvent, most int) (int, error) {
	to := e.partner
	if to.bev.state == closed {
		return 0, unix.EPIPE
	}
	if bev.output.Frozen(evbuffer.Front) {
		return 0, evbuffer.ErrFrozen
	}
	n := bev.output.RemoveTo(&to.coming, min(most, to.room()))
	if n == 0 {
		return 0, unix.EAGAIN
	}
	to.wake(Read)
	return n, nil
}

// room is how much may be on its way to the bufferevent.
func (e *pairEnd) room() int {
	if !e.bev.io.what.Has(Read) {
		return 0
	}
	room := writeBudget
	if high := e.bev.settings.readHigh; high > 0 {
		room = min(room, high-e.bev.input.Len())
	}
	return max(0, room-e.coming.Len())
}

// wake has the bufferevent go on in a turn of its own, if it waits for this.
func (e *pairEnd) wake(what What) {
	if what &= e.bev.io.what; what != 0 {
		e.bev.io.Active(what)
	}
}

func (e *pairEnd) watch(bev *BufferEvent, want What) error {
	bev.io.wantInMemory(want)
	if want.Has(Read) {
		if e.coming.Len() > 0 || e.ended {
			bev.io.Active(Read)
		}
		e.partner.wake(Write)
	}
	if want.Has(Write) && (e.partner.bev.state == closed || e.partner.room() > 0) {
		bev.io.Active(Write)
	}
	return nil
}

func (e *pairEnd) reminds() bool { return false }

func (e *pairEnd) closeWrite(*BufferEvent) error {
	e.partner.end()
	return nil
}

// end says that nothing will come behind what is on its way.
func (e *pairEnd) end() {
	e.ended = true
	e.wake(Read)
}

// quiet is always so: what is on its way to the partner gets there without this end.
func (e *pairEnd) quiet(*BufferEvent) bool { return true }

func (e *pairEnd) close(bev *BufferEvent, _ bool) {
	pairs, last := bev.io.base.pairs, len(bev.io.base.pairs)-1
	pairs[e.place] = pairs[last]
	pairs[e.place].settings.transport.(*pairEnd).place = e.place
	pairs[last] = nil
	bev.io.base.pairs = pairs[:last]
	e.coming.Reset()
	e.partner.end()
	e.partner.wake(Write) // which finds the pipe broken
}

// wantInMemory is setInterest for what waits for no descriptor.
func (e *Event) wantInMemory(want What) {
	e.withdraw((Read | Write) &^ want)
	e.what = e.what&^(Read|Write) | want
}
