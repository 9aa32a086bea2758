package evbuffer

// Exchange appends the first n bytes of memory without copying them: the memory becomes the buffer's own, and the caller gets as much of the
// pool's in return, with nothing in it that counts. So a fixed stock of memory that bytes come into, such as buffers that the kernel fills, is
// passed on and renewed without an allocation.
//
// The memory must have exactly the size of the pool's large chunks (see [Pool.ChunkBytes]) and belong to nobody else. Otherwise,
// and if n is not within it, or above 0, or the back is frozen, nothing changes and the answer is nil: copy the bytes then.
func (b *Buffer) Exchange(memory []byte, n int) []byte {
	if b.Frozen(Back) {
		return nil
	}
	p := b.chunks()
	if len(memory) != p.large.chunkBytes || n <= 0 || n > len(memory) {
		return nil
	}
	b.cancelReservation()
	c := p.large.take()
	other := c.memory
	c.memory, c.end = memory, n
	b.push(c)
	b.settle(c)
	b.changed(n, 0)
	return other
}
