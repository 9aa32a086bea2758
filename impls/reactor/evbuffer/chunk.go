package evbuffer

// A chunk is a link of the chain: a window [start, end) on its storage. In a chain it is never empty.
type chunk struct {
	next       *chunk
	memory     []byte  // all of the storage, not the window; nil when the storage is a file
	start, end int     // the window; offsets into memory, or into the file
	source     *source // nil: memory is this chunk's alone and may be written outside the window
}

// A source is storage that a chunk does not own alone.
type source struct {
	holders int    // the chunks whose window lies on it
	file    int    // descriptor, when the chunks have no memory
	release func() // called when the last holder is gone; nil when the memory came from a chunk and may return to a pool
}

func newChunk(size int) *chunk { return &chunk{memory: make([]byte, size)} }

func (c *chunk) len() int { return c.end - c.start }

func (c *chunk) isFile() bool { return c.memory == nil }

// bytes is the window. Its capacity ends with it, so that nobody appends into the room behind.
func (c *chunk) bytes() []byte { return c.memory[c.start:c.end:c.end] }

// room is the memory behind the window that may be written; none in an absent or shared chunk.
func (c *chunk) room() []byte {
	if c == nil || c.source != nil {
		return nil
	}
	return c.memory[c.end:]
}

// slack is the number of bytes before the window that may be written.
func (c *chunk) slack() int {
	if c == nil || c.source != nil {
		return 0
	}
	return c.start
}

// share gives a second chunk with its own window on the same storage. From now on both may only be read:
// memory before one window may be the inside of the other.
func (c *chunk) share(start, end int) *chunk {
	if c.source == nil {
		c.source = &source{holders: 1}
	}
	c.source.holders++
	return &chunk{memory: c.memory, start: start, end: end, source: c.source}
}

// leave gives up the chunk's part in its source and reports whether the memory is now the chunk's own.
func (c *chunk) leave() bool {
	s := c.source
	c.source = nil
	s.holders--
	if s.holders > 0 {
		return false
	}
	if s.release != nil {
		s.release()
		return false
	}
	return true
}

// reclaim makes memory writable again that was shared with chunks that are gone by now.
func (c *chunk) reclaim() {
	if s := c.source; s != nil && s.holders == 1 && s.release == nil {
		c.source = nil
	}
}
