package evbuffer

// Takes reports whether the memory that the buffer keeps is more than most bytes. Len is not enough to know it: a chunk of which a
// part is drained, or was never filled, is kept as a whole. Of shared memory only the window counts, and of a file nothing.
func (b *Buffer) Takes(most int) bool {
	if b.Len() == 0 {
		return false
	}
	for c := b.first; c != nil; c = c.next {
		if most -= c.takes(); most < 0 {
			return true
		}
	}
	return false
}

func (c *chunk) takes() int {
	switch {
	case c.isFile():
		return 0
	case c.source != nil:
		return c.len()
	}
	return len(c.memory)
}

// ChunkBytes is the size of the pool's large chunks.
func (p *Pool) ChunkBytes() int { return p.large.chunkBytes }
