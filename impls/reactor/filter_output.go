package reactor

import (
	"fmt"
	"io"
	"math"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// This file is how bytes go down through a filter, and how its stream ends.

func (f *filter) flush(bev *BufferEvent, most int) (int, error) {
	length, taken := bev.output.Len(), f.taken
	if f.under.flags&outputOver != 0 {
		return 0, unix.EPIPE
	}
	err := f.push(most, f.pending)
	n := f.taken - taken
	if mode := f.pending; mode != Normal && (bev.output.Len() == 0 || err == ErrNeedMore) {
		f.pending = Normal
		f.under.Flush(mode)
	}
	switch {
	case err == nil && n == 0:
		err = unix.EAGAIN // underWrote says when to go on,
	case err == nil && n < length && f.room() > 0:
		bev.io.Active(Write) // and nobody does after most bytes
	}
	return n, err
}

// push calls out, and notes whether it could do nothing with what is left.
func (f *filter) push(most int, mode FlushMode) error {
	f.running = true
	err := f.transformOutput(most, mode)
	f.running = false
	f.under.touch()
	if left := f.bev.output.Len(); err == ErrNeedMore && left > 0 {
		f.bev.needExtra().starved = left
	} else if x := f.bev.settings.extra; x != nil {
		x.starved = 0
	}
	return err
}

// transformOutput calls out until the output is empty, most of it is gone or the underlying output is at its high mark (all of them nil), or
// until out needs more. A flush is called for even without output, and does not mind the mark.
func (f *filter) transformOutput(most int, mode FlushMode) error {
	src, dst := &f.bev.output, &f.under.output
	if src.Frozen(evbuffer.Front) {
		return evbuffer.ErrFrozen
	}
	for begun, asked := f.taken, false; ; asked = true {
		last := mode != Normal && !asked
		left := most - (f.taken - begun)
		if !last && (src.Len() == 0 || mode != Finished && (left <= 0 || f.room() == 0)) {
			return nil
		}
		had, held := f.taken, dst.Len()
		room := f.room()
		if room == math.MaxInt {
			room = 0
		}
		err := f.transformSome(left, room, mode)
		if err == nil && f.taken == had && dst.Len() == held {
			err = ErrNeedMore
		}
		if err == ErrNeedMore && src.Len() == 0 {
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// room is how much the underlying output takes before it is at its high mark.
func (f *filter) room() int { return f.under.Room() }

// transformSome calls out with the first most bytes of the output, so that a limit is kept, or with all if it can do nothing with those.
func (f *filter) transformSome(most, room int, mode FlushMode) error {
	src, dst := &f.bev.output, &f.under.output
	if src.Len() > most && most > 0 {
		some := evbuffer.New(f.bev.io.base.pool)
		src.RemoveTo(some, most)
		err := f.out(dst, some, room, Normal)
		untouched := some.Len() == most
		f.taken -= some.Len()
		src.PrependBuffer(some)
		if err != ErrNeedMore || !untouched {
			return err
		}
	}
	return f.out(dst, src, room, mode)
}

// finish gives the underlying one the last that out has to say.
func (f *filter) finish() error {
	if f.under.flags&outputOver != 0 {
		return nil
	}
	err := f.push(math.MaxInt, Finished)
	if left := f.bev.output.Len(); err == ErrNeedMore {
		err = fmt.Errorf("the filter can make nothing of its last %d bytes: %w", left, io.ErrUnexpectedEOF)
	}
	f.bev.output.Reset()
	return err
}

func (f *filter) closeWrite(*BufferEvent) error {
	err := f.finish()
	f.under.CloseWrite()
	return err
}

// handOver leaves to the underlying one what a closing filter still has to deliver.
func (f *filter) handOver() {
	if f.bev.flags&outputOver == 0 {
		f.finish()
	}
	f.lastWord = true
	f.bev.Close()
}

// flushNow calls out for what it keeps, and then does the same below; if that is not possible now, when the output that waits has gone.
func (f *filter) flushNow(mode FlushMode) {
	if f.running || f.bev.state <= connecting || f.bev.output.Len() > 0 && !f.bev.starved() {
		f.pending = max(f.pending, mode)
		f.bev.touch()
		return
	}
	if err := f.push(math.MaxInt, mode); err != nil && err != ErrNeedMore {
		f.within(func() { f.bev.fail(Writing, err) })
		return
	}
	f.under.Flush(mode)
}
