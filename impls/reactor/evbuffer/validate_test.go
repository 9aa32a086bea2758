package evbuffer

import (
	"fmt"
	"testing"
)

// validate checks everything that must hold of a buffer between two calls.
func (b *Buffer) validate() error {
	sum, seen, last := -b.Len(), map[*chunk]bool{}, (*chunk)(nil)
	for c := b.first; c != nil; c = c.next {
		switch {
		case seen[c]:
			return fmt.Errorf("the chain runs in a circle")
		case c.len() <= 0:
			return fmt.Errorf("empty chunk [%d, %d)", c.start, c.end)
		case c.start < 0 || !c.isFile() && c.end > len(c.memory):
			return fmt.Errorf("window [%d, %d) is outside of %d bytes", c.start, c.end, len(c.memory))
		case c.isFile() && c.source == nil:
			return fmt.Errorf("a piece of a file without its file")
		case c.source != nil && c.source.holders < 1:
			return fmt.Errorf("a source with %d holders is in use", c.source.holders)
		}
		seen[c] = true
		sum += c.len()
		last = c
	}
	switch {
	case sum != 0:
		return fmt.Errorf("length is %d, the chunks hold %d", b.length, sum+b.length)
	case last != b.last:
		return fmt.Errorf("last is not the end of the chain")
	case b.own && b.first == nil && b.extra == nil:
		return fmt.Errorf("an empty buffer has kept its chain")
	case b.pool.chains.has(b.chain):
		return fmt.Errorf("the chain is free and in use")
	}
	return b.chunks().validate(seen, b.extra)
}

func (p *Pool) validate(used map[*chunk]bool, x *extra) error {
	if x != nil {
		for c := x.spares; c != nil; c = c.next {
			if used[c] {
				return fmt.Errorf("a reserved chunk is in the chain")
			}
			used[c] = true
		}
	}
	for frozen, c := range p.empty {
		if c != (chain{pool: p, frozen: Side(frozen)}) {
			return fmt.Errorf("an empty chain that all share was written: %+v", c)
		}
	}
	if err := p.chains.validate(); err != nil {
		return err
	}
	for _, s := range []*shelf{&p.large, &p.small, &p.tiny} {
		if err := s.validate(used); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) validate(used map[*chunk]bool) error {
	n := 0
	for c := s.free; c != nil; c = c.next {
		switch {
		case used[c]:
			return fmt.Errorf("a free chunk is in use, or is free twice")
		case len(c.memory) != s.chunkBytes || c.source != nil || c.start|c.end != 0:
			return fmt.Errorf("a free chunk is not as new: %+v", c)
		}
		used[c] = true
		n++
	}
	if n != s.count || n > s.keep {
		return fmt.Errorf("%d free chunks, counted %d, to keep %d", n, s.count, s.keep)
	}
	return nil
}

func (s *chains) validate() error {
	n := 0
	for c := s.free; c != nil; c = c.next {
		if n++; c.first != nil || c.last != nil || c.length != 0 || c.extra != nil || !c.own || n > s.count {
			return fmt.Errorf("a free chain is not as new, or is free twice: %+v", c)
		}
	}
	if n != s.count || n > s.keep {
		return fmt.Errorf("%d free chains, counted %d, to keep %d", n, s.count, s.keep)
	}
	return nil
}

func (s *chains) has(wanted *chain) bool {
	for c := s.free; c != nil; c = c.next {
		if c == wanted {
			return true
		}
	}
	return false
}

// valid fails the test if an invariant of one of the buffers is broken.
func valid(t testing.TB, buffers ...*Buffer) {
	t.Helper()
	for i, b := range buffers {
		if err := b.validate(); err != nil {
			t.Fatalf("buffer %d: %v", i, err)
		}
	}
}

// content reads a buffer without changing it.
func content(b *Buffer) string {
	p := make([]byte, b.length)
	n, _ := b.copyOut(p, 0)
	return string(p[:n])
}

func wantContent(t testing.TB, b *Buffer, want string) {
	t.Helper()
	valid(t, b)
	if got := content(b); got != want {
		t.Fatalf("content is %.200q, want %.200q", got, want)
	}
}

// filled makes a buffer with one chunk for each piece.
func filled(pool *Pool, pieces ...string) *Buffer {
	b := New(pool)
	for _, piece := range pieces {
		c := b.chunks().contiguous(len(piece))
		c.end = copy(c.memory, piece)
		b.push(c)
	}
	return b
}

func TestValidateSeesEveryBrokenInvariant(t *testing.T) {
	for name, damage := range map[string]func(b *Buffer){
		"empty chunk":       func(b *Buffer) { b.first.end = b.first.start },
		"window too long":   func(b *Buffer) { b.last.end = len(b.last.memory) + 1 },
		"window too early":  func(b *Buffer) { b.first.start = -1 },
		"wrong length":      func(b *Buffer) { b.length++ },
		"wrong last":        func(b *Buffer) { b.last = b.first },
		"circle":            func(b *Buffer) { b.last.next = b.first },
		"dead source":       func(b *Buffer) { b.first.source = &source{} },
		"file without file": func(b *Buffer) { b.first.memory = nil },
		"free and in use":   func(b *Buffer) { b.pool.large.free, b.pool.large.count = b.last, 1 },
		"wrong free count":  func(b *Buffer) { b.pool.large.count = 5 },
		"free, not as new":  func(b *Buffer) { b.pool.large.free, b.pool.large.count = &chunk{end: 1}, 1 },
		"chain kept":        func(b *Buffer) { b.first, b.last, b.length = nil, nil, 0 },
		"chain free":        func(b *Buffer) { b.pool.putChain(&chain{next: b.chain, own: true}); b.pool.chains.free = b.chain },
		"wrong chain count": func(b *Buffer) { b.pool.chains.count = 5 },
		"shared and used":   func(b *Buffer) { b.pool.empty[0].length = 1 },
		"free chain in use": func(b *Buffer) { b.pool.putChain(&chain{own: true, length: 1}) },
		"reserved and in use": func(b *Buffer) {
			b.Reserve(8)
			b.extra.spares = b.first
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := filled(NewPool(64, 4), "first", "second")
			valid(t, b)
			damage(b)
			if b.validate() == nil {
				t.Fatal("not noticed")
			}
		})
	}
}
