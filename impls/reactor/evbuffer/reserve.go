package evbuffer

import "errors"

// ErrNotReserved is Commit's answer when there is no reservation, or not one of that size.
var ErrNotReserved = errors.New("evbuffer: more committed than is reserved")

// maxReserve bounds a reservation: whoever asks for more than 1 GiB has made a mistake in the size.
const maxReserve = 1 << 30

// reservation is the part of extra for space that was handed out and is not yet committed.
type reservation struct {
	room   int    // reserved bytes in the room of the last chunk
	spares *chunk // further chunks, linked; empty, not in the chain
	space  int    // all reserved bytes; 0: there is no reservation
}

// Reserve returns at least n contiguous bytes at the back to write into; Commit makes the first of them part of the
// buffer. The space is yours until the buffer is next changed in any other way. It is nil if n is not positive or
// beyond reason (1 GiB), or if the back is frozen. A second Reserve takes the place of the first.
func (b *Buffer) Reserve(n int) []byte {
	var one [1][]byte
	if b.ReserveVec(one[:], n) == 0 {
		return nil
	}
	return one[0]
}

// ReserveVec reserves like Reserve, but the n bytes may lie in several extents: it fills vecs and returns how many it used, as
// readv wants it. Commit counts through the extents in their order.
func (b *Buffer) ReserveVec(vecs [][]byte, n int) int {
	if n <= 0 || n > maxReserve || len(vecs) == 0 || b.Frozen(Back) {
		return 0
	}
	b.cancelReservation()
	used := 0
	r := &b.needExtra().reservation
	if room := b.last.room(); len(room) >= n || len(room) > 0 && len(vecs) > 1 {
		vecs[0] = room
		used++
		r.room, r.space = len(room), len(room)
	}
	for end := &r.spares; r.space < n; end = &(*end).next {
		c := b.spare(n-r.space, len(vecs)-used)
		vecs[used] = c.memory
		used++
		r.space += len(c.memory)
		*end = c
	}
	return used
}

// spare returns an empty chunk for a further n bytes; the last of the extents must hold all of them.
func (b *Buffer) spare(n, extents int) *chunk {
	if extents == 1 {
		return b.chunks().contiguous(n)
	}
	return b.newChunk(n)
}

// Commit makes the first n bytes of the reserved space part of the buffer; the rest is given back.
func (b *Buffer) Commit(n int) error {
	switch {
	case b.Frozen(Back):
		return ErrFrozen
	case n < 0 || b.extra == nil && n > 0 || b.extra != nil && n > b.extra.space:
		return ErrNotReserved
	case n == 0:
		b.cancelReservation()
		return nil
	}
	r := &b.extra.reservation
	for left := n - b.extend(min(n, r.room)); left > 0; {
		c := r.spares
		r.spares = c.next
		c.end = min(left, len(c.memory))
		left -= c.len()
		b.push(c)
		b.settle(c)
	}
	b.cancelReservation()
	b.changed(n, 0)
	return nil
}

// cancelReservation takes reserved space back. Everything that changes the chain calls it first: it may end or move the
// chunk whose room was handed out.
func (b *Buffer) cancelReservation() {
	if b.extra == nil || b.extra.space == 0 {
		return
	}
	r := &b.extra.reservation
	b.releaseAll(r.spares)
	*r = reservation{}
}
