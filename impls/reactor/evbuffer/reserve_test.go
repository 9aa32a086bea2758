package evbuffer

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestB3ReserveUsesTheRoomOfTheLastChunk(t *testing.T) {
	b := New(NewPool(64, 4))
	b.Write([]byte("abc"))
	copy(b.Reserve(3), "def")
	b.Commit(3)
	wantContent(t, b, "abcdef")
	if b.first != b.last {
		t.Error("a chunk was taken although there was room")
	}
}

func TestB4ReserveOfAllTheRoomTakesNoChunk(t *testing.T) {
	b := New(NewPool(64, 4))
	b.Write([]byte("abc"))
	space := b.Reserve(61)
	if err := b.Commit(len(space)); err != nil {
		t.Error(err)
	}
	valid(t, b)
	if b.Len() != 64 || b.first != b.last {
		t.Errorf("%d bytes, in one chunk: %v", b.Len(), b.first == b.last)
	}
}

func TestB3CommitOfNothingIsNoError(t *testing.T) {
	b := New(NewPool(64, 4))
	if err := b.Commit(0); err != nil {
		t.Error(err)
	}
	b.Reserve(1)
	if err := b.Commit(0); err != nil {
		t.Error(err)
	}
	valid(t, b)
}

func TestB3ReserveTwiceGivesTheSameSpace(t *testing.T) {
	for _, present := range []string{"", "abc"} {
		b := New(NewPool(64, 4))
		b.Write([]byte(present))
		first, second := b.Reserve(10), b.Reserve(10)
		if &first[0] != &second[0] {
			t.Error("the second reservation lies elsewhere")
		}
		valid(t, b)
	}
}

func TestB17ReserveIsContiguousAndReserveVecNeedNotBe(t *testing.T) {
	b := New(NewPool(64, 4))
	b.Write(make([]byte, 60))
	if space := b.Reserve(300); len(space) < 300 {
		t.Errorf("Reserve(300) has %d bytes", len(space))
	}
	for extents := 1; extents < 8; extents++ {
		vecs := make([][]byte, extents)
		used := b.ReserveVec(vecs, 300)
		sum := 0
		for _, space := range vecs[:used] {
			sum += len(space)
		}
		if sum < 300 {
			t.Errorf("%d extents have %d bytes, want 300", extents, sum)
		}
		valid(t, b)
	}
}

func TestB3PartialCommitInTheMiddleOfTheExtents(t *testing.T) {
	text := strings.Repeat("0123456789", 30)
	for n := range 300 {
		b := New(NewPool(64, 8))
		b.Write([]byte("<"))
		vecs := make([][]byte, 8)
		left := text
		for _, space := range vecs[:b.ReserveVec(vecs, 300)] {
			left = left[copy(space, left):]
		}
		if err := b.Commit(n); err != nil {
			t.Fatal(err)
		}
		wantContent(t, b, "<"+text[:n])
		b.Write([]byte(">"))
		wantContent(t, b, "<"+text[:n]+">")
	}
}

func TestB3CommitWithoutAValidReservationFails(t *testing.T) {
	fds := socketpair(t)
	writeFD(fds[0], []byte("x"))
	for name, between := range map[string]func(b *Buffer){
		"Write":               func(b *Buffer) { b.Write([]byte("x")) },
		"Prepend":             func(b *Buffer) { b.Prepend([]byte("x")) },
		"Append":              func(b *Buffer) { b.Append(filled(nil, "x")) },
		"appended elsewhere":  func(b *Buffer) { new(Buffer).Append(b) },
		"prepended to":        func(b *Buffer) { b.PrependBuffer(filled(nil, "x")) },
		"prepended elsewhere": func(b *Buffer) { filled(nil, "x").PrependBuffer(b) },
		"moved from":          func(b *Buffer) { b.RemoveTo(New(nil), 1) },
		"moved to":            func(b *Buffer) { filled(nil, "xy").RemoveTo(b, 1) },
		"Pullup":              func(b *Buffer) { b.AddReference([]byte("x"), nil); b.Reserve(5); b.Pullup(4) },
		"ReadFD":              func(b *Buffer) { b.ReadFD(fds[1], 1) },
		"ReadFD of nothing":   func(b *Buffer) { b.ReadFD(fds[0], 1) },
		"WriteFD":             func(b *Buffer) { b.WriteFD(fds[0], 1) },
		"AddFile":             func(b *Buffer) { b.AddFile(opened(t, "x"), 0, 1) },
		"load":                func(b *Buffer) { b.AddFile(opened(t, "x"), 0, 1); b.Reserve(5); b.Peek(nil, -1) },
		"shared to":           func(b *Buffer) { b.AddBufferReference(filled(nil, "x")) },
		"Drain":               func(b *Buffer) { b.Drain(1) },
		"AddReference":        func(b *Buffer) { b.AddReference([]byte("x"), nil) },
		"shared":              func(b *Buffer) { new(Buffer).AddBufferReference(b) },
		"Commit":              func(b *Buffer) { b.Commit(1) },
		"Reset":               func(b *Buffer) { b.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			b := New(NewPool(64, 8))
			b.Write([]byte("abc"))
			b.Reserve(5)
			between(b)
			before := b.Len()
			if err := b.Commit(5); !errors.Is(err, ErrNotReserved) {
				t.Errorf("Commit: %v", err)
			}
			if b.Len() != before {
				t.Error("the buffer changed")
			}
			valid(t, b)
		})
	}
}

func TestB3CommitOfMoreThanIsReservedFails(t *testing.T) {
	b := New(NewPool(64, 8))
	for _, n := range []int{-1, 1} {
		if err := b.Commit(n); !errors.Is(err, ErrNotReserved) {
			t.Errorf("Commit(%d) without a reservation: %v", n, err)
		}
	}
	space := b.Reserve(10)
	if err := b.Commit(len(space) + 1); !errors.Is(err, ErrNotReserved) {
		t.Errorf("Commit of one too many: %v", err)
	}
	wantContent(t, b, "")
}

func TestB4AbsurdReservationsAreRefused(t *testing.T) {
	b := New(NewPool(64, 8))
	for _, n := range []int{math.MinInt, -1, 0, maxReserve + 1, math.MaxInt} {
		if space := b.Reserve(n); space != nil {
			t.Errorf("Reserve(%d) has %d bytes", n, len(space))
		}
	}
	if n := b.ReserveVec(nil, 10); n != 0 {
		t.Errorf("ReserveVec without extents = %d", n)
	}
	valid(t, b)
}

func TestUnusedReservationGoesBackToThePool(t *testing.T) {
	pool := NewPool(64, 8)
	b := New(pool)
	b.ReserveVec(make([][]byte, 4), 200)
	if b.Len() != 0 || b.first != nil {
		t.Error("reserved space is visible")
	}
	b.Commit(0)
	if pool.large.count != 4 {
		t.Errorf("%d chunks went back, want 4", pool.large.count)
	}
	valid(t, b)
}
