package evbuffer

import (
	"errors"
	"strings"
	"testing"
)

func TestB6ReferenceIsNotCopiedAndCleanedUpOnce(t *testing.T) {
	memory := []byte("theirs")
	for name, drain := range map[string]func(b *Buffer){
		"at once":       func(b *Buffer) { b.Drain(6) },
		"byte by byte":  func(b *Buffer) { drainOneByOne(b) },
		"by Reset":      func(b *Buffer) { b.Reset() },
		"moved first":   func(b *Buffer) { var c Buffer; c.Append(b); c.Reset() },
		"moved in two":  func(b *Buffer) { var c Buffer; b.RemoveTo(&c, 3); b.Reset(); c.Reset() },
		"pulled up":     func(b *Buffer) { b.Write([]byte("x")); b.Pullup(7) },
		"shared by two": func(b *Buffer) { var c Buffer; c.AddBufferReference(b); b.Reset(); c.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			b := New(NewPool(64, 4))
			b.AddReference(memory, func() { calls++ })
			if &b.Pullup(6)[0] != &memory[0] {
				t.Error("copied")
			}
			if calls != 0 {
				t.Error("cleaned up while in use")
			}
			drain(b)
			valid(t, b)
			if calls != 1 {
				t.Errorf("cleaned up %d times", calls)
			}
		})
	}
}

func drainOneByOne(b *Buffer) {
	for b.Len() > 0 {
		b.Drain(1)
	}
}

func TestB6ReferenceThatIsNotTakenIsCleanedUpAtOnce(t *testing.T) {
	calls := 0
	var b Buffer
	b.AddReference(nil, func() { calls++ })
	b.Freeze(Back)
	if err := b.AddReference([]byte("x"), func() { calls++ }); !errors.Is(err, ErrFrozen) {
		t.Errorf("frozen: %v", err)
	}
	if calls != 2 {
		t.Errorf("%d cleanups, want 2", calls)
	}
}

func TestB6ReferencedMemoryIsNeverWritten(t *testing.T) {
	memory := []byte("................")
	b := New(NewPool(64, 4))
	b.AddReference(memory[4:8], nil)
	b.Write([]byte("after"))
	b.Prepend([]byte("before"))
	b.Drain(8)
	b.Prepend([]byte("again"))
	wantContent(t, b, "again..after")
	if string(memory) != strings.Repeat(".", 16) {
		t.Errorf("the caller's memory is %q", memory)
	}
}

func TestB6CleanupMayUseTheBuffer(t *testing.T) {
	var b Buffer
	b.AddReference([]byte("one"), func() { valid(t, &b); b.Write([]byte("two")) })
	b.Drain(3)
	wantContent(t, &b, "two")
}

func TestB12SharedContentIsIndependentInEachBuffer(t *testing.T) {
	pool := NewPool(64, 8)
	src := filled(pool, "abc", "def")
	var outputs [3]*Buffer
	for i := range outputs {
		outputs[i] = filled(pool, ">")
		outputs[i].AddBufferReference(src)
	}
	src.Drain(2)
	src.Prepend([]byte("XY"))
	src.Write([]byte("Z"))
	outputs[0].Drain(3)
	outputs[0].Prepend([]byte("12"))
	outputs[1].Write([]byte("!"))
	wantContent(t, src, "XYcdefZ")
	wantContent(t, outputs[0], "12cdef")
	wantContent(t, outputs[1], ">abcdef!")
	wantContent(t, outputs[2], ">abcdef")
}

func TestB12SharedChunksSurviveTheirSourceAndReturnToThePool(t *testing.T) {
	pool := NewPool(64, 8)
	src, a, b := filled(pool, "abc", "def"), New(pool), New(pool)
	a.AddBufferReference(src)
	b.AddBufferReference(a) // what is shared may be shared again
	src.Reset()
	wantContent(t, a, "abcdef")
	a.Reset()
	wantContent(t, b, "abcdef")
	if pool.large.count != 0 {
		t.Error("a chunk is free and in use")
	}
	drainOneByOne(b)
	if pool.large.count != 2 {
		t.Errorf("%d chunks went back, want 2", pool.large.count)
	}
	valid(t, src, a, b)
}

func TestB12BufferMayReferToItself(t *testing.T) {
	b := filled(NewPool(64, 8), "ab", "c")
	b.AddBufferReference(b)
	wantContent(t, b, "abcabc")
	b.Drain(4)
	wantContent(t, b, "bc")
}
