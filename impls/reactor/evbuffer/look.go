package evbuffer

import "io"

// Contiguous is the number of bytes at the front that Pullup returns without copying.
func (b *Buffer) Contiguous() int {
	if b.Len() == 0 || b.first.isFile() {
		return 0
	}
	return b.first.len()
}

// Read moves bytes from the front into p. It is an io.Reader: an empty buffer answers io.EOF, which means "nothing
// at present" and says nothing about the connection.
func (b *Buffer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.Frozen(Front) {
		return 0, ErrFrozen
	}
	if b.length == 0 {
		return 0, io.EOF
	}
	n, err := b.copyOut(p, 0)
	if n == 0 {
		return 0, err
	}
	return b.Drain(n), nil
}

// WriteTo moves everything to w, each chunk from where it lies. It is an io.WriterTo, so io.Copy from a buffer needs no memory of
// its own. What w did not take stays.
func (b *Buffer) WriteTo(w io.Writer) (sum int64, err error) {
	if b.Frozen(Front) {
		return 0, ErrFrozen
	}
	for b.length > 0 {
		if err := b.load(b.first); err != nil {
			return sum, err
		}
		offered := b.first.bytes()
		n, err := w.Write(offered)
		sum += int64(b.Drain(n))
		if err == nil && n < len(offered) {
			err = io.ErrShortWrite // as io.Copy does with a writer that breaks its word
		}
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// CopyOut copies bytes from position from on into p, leaves them in the buffer, and returns how many there were.
func (b *Buffer) CopyOut(p []byte, from int) int {
	if b.Frozen(Front) || from < 0 {
		return 0
	}
	n, _ := b.copyOut(p, from)
	return n
}

func (b *Buffer) copyOut(p []byte, from int) (n int, err error) {
	for c := b.first; c != nil && n < len(p); c = c.next {
		if from < c.len() {
			if err = b.load(c); err != nil { // afterwards the chunk may be shorter
				return n, err
			}
		}
		if from >= c.len() {
			from -= c.len()
			continue
		}
		n += copy(p[n:], c.bytes()[from:])
		from = 0
	}
	return n, nil
}

// Peek shows the first max bytes (all, if max is negative) where they lie. It fills vecs as far as it reaches and returns
// how many extents are needed to see everything, so Peek(nil, max) counts. The extents are only to be read, until the
// buffer is next changed.
func (b *Buffer) Peek(vecs [][]byte, max int) int {
	if length := b.Len(); max < 0 || max > length {
		max = length
	}
	needed := 0
	for c := b.first; max > 0; c = c.next {
		if b.load(c) != nil {
			break
		}
		extent := c.bytes()[:min(max, c.len())]
		if needed < len(vecs) {
			vecs[needed] = extent
		}
		needed++
		max -= len(extent)
	}
	return needed
}

// Pullup makes the first n bytes contiguous and returns them; nil if there are fewer or n is not positive. It copies only if the
// first chunk holds less. The slice is only to be read, until the buffer is next changed.
func (b *Buffer) Pullup(n int) []byte {
	if n <= 0 || n > b.Len() {
		return nil
	}
	if b.load(b.first) != nil {
		return nil
	}
	if b.first.len() < n && !b.gather(n) {
		return nil
	}
	return b.first.bytes()[:n]
}

// gather lays the first n bytes, which are in several chunks, side by side: in the first one if its room suffices,
// else in a new one.
func (b *Buffer) gather(n int) bool {
	whole := b.first
	if len(whole.room()) < n-whole.len() {
		whole = b.chunks().contiguous(n)
	}
	from := whole.len()
	if _, err := b.copyOut(whole.memory[whole.end:][:n-from], from); err != nil {
		return false
	}
	b.cancelReservation()
	if whole == b.first {
		b.first = whole.next
		b.length -= from
	}
	gone := b.detach(n - from)
	whole.end += n - from
	b.unshift(whole)
	b.releaseAll(gone)
	return true
}
