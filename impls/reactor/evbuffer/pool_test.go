package evbuffer

import "testing"

func TestPoolKeepsNoMoreThanItWasTold(t *testing.T) {
	pool := NewPool(64, 2)
	b := New(pool)
	b.Write(make([]byte, 640))
	b.Reset()
	if pool.large.count != 2 {
		t.Errorf("keeps %d, want 2", pool.large.count)
	}
	valid(t, b)
}

// The lesser sizes are bounded by their memory, an eighth of that of the large chunks.
func TestPoolKeepsLesserChunksByTheirMemory(t *testing.T) {
	pool := NewPool(0, 2)
	for _, s := range []*shelf{&pool.small, &pool.tiny} {
		for range 1000 {
			pool.put(newChunk(s.chunkBytes))
		}
		if kept := s.count * s.chunkBytes; kept != 2*DefaultChunkBytes/8 {
			t.Errorf("keeps %d bytes in chunks of %d", kept, s.chunkBytes)
		}
	}
	valid(t, New(pool))
}

func TestPoolGivesTheLastChunkBackFirst(t *testing.T) {
	pool := NewPool(64, 4)
	first, second := pool.large.take(), pool.large.take()
	pool.put(first)
	pool.put(second)
	if pool.large.take() != second || pool.large.take() != first {
		t.Error("not the most recently used first")
	}
}

func TestChunksOfForeignSizeAreNotKept(t *testing.T) {
	pool := NewPool(64, 4)
	foreign := filled(NewPool(128, 4), "from elsewhere")
	b := New(pool)
	b.Append(foreign)
	b.Reset()
	valid(t, b, foreign)
	if pool.large.count != 0 || foreign.pool.large.count != 0 {
		t.Error("a chunk of the wrong size was kept, or went back to the pool it came from")
	}
}

func TestChunkBelongsToThePoolOfItsHolder(t *testing.T) {
	here, there := NewPool(64, 4), NewPool(64, 4)
	src, dst := filled(here, "abc"), New(there)
	dst.Append(src)
	dst.Reset()
	if here.large.count != 0 || there.large.count != 1 {
		t.Errorf("the chunk went to the pool of the buffer it came from")
	}
}

func TestUnpooledKeepsNothing(t *testing.T) {
	var b Buffer
	b.Write(make([]byte, 1<<20))
	b.Reset()
	if unpooled.large.free != nil || unpooled.small.free != nil {
		t.Error("a chunk is kept that buffers in other goroutines would share")
	}
}

func TestContiguousChunksComeFromThePoolIfTheyCan(t *testing.T) {
	pool := NewPool(64, 4)
	for size, shelf := range map[int]*shelf{1: &pool.small, 2: &pool.small, 3: &pool.large, 64: &pool.large} {
		free := newChunk(shelf.chunkBytes)
		pool.put(free)
		if pool.contiguous(size) != free {
			t.Errorf("contiguous(%d) did not take the free chunk", size)
		}
	}
}

func TestContiguousChunkIsLargeEnough(t *testing.T) {
	pool := NewPool(64, 4)
	for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 1000} {
		if c := pool.contiguous(n); len(c.memory) < n {
			t.Errorf("contiguous(%d) has %d bytes", n, len(c.memory))
		}
	}
}
