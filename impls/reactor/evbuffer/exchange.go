package evbuffer

// Exchange appends the first n bytes of memory without copying them: the memory becomes the buffer's own, and the caller gets as much of the
// pool's in return, with nothing in it that counts. So a fixed stock of memory that bytes come into, such as buffers that the kernel fills, is
// passed on and renewed without an allocation.
//
// The memory must have exactly the size of one kind of the pool's chunks ([Pool.ChunkBytes], or a 32nd or 256th part of it) and belong to
// nobody else. Otherwise,
// and if n is not within it, or above 0, or the back is frozen, nothing changes and the answer is nil: copy the bytes then.
func (b *Buffer) Exchange(memory []byte, n int) []byte {
	if b.Frozen(Back) {
		return nil
	}
	shelf := b.chunks().shelf(len(memory))
	if shelf == nil || n <= 0 || n > len(memory) {
		return nil
	}
	b.cancelReservation()
	c := shelf.take()
	other := c.memory
	c.memory, c.end = memory, n
	b.push(c)
	b.settle(c)
	b.changed(n, 0)
	return other
}
