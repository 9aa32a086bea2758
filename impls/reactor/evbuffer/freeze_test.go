package evbuffer

import (
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestB15FrozenFrontRefusesEveryWayOut(t *testing.T) {
	fds := socketpair(t)
	frozenTest(t, Front, map[string]func(b *Buffer) error{
		"Drain":    func(b *Buffer) error { return count(b.Drain(1)) },
		"Read":     func(b *Buffer) error { _, err := b.Read(make([]byte, 1)); return err },
		"WriteTo":  func(b *Buffer) error { _, err := b.WriteTo(io.Discard); return err },
		"CopyOut":  func(b *Buffer) error { return count(b.CopyOut(make([]byte, 1), 0)) },
		"RemoveTo": func(b *Buffer) error { return count(b.RemoveTo(new(Buffer), 1)) },
		"ReadLine": func(b *Buffer) error {
			if _, ok := b.ReadLine(LF); ok {
				return nil
			}
			return ErrFrozen
		},
		"WriteFD":       func(b *Buffer) error { _, err := b.WriteFD(fds[0], 0); return err },
		"Prepend":       func(b *Buffer) error { return b.Prepend([]byte("x")) },
		"PrependBuffer": func(b *Buffer) error { return b.PrependBuffer(filled(nil, "x")) },
		"appended":      func(b *Buffer) error { return new(Buffer).Append(b) },
		"prepended":     func(b *Buffer) error { return new(Buffer).PrependBuffer(b) },
	})
}

func TestB16FrozenBackRefusesEveryWayIn(t *testing.T) {
	fds := socketpair(t)
	frozenTest(t, Back, map[string]func(b *Buffer) error{
		"Write":      func(b *Buffer) error { _, err := b.Write([]byte("x")); return err },
		"Append":     func(b *Buffer) error { return b.Append(filled(nil, "x")) },
		"RemoveTo":   func(b *Buffer) error { return count(filled(nil, "x").RemoveTo(b, 1)) },
		"Reserve":    func(b *Buffer) error { return count(len(b.Reserve(1))) },
		"ReserveVec": func(b *Buffer) error { return count(b.ReserveVec(make([][]byte, 1), 1)) },
		"Commit": func(b *Buffer) error {
			b.Unfreeze(Back)
			b.Reserve(1)
			b.Freeze(Back)
			return b.Commit(1)
		},
		"ReadFD":             func(b *Buffer) error { _, err := b.ReadFD(fds[0], 0); return err },
		"AddReference":       func(b *Buffer) error { return b.AddReference([]byte("x"), nil) },
		"AddBufferReference": func(b *Buffer) error { return b.AddBufferReference(filled(nil, "x")) },
		"AddFile": func(b *Buffer) error {
			fd, err := unix.Open(os.Args[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			return b.AddFile(fd, 0, 1)
		},
	})
}

// count makes an error of a count of 0, which is how a method without an error says that it refuses.
func count(n int) error {
	if n == 0 {
		return ErrFrozen
	}
	return nil
}

// frozenTest expects each call to be refused while side is frozen, and not to be refused as long as only the other one is.
func frozenTest(t *testing.T, side Side, calls map[string]func(b *Buffer) error) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			b := filled(NewPool(64, 4), "line\n", "more")
			b.Freeze(side)
			if err := call(b); !errors.Is(err, ErrFrozen) {
				t.Errorf("frozen: %v", err)
			}
			wantContent(t, b, "line\nmore")
			b.Unfreeze(side)
			b.Freeze(Front | Back&^side)
			b.Unfreeze(side)
			if err := call(b); errors.Is(err, ErrFrozen) && name != "Commit" {
				t.Errorf("not frozen at this side: %v", err)
			}
			valid(t, b)
		})
	}
}

// A side that there is not is no side.
func TestFreezeKnowsTwoSides(t *testing.T) {
	var b Buffer
	b.Freeze(^Side(0))
	if !b.Frozen(Front) || !b.Frozen(Back) {
		t.Error("not frozen at both sides")
	}
	b.Unfreeze(^Side(0))
	if b.Frozen(Front) || b.Frozen(Back) {
		t.Error("still frozen")
	}
	b.Freeze(1 << 2)
	if n, err := b.Write([]byte("x")); n != 1 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
}
