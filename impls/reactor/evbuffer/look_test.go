package evbuffer

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadIsAnIOReader(t *testing.T) {
	text := []byte(strings.Repeat("0123456789", 30))
	b := New(NewPool(64, 8))
	b.Write(text)
	if err := iotest.TestReader(b, text); err != nil {
		t.Error(err)
	}
	valid(t, b)
}

func TestReadOfAnEmptyBuffer(t *testing.T) {
	var b Buffer
	if n, err := b.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) = %d, %v", n, err)
	}
	if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v", n, err)
	}
}

func TestWriteToMovesEverything(t *testing.T) {
	b := filled(NewPool(64, 4), "abc", "def", "ghi")
	var got bytes.Buffer
	if n, err := io.Copy(&got, b); n != 9 || err != nil || got.String() != "abcdefghi" {
		t.Errorf("%d, %v, %q", n, err, got.String())
	}
	wantContent(t, b, "")
}

func TestWriteToKeepsWhatWasNotTaken(t *testing.T) {
	b := filled(nil, "abc", "def")
	in, out := io.Pipe()
	go func() {
		in.Read(make([]byte, 4)) // takes the first chunk
		in.Read(make([]byte, 1)) // and a byte of the second
		in.CloseWithError(io.ErrShortBuffer)
	}()
	if n, err := b.WriteTo(out); n != 4 || err != io.ErrShortBuffer {
		t.Errorf("%d, %v", n, err)
	}
	wantContent(t, b, "ef")
}

// sloppyWriter takes at most three bytes and does not say why.
type sloppyWriter struct{}

func (sloppyWriter) Write(p []byte) (int, error) { return min(len(p), 3), nil }

func TestWriteToDoesNotTrustTheWriter(t *testing.T) {
	b := filled(nil, "abcdef")
	if n, err := b.WriteTo(sloppyWriter{}); n != 3 || err != io.ErrShortWrite {
		t.Errorf("%d, %v", n, err)
	}
	wantContent(t, b, "def")
}

func TestB18CopyOutChangesNothing(t *testing.T) {
	const text = "abcdefghij"
	b := filled(nil, text[:3], text[3:4], text[4:])
	for from := range len(text) + 2 {
		for size := range len(text) + 2 {
			p := make([]byte, size)
			n := b.CopyOut(p, from)
			rest := text[min(from, len(text)):]
			if want := rest[:min(size, len(rest))]; string(p[:n]) != want {
				t.Errorf("CopyOut(%d bytes, %d) = %q, want %q", size, from, p[:n], want)
			}
			wantContent(t, b, text)
		}
	}
	if n := b.CopyOut(make([]byte, 1), -1); n != 0 {
		t.Errorf("CopyOut from -1 = %d", n)
	}
}

func TestB14PeekTellsTheExtentsNeeded(t *testing.T) {
	b := filled(nil, "abc", "def", "ghi")
	vecs := make([][]byte, 2)
	for max, want := range map[int]int{-1: 3, 0: 0, 1: 1, 3: 1, 4: 2, 7: 3, 9: 3, 1000: 3} {
		if n := b.Peek(nil, max); n != want {
			t.Errorf("Peek(nil, %d) = %d, want %d", max, n, want)
		}
		if n := b.Peek(vecs, max); n != want {
			t.Errorf("Peek(2 extents, %d) = %d, want %d", max, n, want)
		}
	}
	b.Peek(vecs, 4)
	if string(vecs[0]) != "abc" || string(vecs[1]) != "d" {
		t.Errorf("Peek(4) shows %q", vecs)
	}
	if n := new(Buffer).Peek(vecs, -1); n != 0 {
		t.Errorf("Peek of an empty buffer = %d", n)
	}
	wantContent(t, b, "abcdefghi")
}

func TestB14PeekedBytesCannotBeAppendedTo(t *testing.T) {
	b := New(NewPool(64, 4))
	b.Write([]byte("abc"))
	var vecs [1][]byte
	b.Peek(vecs[:], -1)
	_ = append(vecs[0], "overwritten"...)
	b.Write([]byte("d"))
	wantContent(t, b, "abcd")
}

func TestPullupCopiesOnlyWhenTheFirstChunkIsShort(t *testing.T) {
	b := filled(NewPool(64, 4), "abc", "def", "ghi")
	first := &b.first.memory[0]
	if p := b.Pullup(3); &p[0] != first {
		t.Error("copied without need")
	}
	if p := b.Pullup(5); string(p) != "abcde" || &p[0] != first {
		t.Errorf("Pullup(5) = %q; in place: %v", p, &p[0] == first)
	}
	wantContent(t, b, "abcdefghi")
}

func TestPullupFillsTheFirstChunkToItsEnd(t *testing.T) {
	b := filled(NewPool(8, 4), "abcdef", "ghi")
	first := &b.first.memory[0]
	if p := b.Pullup(8); string(p) != "abcdefgh" || &p[0] != first {
		t.Errorf("Pullup(8) = %q; in place: %v", p, &p[0] == first)
	}
	wantContent(t, b, "abcdefghi")
}

func TestPullupOfMoreThanAChunk(t *testing.T) {
	b := New(NewPool(64, 8))
	text := strings.Repeat("0123456789", 20)
	b.Write([]byte(text))
	if p := b.Pullup(150); string(p) != text[:150] {
		t.Errorf("Pullup(150) = %q", p)
	}
	if b.Contiguous() < 150 {
		t.Errorf("Contiguous = %d after Pullup(150)", b.Contiguous())
	}
	wantContent(t, b, text)
	b.Write([]byte("!"))
	wantContent(t, b, text+"!")
}

func TestPullupOfNothingOrTooMuchIsNil(t *testing.T) {
	b := filled(nil, "abc")
	for _, n := range []int{-1, 0, 4} {
		if p := b.Pullup(n); p != nil {
			t.Errorf("Pullup(%d) = %q", n, p)
		}
	}
	if new(Buffer).Pullup(0) != nil || new(Buffer).Contiguous() != 0 {
		t.Error("an empty buffer has contiguous bytes")
	}
}

func TestPullupNeverWritesIntoMemoryOfOthers(t *testing.T) {
	mine := bytes.Repeat([]byte("m"), 20)
	b := New(nil)
	b.AddReference(mine[:10], nil)
	b.Write([]byte("tail"))
	b.Pullup(14)
	wantContent(t, b, "mmmmmmmmmmtail")
	if string(mine) != strings.Repeat("m", 20) {
		t.Error("the caller's memory has changed")
	}
}
