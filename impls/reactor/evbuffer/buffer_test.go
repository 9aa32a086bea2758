package evbuffer

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"unsafe"
)

func TestBufferIs8Bytes(t *testing.T) {
	if size := unsafe.Sizeof(Buffer{}); size != 8 && unsafe.Sizeof(uintptr(0)) == 8 {
		t.Errorf("a Buffer has %d bytes; its comment says 8", size)
	}
}

func TestZeroValueIsAnEmptyBuffer(t *testing.T) {
	var b Buffer
	wantContent(t, &b, "")
	fmt.Fprintf(&b, "%d apples", 3)
	wantContent(t, &b, "3 apples")
}

func TestZeroValueMayBeginWithAnyMethod(t *testing.T) {
	fds := socketpair(t)
	for name, use := range map[string]func(b *Buffer) bool{
		"Len":                  func(b *Buffer) bool { return b.Len() == 0 },
		"Write":                func(b *Buffer) bool { n, _ := b.Write([]byte("x")); return n == 1 },
		"Prepend":              func(b *Buffer) bool { return b.Prepend([]byte("x")) == nil },
		"Drain":                func(b *Buffer) bool { return b.Drain(1) == 0 },
		"Reset":                func(b *Buffer) bool { b.Reset(); return true },
		"OnChange":             func(b *Buffer) bool { b.OnChange(func(int, int, int) {}).Remove(); return true },
		"ReadFD":               func(b *Buffer) bool { n, _ := b.ReadFD(fds[0], 0); return n == 0 },
		"WriteFD":              func(b *Buffer) bool { n, err := b.WriteFD(fds[0], 0); return n == 0 && err == nil },
		"AddFile":              func(b *Buffer) bool { return b.AddFile(-1, 0, 0) != nil },
		"Freeze":               func(b *Buffer) bool { b.Freeze(Back); return b.Frozen(Back) && !b.Frozen(Front) },
		"Unfreeze":             func(b *Buffer) bool { b.Unfreeze(Back); return !b.Frozen(Back) },
		"Frozen":               func(b *Buffer) bool { return !b.Frozen(Front | Back) },
		"SearchEOL":            func(b *Buffer) bool { at, _ := b.SearchEOL(ANY, 0); return at == -1 },
		"ReadLine":             func(b *Buffer) bool { _, ok := b.ReadLine(CRLF); return !ok },
		"Contiguous":           func(b *Buffer) bool { return b.Contiguous() == 0 },
		"Read":                 func(b *Buffer) bool { _, err := b.Read(make([]byte, 1)); return err == io.EOF },
		"WriteTo":              func(b *Buffer) bool { n, err := b.WriteTo(io.Discard); return n == 0 && err == nil },
		"CopyOut":              func(b *Buffer) bool { return b.CopyOut(make([]byte, 1), 0) == 0 },
		"Peek":                 func(b *Buffer) bool { return b.Peek(nil, -1) == 0 },
		"Pullup":               func(b *Buffer) bool { return b.Pullup(1) == nil },
		"Takes":                func(b *Buffer) bool { return !b.Takes(0) },
		"Append":               func(b *Buffer) bool { return b.Append(new(Buffer)) == nil },
		"PrependBuffer":        func(b *Buffer) bool { return b.PrependBuffer(new(Buffer)) == nil },
		"RemoveTo":             func(b *Buffer) bool { return b.RemoveTo(new(Buffer), 1) == 0 },
		"AddReference":         func(b *Buffer) bool { return b.AddReference([]byte("x"), nil) == nil },
		"AddBufferReference":   func(b *Buffer) bool { return b.AddBufferReference(new(Buffer)) == nil },
		"Reserve":              func(b *Buffer) bool { return len(b.Reserve(8)) >= 8 },
		"Commit":               func(b *Buffer) bool { return b.Commit(1) == ErrNotReserved },
		"Search":               func(b *Buffer) bool { return b.Search([]byte("x")) == -1 },
		"SearchRange":          func(b *Buffer) bool { return b.SearchRange([]byte("x"), 0, 1) == -1 },
		"Append to it":         func(b *Buffer) bool { return b.Append(filled(nil, "x")) == nil },
		"PrependBuffer to it":  func(b *Buffer) bool { return b.PrependBuffer(filled(nil, "x")) == nil },
		"RemoveTo it":          func(b *Buffer) bool { return filled(nil, "xy").RemoveTo(b, 1) == 1 },
		"reference of a full":  func(b *Buffer) bool { return b.AddBufferReference(filled(nil, "x")) == nil },
		"ReserveVec and write": func(b *Buffer) bool { return b.ReserveVec(make([][]byte, 2), 8) > 0 && b.Commit(8) == nil },
	} {
		b := new(Buffer)
		if !use(b) {
			t.Errorf("%s: not what an empty buffer answers", name)
		}
		valid(t, b)
	}
}

// What is empty has nothing of its own: neither after its last byte, nor after it was frozen, nor after its bytes have moved elsewhere.
func TestEmptyBufferHoldsNoChain(t *testing.T) {
	pool := NewPool(64, 4)
	b, other := New(pool), New(pool)
	for name, empty := range map[string]func(){
		"drained":   func() { b.Drain(2) },
		"appended":  func() { other.Append(b) },
		"prepended": func() { other.PrependBuffer(b) },
		"moved":     func() { b.RemoveTo(other, 2) },
		"reset":     func() { b.Freeze(Front | Back); b.Reset(); b.Unfreeze(Front | Back) },
	} {
		b.Write([]byte("xy"))
		empty()
		valid(t, b, other)
		other.Reset()
		if b.own || other.own || pool.chains.count == 0 {
			t.Errorf("%s: still has a chain: %v, %v; %d in the pool", name, b.own, other.own, pool.chains.count)
		}
	}
}

func TestB2EmptyBufferHoldsNoChunk(t *testing.T) {
	pool := NewPool(64, 4)
	b := New(pool)
	b.Write(make([]byte, 200))
	b.Drain(200)
	if b.first != nil || b.last != nil {
		t.Error("a chunk is left")
	}
	if pool.large.count != 4 {
		t.Errorf("%d chunks went back to the pool, want 4", pool.large.count)
	}
}

func TestB2ZeroLengthChangesLeaveNoTrace(t *testing.T) {
	b := New(NewPool(64, 4))
	calls := 0
	b.OnChange(func(_, _, _ int) { calls++ })
	var empty Buffer
	b.Write(nil)
	b.Prepend(nil)
	b.Append(&empty)
	b.PrependBuffer(&empty)
	b.AddReference(nil, nil)
	b.AddBufferReference(&empty)
	b.Drain(0)
	b.Drain(-1)
	b.RemoveTo(&empty, 0)
	b.Commit(0)
	b.Reset()
	wantContent(t, b, "")
	if b.first != nil || calls != 0 {
		t.Errorf("first chunk %v, %d callbacks", b.first, calls)
	}
}

// A mix of every way in and out, after the first test of libevent's buffer.
func TestB1MixedOperationsKeepTheOrder(t *testing.T) {
	pool := NewPool(64, 4)
	b, c := New(pool), New(pool)
	b.Write([]byte("hello"))
	fmt.Fprintf(b, "/%d", 1)
	wantContent(t, b, "hello/1")
	c.Write([]byte("/again"))
	b.Append(c)
	wantContent(t, b, "hello/1/again")
	wantContent(t, c, "")
	b.Drain(len("hello/"))
	wantContent(t, b, "1/again")
	b.Prepend([]byte("one"))
	b.RemoveTo(c, 3)
	wantContent(t, c, "one")
	wantContent(t, b, "1/again")
	copy(b.Reserve(100), "!!")
	b.Commit(1)
	wantContent(t, b, "1/again!")
	if got := string(b.Pullup(8)); got != "1/again!" {
		t.Errorf("Pullup: %q", got)
	}
	valid(t, b, c)
}

func TestB5AddAfterDrainInPlace(t *testing.T) {
	b := New(NewPool(64, 4))
	for range 1000 { // the window walks through its chunk and on into the next ones
		b.Write([]byte("0123456789"))
		b.Drain(9)
		valid(t, b)
	}
	if b.Len() != 1000 {
		t.Errorf("%d bytes left, want 1000", b.Len())
	}
}

func TestB13PrependUsesSlackThenNewChunks(t *testing.T) {
	b := New(NewPool(64, 8))
	b.Write([]byte("0123456789"))
	b.Drain(6)
	b.Prepend([]byte("45")) // slack
	if b.first != b.last {
		t.Error("a chunk was taken although there was slack")
	}
	wantContent(t, b, "456789")
	long := strings.Repeat("x", 150) + "3"
	b.Prepend([]byte(long)) // slack, and several chunks
	wantContent(t, b, long+"456789")
	b.Prepend([]byte("<"))
	wantContent(t, b, "<"+long+"456789")
}

func TestB13PrependToAnEmptyBuffer(t *testing.T) {
	b := New(NewPool(512, 8)) // tiny chunks have 2 bytes
	b.Prepend([]byte("b"))
	b.Prepend([]byte("a"))
	if b.first != b.last {
		t.Error("the second Prepend found no slack")
	}
	b.Write([]byte("c"))
	wantContent(t, b, "abc")
}

func TestDrainOfMoreThanThereIsEmpties(t *testing.T) {
	b := filled(NewPool(64, 4), "abc", "def")
	if n := b.Drain(100); n != 6 {
		t.Errorf("Drain(100) = %d, want 6", n)
	}
	if n := b.Drain(1); n != 0 {
		t.Errorf("Drain of an empty buffer = %d", n)
	}
	wantContent(t, b, "")
}

func TestResetEndsAFrozenBuffer(t *testing.T) {
	pool := NewPool(64, 4)
	b := filled(pool, "abc")
	b.Freeze(Front | Back)
	b.Reset()
	wantContent(t, b, "")
	if pool.large.count != 1 {
		t.Error("the chunk did not go back to the pool")
	}
}

func TestB7ManyAppendsWasteLittle(t *testing.T) {
	for _, pool := range []*Pool{nil, NewPool(0, 16)} {
		b := New(pool)
		total := 0
		for i := range 100_000 {
			n, _ := fmt.Fprintf(b, "%d/", i)
			total += n
		}
		valid(t, b)
		if b.Len() != total {
			t.Fatalf("%d bytes, want %d", b.Len(), total)
		}
		if memory := memoryOf(b); float64(memory-total) > 0.125*float64(total) {
			t.Errorf("%d bytes of memory hold %d: more than an eighth is waste", memory, total)
		}
	}
}

func memoryOf(b *Buffer) (sum int) {
	for c := b.first; c != nil; c = c.next {
		sum += len(c.memory)
	}
	return sum
}

func TestLittleDataPinsNoLargeChunk(t *testing.T) {
	const small = DefaultChunkBytes / smallShare
	for name, fill := range map[string]func(b *Buffer, fds [2]int){
		"written": func(b *Buffer, _ [2]int) { b.Write(make([]byte, small)) },
		"left by Drain": func(b *Buffer, _ [2]int) {
			b.Write(make([]byte, DefaultChunkBytes))
			b.Drain(DefaultChunkBytes - small)
		},
		"left in the last of several chunks": func(b *Buffer, _ [2]int) {
			b.Write(make([]byte, 3*DefaultChunkBytes))
			b.Drain(3*DefaultChunkBytes - small)
		},
		"left by RemoveTo of whole chunks": func(b *Buffer, _ [2]int) {
			b.Write(make([]byte, DefaultChunkBytes+small))
			b.RemoveTo(New(nil), DefaultChunkBytes)
		},
		"left by RemoveTo": func(b *Buffer, _ [2]int) {
			var dst Buffer
			b.Write(make([]byte, DefaultChunkBytes))
			b.RemoveTo(&dst, DefaultChunkBytes-small)
			dst.Reset()
			b.Drain(1)
		},
		"read": func(b *Buffer, fds [2]int) {
			writeFD(fds[0], make([]byte, small))
			b.ReadFD(fds[1], 0)
		},
		"reserved and committed": func(b *Buffer, _ [2]int) {
			b.Reserve(DefaultChunkBytes)
			b.Commit(small)
		},
	} {
		t.Run(name, func(t *testing.T) {
			pool := NewPool(0, 8)
			b := New(pool)
			fill(b, socketpair(t))
			valid(t, b)
			if b.Len() == 0 || memoryOf(b) != small {
				t.Errorf("%d bytes are held by %d bytes of memory", b.Len(), memoryOf(b))
			}
		})
	}
}

// A tiny chunk is for all that a buffer holds. What comes behind it goes into small ones, or a slow peer's output would be a chain
// of hundreds of pieces.
func TestATinyChunkIsForAllOfABuffer(t *testing.T) {
	const small, tiny, message = DefaultChunkBytes / smallShare, DefaultChunkBytes / tinyShare, 100
	pool := NewPool(0, 8)
	written, appended, piece := New(pool), New(pool), New(pool)
	for n := message; n < DefaultChunkBytes/shortShare; n += message {
		written.Write(make([]byte, message))
		piece.Write(make([]byte, message))
		if memoryOf(piece) != tiny {
			t.Fatalf("%d bytes are in %d bytes of memory", message, memoryOf(piece))
		}
		appended.Append(piece)
		valid(t, written, appended, piece)
		want := tiny + (max(0, n-tiny)+small-1)/small*small
		if memoryOf(written) != want || memoryOf(appended) != want {
			t.Fatalf("%d bytes: written into %d bytes of memory, appended into %d, want %d", n, memoryOf(written), memoryOf(appended), want)
		}
	}
	if written.Drain(written.Len() - 1); memoryOf(written) != small {
		t.Errorf("the last byte is in %d bytes of memory", memoryOf(written))
	}
}

// The last byte of a large chunk is left in a tiny one.
func TestTheLastByteTakesATinyChunk(t *testing.T) {
	b := New(NewPool(0, 8))
	b.Write(make([]byte, 3*DefaultChunkBytes))
	b.Drain(3*DefaultChunkBytes - 1)
	if valid(t, b); memoryOf(b) != DefaultChunkBytes/tinyShare {
		t.Errorf("a byte is held by %d bytes of memory", memoryOf(b))
	}
}

func TestALongBufferGrowsByLargeChunks(t *testing.T) {
	const small = DefaultChunkBytes / smallShare
	b := New(NewPool(0, 8))
	for range DefaultChunkBytes / shortShare / small {
		b.Write(make([]byte, small))
	}
	if memory := memoryOf(b); memory != b.Len() {
		t.Errorf("%d bytes are in %d bytes of memory: not in full small chunks", b.Len(), memory)
	}
	b.Write([]byte("x"))
	if len(b.last.memory) != DefaultChunkBytes {
		t.Errorf("the next chunk has %d bytes", len(b.last.memory))
	}
}

func TestMuchDataKeepsItsLargeChunk(t *testing.T) {
	b := New(NewPool(0, 8))
	b.Write(make([]byte, DefaultChunkBytes))
	large := &b.first.memory[0]
	b.Drain(DefaultChunkBytes - DefaultChunkBytes/smallShare - 1)
	if &b.first.memory[0] != large {
		t.Error("a large chunk was copied out of although more than 1/32 of it is in use")
	}
}

func TestSettlingKeepsTheBytes(t *testing.T) {
	b := New(NewPool(1024, 8)) // small chunks have 32 bytes
	text := bytes.Repeat([]byte("0123456789"), 100)
	b.Write(text)
	for b.Len() > 0 {
		b.Drain(7)
		wantContent(t, b, string(text[len(text)-b.Len():]))
	}
}
