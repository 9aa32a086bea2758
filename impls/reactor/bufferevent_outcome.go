package reactor

import (
	"errors"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// fail ends the direction in which the error came, or both.
func (bev *BufferEvent) fail(direction Outcome, err error) {
	bev.note(err)
	if bev.state >= draining {
		bev.Close()
		return
	}
	if direction.Has(Writing) {
		bev.flags |= outputOver
		bev.enabled &^= Write
		bev.output.Reset()
	}
	if direction.Has(Reading) {
		bev.state = inputEOF
		bev.enabled &^= Read
	}
	bev.tell(Error | direction)
}

// note keeps err for Err, in the two bytes that each bufferevent has for it if they can say it.
func (bev *BufferEvent) note(err error) {
	errno, plain := err.(unix.Errno)
	if !plain && !errors.As(err, &errno) {
		errno = unix.EBADF // the descriptor names another file
		plain = errors.Is(err, backend.ErrReplaced)
	}
	bev.errno = uint16(errno)
	if x := bev.settings.extra; x != nil {
		x.err = nil
	}
	if !plain {
		bev.needExtra().err = err
	}
}

// tell calls OnEvent, or does what is done in its absence.
func (bev *BufferEvent) tell(outcome Outcome) {
	switch {
	case bev.calls.Event != nil:
		bev.calls.Event(bev, outcome)
	case outcome.Has(EOF):
		bev.CloseAfterFlush()
	case outcome.Has(Error | Timeout):
		bev.Close()
	}
}
