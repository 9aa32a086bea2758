package evbuffer

import "bytes"

// Search returns the position of the first occurrence of pattern, or -1.
func (b *Buffer) Search(pattern []byte) int { return b.SearchRange(pattern, 0, b.Len()) }

// SearchRange returns the position of the first occurrence of pattern that begins at from or later and ends at to or
// earlier, or -1. An empty pattern is found at from.
func (b *Buffer) SearchRange(pattern []byte, from, to int) int {
	from, to = max(from, 0), min(to, b.Len())
	if len(pattern) > to-from {
		return -1
	}
	if len(pattern) == 0 {
		return from
	}
	at := 0 // position of the chunk
	for c := b.first; c != nil && at < to; c = c.next {
		if from < at+c.len() {
			if b.load(c) != nil {
				return -1
			}
			if i := b.searchChunk(c, max(from-at, 0), to-at, pattern); i >= 0 {
				return at + i
			}
		}
		at += c.len()
	}
	return -1
}

// searchChunk looks for an occurrence that begins in chunk c at from or later and ends before to: first one that ends in
// the chunk too, then one that begins in its last bytes and ends in the chunks behind. Positions are the chunk's.
func (b *Buffer) searchChunk(c *chunk, from, to int, pattern []byte) int {
	window := c.bytes()
	window = window[:min(to, len(window))]
	if from >= len(window) {
		return -1
	}
	if i := bytes.Index(window[from:], pattern); i >= 0 {
		return from + i
	}
	for i := max(from, len(window)-len(pattern)+1); i < len(window) && i+len(pattern) <= to; i++ {
		if b.matches(c, i, pattern) {
			return i
		}
	}
	return -1
}

// matches reports whether pattern stands at position i of chunk c and on into the following chunks.
func (b *Buffer) matches(c *chunk, i int, pattern []byte) bool {
	for ; c != nil && b.load(c) == nil; c = c.next {
		window := c.bytes()[i:]
		n := min(len(window), len(pattern))
		if !bytes.Equal(window[:n], pattern[:n]) {
			return false
		}
		if n == len(pattern) {
			return true
		}
		pattern = pattern[n:]
		i = 0
	}
	return false
}
