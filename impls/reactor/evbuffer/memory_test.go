package evbuffer

import "testing"

// What a buffer takes is what its chunks keep, whatever is in them.
func TestTakes(t *testing.T) {
	pool := NewPool(0, 4)
	large, small, tiny := pool.ChunkBytes(), pool.ChunkBytes()/smallShare, pool.ChunkBytes()/tinyShare
	takes := func(what string, b *Buffer, want int) {
		t.Helper()
		if b.Takes(want) || want > 0 && !b.Takes(want-1) {
			t.Errorf("%s: it does not take %d bytes", what, want)
		}
	}
	b := New(pool)
	takes("empty", b, 0)
	b.Write([]byte("x"))
	takes("a byte", b, tiny)
	b.Write(make([]byte, tiny+small-1))
	takes("what fills a tiny and a small chunk", b, tiny+small)
	b.Write([]byte("x"))
	takes("a byte more", b, tiny+2*small)
	b.Reset()
	b.Write(make([]byte, small+1))
	takes("what fits only into a large chunk", b, large)
	b.AddReference(make([]byte, 10), nil)
	takes("with memory of somebody else", b, large+10)

	b.AddFile(opened(t, string(make([]byte, 5000))), 0, -1)
	takes("with a file", b, large+10)
	b.Drain(small + 1)
	takes("drained", b, 10)
}
