package evbuffer

import "slices"

// watching is the part of extra that tells changes of length.
type watching struct {
	watches        []*Watch // oldest first; replaced, never changed in place, because a round may be walking over it
	added, deleted int      // changes not yet told
	telling        bool
}

// A Watch is a callback in place; Remove ends it.
type Watch struct {
	buffer *Buffer
	tell   func(orig, added, deleted int)
}

// OnChange calls tell after every operation that changed the length: orig is the length before it. The newest callback is called
// first. A callback may change the buffer, and add or remove callbacks; what it changed is told to all in a
// further round after this one, not in the middle of it.
func (b *Buffer) OnChange(tell func(orig, added, deleted int)) *Watch {
	x := b.needExtra()
	w := &Watch{buffer: b, tell: tell}
	x.watches = append(slices.Clip(x.watches), w)
	return w
}

// Remove ends the callback: it is not called again, not even in a round that is under way. Once more does nothing.
func (w *Watch) Remove() {
	w.tell = nil
	x := w.buffer.extra
	x.watches = slices.DeleteFunc(slices.Clone(x.watches), func(other *Watch) bool { return other == w })
}

func (b *Buffer) needExtra() *extra {
	b.takeChain()
	if b.extra == nil {
		b.extra = new(extra)
	}
	return b.extra
}

// changed tells the callbacks that added bytes came and deleted bytes went.
func (b *Buffer) changed(added, deleted int) {
	x := b.extra
	if x == nil || len(x.watches) == 0 {
		return
	}
	x.added += added
	x.deleted += deleted
	if x.telling {
		return
	}
	x.telling = true
	for x.added != 0 || x.deleted != 0 {
		b.tellRound()
	}
	x.telling = false
}

func (b *Buffer) tellRound() {
	x := b.extra
	added, deleted := x.added, x.deleted
	x.added, x.deleted = 0, 0
	orig := b.length - added + deleted
	for _, w := range slices.Backward(x.watches) {
		if w.tell != nil {
			w.tell(orig, added, deleted)
		}
	}
}
