package evbuffer

const (
	// DefaultChunkBytes is the size of a large chunk. With 64 KiB one read takes what a socket usually has; buffers much
	// smaller than the messages cost dearly (4 KiB for messages of 64 KiB: four times the CPU time).
	DefaultChunkBytes = 64 << 10

	smallShare = 32  // a small chunk is this part of a large one
	tinyShare  = 256 // and a tiny one this
	shortShare = 8   // a buffer shorter than this part of a large chunk prefers small ones

	keptShare = 8 // the free chunks of a lesser size take this part of the memory of the large ones
)

// A Pool keeps the drained chunks of one loop for their next use, the most recently used first: its memory
// is still in the processor's cache. One goroutine owns a pool and all buffers on it.
type Pool struct {
	large, small, tiny shelf
	chains             chains
	empty              emptyChains
}

// unpooled stands in where a buffer has no pool. It keeps nothing, so all buffers may use it at once.
var unpooled = NewPool(DefaultChunkBytes, 0)

// NewPool returns a pool with large chunks of chunkBytes (0: DefaultChunkBytes) that keeps up to keep free ones, and of each lesser size as
// many as take an eighth of their memory. The lesser ones are many where many connections have a short message under way at once. What
// comes back beyond that is left to the garbage collector.
func NewPool(chunkBytes, keep int) *Pool {
	if chunkBytes <= 0 {
		chunkBytes = DefaultChunkBytes
	}
	p := &Pool{
		large:  shelf{chunkBytes: chunkBytes, keep: keep},
		small:  shelf{chunkBytes: max(1, chunkBytes/smallShare), keep: keep * smallShare / keptShare},
		tiny:   shelf{chunkBytes: max(1, chunkBytes/tinyShare), keep: keep * tinyShare / keptShare},
		chains: chains{keep: keep * tinyShare / keptShare}, // of 56 bytes: one for each tiny chunk
	}
	for frozen := range p.empty {
		p.empty[frozen] = chain{pool: p, frozen: Side(frozen)}
	}
	return p
}

// contiguous returns an empty chunk of at least size bytes, made to measure if it must be larger than a large one.
func (p *Pool) contiguous(size int) *chunk {
	switch {
	case size <= p.small.chunkBytes:
		return p.small.take()
	case size <= p.large.chunkBytes:
		return p.large.take()
	}
	return newChunk(size)
}

// little returns an empty chunk for a piece that a small one holds, in a buffer of length bytes with that piece. A tiny one is only for all
// that a buffer holds: a chain of many tiny chunks would cost more on its way out.
func (p *Pool) little(length int) *chunk {
	if length <= p.tiny.chunkBytes {
		return p.tiny.take()
	}
	return p.small.take()
}

// put takes back a chunk that owns its memory. A size that is not the pool's own (made to measure, or moved
// here from a buffer with another pool) is left to the garbage collector.
func (p *Pool) put(c *chunk) {
	if shelf := p.shelf(len(c.memory)); shelf != nil {
		shelf.put(c)
	}
}

// shelf is where chunks of a size lie; nil if that is not the pool's own.
func (p *Pool) shelf(size int) *shelf {
	switch size {
	case p.large.chunkBytes:
		return &p.large
	case p.small.chunkBytes:
		return &p.small
	case p.tiny.chunkBytes:
		return &p.tiny
	}
	return nil
}

// A shelf is the free list of one size. Header and memory stay together, so a round trip allocates neither.
type shelf struct {
	chunkBytes int
	free       *chunk
	count      int
	keep       int
}

func (s *shelf) take() *chunk {
	c := s.free
	if c == nil {
		return newChunk(s.chunkBytes)
	}
	s.free, c.next = c.next, nil
	s.count--
	return c
}

func (s *shelf) put(c *chunk) {
	if s.count >= s.keep {
		return
	}
	c.start, c.end = 0, 0
	c.next, s.free = s.free, c
	s.count++
}
