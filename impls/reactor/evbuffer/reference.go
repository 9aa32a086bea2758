package evbuffer

// AddReference appends memory that belongs to the caller without copying it. The memory must not change until cleanup is called,
// which happens exactly once: when its last byte has left the last buffer that holds it, or before AddReference
// returns if there is nothing to add or the back is frozen. cleanup may be nil, and may use the buffer.
func (b *Buffer) AddReference(memory []byte, cleanup func()) error {
	if cleanup == nil {
		cleanup = func() {}
	}
	if b.Frozen(Back) {
		cleanup()
		return ErrFrozen
	}
	if len(memory) == 0 {
		cleanup()
		return nil
	}
	b.cancelReservation()
	b.push(&chunk{
		memory: memory,
		end:    len(memory),
		source: &source{holders: 1, release: cleanup},
	})
	b.changed(len(memory), 0)
	return nil
}

// AddBufferReference appends the present content of src and leaves it in src too: both hold the same chunks, neither may write
// into them, and the memory is free when the last one has drained it. So one message goes to a thousand connections
// and is in memory once. What later happens to either buffer does not concern the other. All of them must
// belong to one goroutine.
func (b *Buffer) AddBufferReference(src *Buffer) error {
	if b.Frozen(Back) {
		return ErrFrozen
	}
	n := src.Len()
	if n == 0 {
		return nil
	}
	b.cancelReservation()
	src.cancelReservation() // its last chunk's room is no longer to be written
	for c, last := src.first, src.last; ; c = c.next {
		b.push(c.share(c.start, c.end))
		if c == last { // not the end of the chain, if b is src itself
			break
		}
	}
	b.changed(n, 0)
	return nil
}
