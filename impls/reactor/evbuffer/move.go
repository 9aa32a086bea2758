package evbuffer

// Append moves all of src to the back of b; src is empty afterwards. Chunks change hands and nothing is copied, except that
// a short single chunk is copied which fits into the room of b's last one, or which a tiny one would hold, if b is not empty: a chain of
// many short chunks would cost more on its way out. Appending a buffer to itself does nothing.
func (b *Buffer) Append(src *Buffer) error {
	if b == src {
		return nil
	}
	if b.Frozen(Back) || src.Frozen(Front) {
		return ErrFrozen
	}
	n := src.length
	if n == 0 {
		return nil
	}
	b.cancelReservation()
	src.cancelReservation()
	if b.fits(src.first) {
		b.write(src.first.bytes())
		src.drop(n)
	} else {
		b.splice(src)
	}
	b.changed(n, 0)
	src.changed(0, n)
	return nil
}

// fits reports whether c is the only chunk of its buffer and better copied behind b's bytes than linked.
func (b *Buffer) fits(c *chunk) bool {
	if b.length == 0 || c.next != nil || c.isFile() {
		return false
	}
	p := b.chunks()
	return c.len() <= max(p.tiny.chunkBytes, min(len(b.last.room()), p.small.chunkBytes))
}

// splice links the whole chain of src, which is not empty, behind b's.
func (b *Buffer) splice(src *Buffer) {
	b.takeChain()
	if b.last == nil {
		b.first = src.first
	} else {
		b.last.next = src.first
	}
	b.last = src.last
	b.length += src.length
	src.lose()
}

// lose empties a buffer whose chunks are another's now.
func (b *Buffer) lose() {
	b.first, b.last, b.length = nil, nil, 0
	b.giveChain()
}

// PrependBuffer moves all of src to the front of b and copies nothing. Prepending a buffer to itself does nothing.
func (b *Buffer) PrependBuffer(src *Buffer) error {
	if b == src {
		return nil
	}
	if b.Frozen(Front) || src.Frozen(Front) {
		return ErrFrozen
	}
	n := src.length
	if n == 0 {
		return nil
	}
	b.cancelReservation()
	src.cancelReservation()
	b.takeChain()
	src.last.next = b.first
	b.first = src.first
	if b.last == nil {
		b.last = src.last
	}
	b.length += n
	src.lose()
	b.changed(n, 0)
	src.changed(0, n)
	return nil
}

// RemoveTo moves up to n bytes from the front of b to the back of dst and returns how many. Whole chunks change hands; of
// the chunk in which the cut falls, a small piece is copied and a large one shared. Nothing moves if a side that it
// concerns is frozen, or if dst is b itself.
func (b *Buffer) RemoveTo(dst *Buffer, n int) int {
	n = min(n, b.Len())
	if n <= 0 || b == dst || b.Frozen(Front) || dst.Frozen(Back) {
		return 0
	}
	b.cancelReservation()
	dst.cancelReservation()
	if n == b.length {
		dst.splice(b)
	} else {
		b.moveSome(dst, n)
	}
	dst.changed(n, 0)
	b.changed(0, n)
	return n
}

// moveSome moves n bytes, which are not all.
func (b *Buffer) moveSome(dst *Buffer, n int) {
	b.length -= n
	for n >= b.first.len() {
		c := b.first
		b.first = c.next
		n -= c.len()
		dst.push(c)
	}
	if c := b.first; n > 0 {
		if !c.isFile() && n <= dst.chunks().small.chunkBytes {
			dst.write(c.bytes()[:n])
		} else {
			dst.push(c.share(c.start, c.start+n))
		}
		c.start += n
	}
	b.settle(b.first)
}
