package reactor

import (
	"io"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// This file is how bytes come up through a filter.

// A fillBudget bounds what one fill brings where no read call does: the others wait for that long.
const fillBudget = 64 << 10

func (f *filter) fill(bev *BufferEvent, most int) (int, error) {
	before := bev.input.Len()
	err := f.pull(lesser(most, fillBudget))
	n := max(0, bev.input.Len()-before)
	f.putOff = f.putOff && n == 0
	f.more = err != ErrNeedMore
	f.under.touch() // there may be room now
	if f.more {
		f.under.Disable(Read)
	} else {
		f.under.Enable(Read)
	}
	switch {
	case n > 0 && f.more:
		bev.io.Active(Read)
		return n, nil
	case n > 0 || err == nil:
		return n, nil
	case err == ErrNeedMore:
		return 0, unix.EAGAIN
	case err == io.EOF:
		return 0, nil
	}
	return 0, err
}

// late lets the underlying one have its turn first, see expire: its socket may have what came while the process was stopped.
func (f *filter) late(*BufferEvent) bool {
	f.putOff = !f.putOff
	return f.putOff
}

// pull calls in until it has brought most bytes (nil), needs more, or has come to the end.
func (f *filter) pull(most int) error {
	src, dst := &f.under.input, &f.bev.input
	if dst.Frozen(evbuffer.Back) {
		return evbuffer.ErrFrozen
	}
	for limit := dst.Len() + most; f.inputErr == nil && dst.Len() < limit; {
		mode := Normal
		if f.ended && f.failure == nil {
			mode = Finished
		}
		had, held := src.Len(), dst.Len()
		err := f.in(dst, src, limit-held, mode)
		stuck := err == nil && src.Len() == had && dst.Len() == held
		switch {
		case err != nil && err != ErrNeedMore:
			f.inputErr = err
		case (stuck || err == ErrNeedMore) && f.ended:
			f.inputErr = f.ending()
		case stuck || err == ErrNeedMore:
			return ErrNeedMore
		}
	}
	return f.inputErr
}

// ending is how the input ends when nothing more can be made of what came.
func (f *filter) ending() error {
	switch {
	case f.failure != nil:
		return f.failure
	case f.under.input.Len() > 0:
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}
