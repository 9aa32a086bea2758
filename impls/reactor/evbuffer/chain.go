package evbuffer

// A chain is the content of a buffer, and all that is known of it.
//
// Nearly all buffers of a server are empty at any time, and an empty one needs nothing of its own: it points to the empty chain of its pool,
// which it shares with all the others and which is never written. The first byte has it take a chain from the pool, and the last
// one give it back. So an idle connection pays 8 bytes for a buffer, and whoever keeps a pointer to the buffer does not notice.
type chain struct {
	first, last *chunk // both nil when empty
	length      int
	pool        *Pool
	extra       *extra // nil until a callback or a reservation needs it
	next        *chain // the next one that waits in the pool
	frozen      Side
	own         bool // one buffer's alone; the others are the pool's empty ones, and only read
}

// extra is what few buffers need. The chain that has one is not given back.
type extra struct {
	watching
	reservation
}

// takeChain makes the chain the buffer's own, to be written.
func (b *Buffer) takeChain() {
	if b.chain == nil { // the zero value
		b.Init(nil)
	}
	if !b.own {
		b.chain = b.pool.takeChain(b.frozen)
	}
}

// giveChain does without a chain of one's own, if the buffer is empty and nothing else is to be remembered.
func (b *Buffer) giveChain() {
	if b.own && b.first == nil && b.extra == nil {
		given := b.chain
		b.chain = &b.pool.empty[b.frozen]
		given.pool.putChain(given)
	}
}

// emptyChains are the shared ones, by the sides that are frozen.
type emptyChains [(Front | Back) + 1]chain

// chains are the free ones of a pool.
type chains struct {
	free  *chain
	count int
	keep  int
}

func (p *Pool) takeChain(frozen Side) *chain {
	c := p.chains.free
	if c == nil {
		return &chain{pool: p, frozen: frozen, own: true}
	}
	p.chains.free, c.next = c.next, nil
	p.chains.count--
	c.frozen = frozen
	return c
}

func (p *Pool) putChain(c *chain) {
	if p.chains.count < p.chains.keep {
		c.next, p.chains.free = p.chains.free, c
		p.chains.count++
	}
}
