package evbuffer

import (
	"bytes"
	"testing"
)

func TestExchangeTakesTheMemoryAndGivesOther(t *testing.T) {
	pool := NewPool(4096, 4)
	b := New(pool)
	memory := bytes.Repeat([]byte("m"), 4096)
	other := b.Exchange(memory, 3000)
	if len(other) != 4096 || &other[0] == &memory[0] {
		t.Fatalf("got %d bytes in return", len(other))
	}
	if &b.Pullup(3000)[0] != &memory[0] {
		t.Error("copied")
	}
	wantContent(t, b, string(bytes.Repeat([]byte("m"), 3000)))
	b.Write([]byte("more")) // into the room behind
	copy(other, "the caller's own")
	if got := content(b)[2999:]; got != "mmore" {
		t.Errorf("the content ends with %q", got)
	}
	b.Reset()
	valid(t, b)
	if pool.large.count != 1 {
		t.Errorf("%d chunks went back to the pool, want 1", pool.large.count)
	}
}

// Each of the three sizes comes from its own kind of chunk, and goes back there.
func TestExchangeKnowsEachSize(t *testing.T) {
	pool := NewPool(0, 4)
	for _, c := range []struct {
		size  int
		shelf *shelf
	}{{DefaultChunkBytes, &pool.large}, {DefaultChunkBytes / smallShare, &pool.small}, {DefaultChunkBytes / tinyShare, &pool.tiny}} {
		b := New(pool)
		if other := b.Exchange(bytes.Repeat([]byte("m"), c.size), c.size-1); len(other) != c.size {
			t.Errorf("%d bytes: got %d in return", c.size, len(other))
		}
		wantContent(t, b, string(bytes.Repeat([]byte("m"), c.size-1)))
		b.Reset()
		valid(t, b)
		if c.shelf.count != 1 {
			t.Errorf("%d bytes: %d chunks went back", c.size, c.shelf.count)
		}
	}
}

func TestExchangeRefuses(t *testing.T) {
	b := New(NewPool(4096, 4))
	memory := make([]byte, 4096)
	for name, other := range map[string][]byte{
		"another size": b.Exchange(memory[:4000], 10),
		"no bytes":     b.Exchange(memory, 0),
		"too many":     b.Exchange(memory, 4097),
	} {
		if other != nil {
			t.Errorf("%s: not refused", name)
		}
	}
	b.Freeze(Back)
	if b.Exchange(memory, 10) != nil {
		t.Error("frozen: not refused")
	}
	wantContent(t, b, "")
}

func TestExchangeAllocatesNothing(t *testing.T) {
	b := New(NewPool(0, 8))
	memory := make([]byte, DefaultChunkBytes)
	if n := testing.AllocsPerRun(100, func() { memory = b.Exchange(memory, len(memory)); b.Reset() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
