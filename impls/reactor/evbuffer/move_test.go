package evbuffer

import (
	"strings"
	"testing"
)

func TestAppendMovesChunksWithoutCopying(t *testing.T) {
	pool := NewPool(0, 8)
	src, dst := New(pool), New(pool)
	src.Write(make([]byte, 3*DefaultChunkBytes))
	dst.Write(make([]byte, DefaultChunkBytes))
	moved := src.first
	dst.Append(src)
	valid(t, src, dst)
	if dst.first.next != moved {
		t.Error("the chunks of src are not in dst")
	}
}

func TestAppendCopiesAShortChunkThatFits(t *testing.T) {
	pool := NewPool(0, 8)
	src, dst := New(pool), New(pool)
	dst.Write([]byte("abc"))
	src.Write([]byte("def"))
	dst.Append(src)
	valid(t, src)
	wantContent(t, dst, "abcdef")
	if dst.first != dst.last {
		t.Error("two chunks for six bytes")
	}
}

func TestMovingToItselfChangesNothing(t *testing.T) {
	b := filled(NewPool(64, 4), "abc", "def")
	b.Append(b)
	b.PrependBuffer(b)
	if n := b.RemoveTo(b, 2); n != 0 {
		t.Errorf("RemoveTo itself = %d", n)
	}
	wantContent(t, b, "abcdef")
}

func TestB2MovingFromAndToEmptyBuffers(t *testing.T) {
	for name, move := range map[string]func(dst, src *Buffer){
		"Append":        func(dst, src *Buffer) { dst.Append(src) },
		"PrependBuffer": func(dst, src *Buffer) { dst.PrependBuffer(src) },
		"RemoveTo":      func(dst, src *Buffer) { src.RemoveTo(dst, 1000) },
	} {
		for _, src := range []string{"", "s"} {
			for _, dst := range []string{"", "d"} {
				t.Run(name+"/"+src+"/"+dst, func(t *testing.T) {
					from, to := New(nil), New(nil)
					from.Write([]byte(src))
					to.Write([]byte(dst))
					move(to, from)
					want := dst + src
					if name == "PrependBuffer" {
						want = src + dst
					}
					wantContent(t, to, want)
					wantContent(t, from, "")
					to.Write([]byte("+")) // the end of the chain is where it should be
					from.Write([]byte("-"))
					wantContent(t, to, want+"+")
					wantContent(t, from, "-")
				})
			}
		}
	}
}

func TestRemoveToCutsAnywhere(t *testing.T) {
	const text = "abcdefghijkl"
	for n := range len(text) + 2 {
		pool := NewPool(64, 8) // small chunks have 2 bytes: longer pieces are shared, not copied
		src, dst := filled(pool, text[:3], text[3:8], text[8:]), New(pool)
		want := min(n, len(text))
		if got := src.RemoveTo(dst, n); got != want {
			t.Errorf("RemoveTo(%d) = %d", n, got)
		}
		wantContent(t, dst, text[:want])
		wantContent(t, src, text[want:])
		dst.Write([]byte("DDDD"))
		src.Write([]byte("SSSS"))
		wantContent(t, dst, text[:want]+"DDDD")
		wantContent(t, src, text[want:]+"SSSS")
	}
}

func TestSharedCutReturnsToThePoolOnce(t *testing.T) {
	pool := NewPool(64, 8)
	src, dst := New(pool), New(pool)
	src.Write([]byte(strings.Repeat("x", 40)))
	src.RemoveTo(dst, 20)
	if src.first.source == nil {
		t.Fatal("the piece was copied")
	}
	src.Reset()
	if pool.large.count != 0 {
		t.Error("the chunk went back although one half is in use")
	}
	dst.Reset()
	if pool.large.count != 1 {
		t.Error("the chunk did not go back")
	}
	valid(t, src, dst)
}

func TestLastHolderMayWriteAgain(t *testing.T) {
	pool := NewPool(64, 8)
	src, dst := New(pool), New(pool)
	src.Write([]byte(strings.Repeat("x", 40)))
	src.RemoveTo(dst, 20)
	src.Drain(1)
	if len(src.last.room()) != 0 {
		t.Error("shared memory may be written")
	}
	dst.Reset()
	src.Drain(1)
	if len(src.last.room()) == 0 {
		t.Error("memory that is no longer shared stays read-only")
	}
	valid(t, src, dst)
}

func TestMovingFromOnePoolToAnother(t *testing.T) {
	src, dst := New(NewPool(128, 8)), New(NewPool(64, 8))
	src.Write([]byte(strings.Repeat("x", 1000)))
	src.RemoveTo(dst, 500)
	dst.Append(src)
	dst.Drain(999)
	valid(t, src)
	wantContent(t, dst, "x")
}
