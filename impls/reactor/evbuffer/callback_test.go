package evbuffer

import (
	"fmt"
	"slices"
	"testing"
)

// changes collects what a callback is told as "orig+added-deleted".
type changes []string

func (c *changes) tell(orig, added, deleted int) {
	*c = append(*c, fmt.Sprintf("%d+%d-%d", orig, added, deleted))
}

func (c *changes) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(*c, want) {
		t.Errorf("told %v, want %v", *c, want)
	}
	*c = nil
}

func TestB11CallbackIsToldEveryChangeOfLength(t *testing.T) {
	fds := socketpair(t)
	b, other := New(NewPool(64, 4)), New(nil)
	var log, otherLog changes
	b.OnChange(log.tell)
	other.OnChange(otherLog.tell)

	b.Write([]byte("0123456789"))
	b.Prepend([]byte("abc"))
	b.Drain(1)
	log.want(t, "0+10-0", "10+3-0", "13+0-1")

	b.RemoveTo(other, 2)
	other.Append(b)
	log.want(t, "12+0-2", "10+0-10")
	otherLog.want(t, "0+2-0", "2+10-0")

	b.PrependBuffer(other)
	b.AddReference([]byte("xy"), nil)
	b.Read(make([]byte, 4))
	b.ReadLine(LF) // nothing to find, nothing to tell
	log.want(t, "0+12-0", "12+2-0", "14+0-4")

	b.AddBufferReference(filled(nil, "uvw"))
	b.Drain(3)
	log.want(t, "10+3-0", "13+0-3")

	b.Reserve(5)
	b.Commit(5)
	b.WriteFD(fds[0], 3)
	b.ReadFD(fds[1], 0)
	b.ReadFD(fds[1], 0) // EAGAIN
	writeFD(fds[0], []byte("z"))
	b.ReadFD(fds[1], 1) // into the room of the last chunk
	b.Pullup(5)
	b.Reset()
	log.want(t, "10+5-0", "15+0-3", "12+3-0", "15+1-0", "16+0-16")
}

func TestB11NewestCallbackIsCalledFirst(t *testing.T) {
	var b Buffer
	var order []int
	for i := range 3 {
		b.OnChange(func(_, _, _ int) { order = append(order, i) })
	}
	b.Write([]byte("x"))
	if !slices.Equal(order, []int{2, 1, 0}) {
		t.Errorf("order %v", order)
	}
}

func TestB11RemovedCallbackIsSilent(t *testing.T) {
	var b Buffer
	var removed, kept changes
	w := b.OnChange(removed.tell)
	b.OnChange(kept.tell)
	w.Remove()
	w.Remove()
	b.Write([]byte("x"))
	removed.want(t)
	kept.want(t, "0+1-0")
}

func TestB11CallbackMayRemoveItselfAndOthers(t *testing.T) {
	var b Buffer
	var log changes
	oldest := b.OnChange(log.tell)
	var self *Watch
	self = b.OnChange(func(orig, added, deleted int) {
		log.tell(orig, added, deleted)
		self.Remove()
		oldest.Remove() // is due in this very round, and must not be called any more
	})
	b.Write([]byte("x"))
	b.Write([]byte("y"))
	log.want(t, "0+1-0")
}

func TestB11CallbackAddedInACallbackHearsTheNextChange(t *testing.T) {
	var b Buffer
	var log changes
	var w *Watch
	w = b.OnChange(func(_, _, _ int) {
		w.Remove()
		b.OnChange(log.tell)
	})
	b.Write([]byte("x"))
	log.want(t)
	b.Write([]byte("y"))
	log.want(t, "1+1-0")
}

func TestB11CallbackMayChangeItsBuffer(t *testing.T) {
	var b Buffer
	var older changes
	b.OnChange(older.tell)
	b.OnChange(func(_, added, _ int) { b.Drain(added) }) // drains whatever comes
	b.Write([]byte("0123456789"))
	older.want(t, "0+10-0", "10+0-10") // in order, although the older callback is called second
	wantContent(t, &b, "")
}
