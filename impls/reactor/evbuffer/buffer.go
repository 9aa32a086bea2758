package evbuffer

import "errors"

// ErrFrozen is the answer to a change at a frozen side, see [Buffer.Freeze]. Nothing has changed then.
var ErrFrozen = errors.New("evbuffer: this side is frozen")

// A Buffer is a queue of bytes: written at the back, drained from the front. The zero value is an empty
// buffer without a pool. It must not be copied.
//
// 8 bytes on a 64-bit machine; a connection has two of them, and nothing else while it is idle: see chain.go.
type Buffer struct {
	_ noCopy
	*chain
}

// noCopy makes go vet report a copied Buffer: two heads of one chain.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// New returns an empty buffer on pool, which may be nil.
func New(pool *Pool) *Buffer {
	b := new(Buffer)
	b.Init(pool)
	return b
}

// Init prepares a buffer that is a field of a larger struct. Call it before the first use.
func (b *Buffer) Init(pool *Pool) {
	if pool == nil {
		pool = unpooled
	}
	b.chain = &pool.empty[0]
}

// Len is the number of bytes in the buffer.
func (b *Buffer) Len() int {
	if b.chain == nil { // the zero value
		b.Init(nil)
	}
	return b.length
}

// Write appends a copy of p. It is an io.Writer, so fmt.Fprintf writes into a buffer too.
func (b *Buffer) Write(p []byte) (int, error) {
	if b.Frozen(Back) {
		return 0, ErrFrozen
	}
	b.cancelReservation()
	b.write(p)
	b.changed(len(p), 0)
	return len(p), nil
}

func (b *Buffer) write(p []byte) {
	p = p[b.extend(copy(b.last.room(), p)):]
	for len(p) > 0 {
		c := b.newChunk(len(p))
		c.end = copy(c.memory, p)
		p = p[c.end:]
		b.push(c)
	}
}

// Prepend puts a copy of p in front.
func (b *Buffer) Prepend(p []byte) error {
	if b.Frozen(Front) {
		return ErrFrozen
	}
	b.cancelReservation()
	added := len(p)
	if slack := min(b.first.slack(), len(p)); slack > 0 {
		b.first.start -= slack
		b.length += slack
		p = p[:len(p)-copy(b.first.bytes(), p[len(p)-slack:])]
	}
	for len(p) > 0 { // from back to front, each at the end of its chunk: what is prepended next finds slack
		c := b.newChunk(len(p))
		c.end = len(c.memory)
		c.start = max(0, c.end-len(p))
		p = p[:len(p)-copy(c.bytes(), p[max(0, len(p)-c.end):])]
		b.unshift(c)
	}
	b.changed(added, 0)
	return nil
}

// Drain removes up to n bytes from the front and returns how many: fewer if there are fewer, none if the front is frozen.
func (b *Buffer) Drain(n int) int {
	n = min(n, b.Len())
	if n <= 0 || b.Frozen(Front) {
		return 0
	}
	b.drop(n)
	b.changed(0, n)
	return n
}

// Reset drops everything, frozen or not: the way in which an owner ends its buffer. Callbacks stay.
func (b *Buffer) Reset() {
	n := b.Len()
	b.drop(n)
	b.changed(0, n)
}

// drop removes exactly n bytes. The chain is whole again before the first chunk is released, because releasing
// may call a cleanup function, and that one may use the buffer.
func (b *Buffer) drop(n int) {
	b.cancelReservation()
	b.releaseAll(b.detach(n))
}

// detach removes exactly n bytes and returns the chunks that this emptied, linked.
func (b *Buffer) detach(n int) *chunk {
	if n == 0 {
		return nil
	}
	b.length -= n
	gone, last := b.first, (*chunk)(nil)
	for n > 0 && n >= b.first.len() {
		last = b.first
		n -= last.len()
		b.first = last.next
	}
	if b.first == nil {
		b.last = nil
		b.giveChain()
	} else {
		b.first.start += n
		b.settle(b.first)
	}
	if last == nil {
		return nil
	}
	last.next = nil
	return gone
}

func (b *Buffer) releaseAll(c *chunk) {
	for c != nil {
		next := c.next
		b.release(c)
		c = next
	}
}

// release ends a chunk that is in no chain any more.
func (b *Buffer) release(c *chunk) {
	if c.source == nil || c.leave() {
		b.chunks().put(c)
	}
}

// chunks is where chunks come from and go to.
func (b *Buffer) chunks() *Pool { return b.pool }

// newChunk returns an empty chunk that suits a further n bytes; it need not hold all of them.
func (b *Buffer) newChunk(n int) *chunk {
	p := b.chunks()
	if n <= p.small.chunkBytes && b.isShort() {
		return p.little(b.length + n)
	}
	return p.large.take()
}

func (b *Buffer) isShort() bool { return b.length < b.chunks().large.chunkBytes/shortShare }

// settle copies what little a large chunk holds into a small or tiny one and gives the large one back. The link stays where it
// is and only changes its memory, so the chain need not be mended.
func (b *Buffer) settle(c *chunk) {
	c.reclaim()
	p := b.chunks()
	if c.source != nil || len(c.memory) < p.large.chunkBytes || c.len() > p.small.chunkBytes || !b.isShort() {
		return
	}
	other := p.little(b.length)
	n := copy(other.memory, c.bytes())
	c.memory, other.memory = other.memory, c.memory
	c.start, c.end = 0, n
	p.put(other)
}

// extend counts n bytes in that were written into the room of the last chunk, and returns n.
func (b *Buffer) extend(n int) int {
	if n > 0 { // without room there may be no last chunk
		b.last.end += n
		b.length += n
	}
	return n
}

// push links a chunk behind the last.
func (b *Buffer) push(c *chunk) {
	b.takeChain()
	c.next = nil
	if b.last == nil {
		b.first = c
	} else {
		b.last.next = c
	}
	b.last = c
	b.length += c.len()
}

// unshift links a chunk before the first.
func (b *Buffer) unshift(c *chunk) {
	b.takeChain()
	c.next = b.first
	b.first = c
	if b.last == nil {
		b.last = c
	}
	b.length += c.len()
}
