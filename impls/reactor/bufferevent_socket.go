package reactor

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// A closing connection waits for the peer's FIN for lingerSilence after the last byte, and for lingerTime in all.
const (
	lingerSilence = 2 * time.Second
	lingerTime    = 30 * time.Second
)

// linger sends FIN and waits for the peer's. To close at once would be wrong while the peer is sending: bytes that arrive at a
// closed socket are answered with a reset, which destroys the output that the peer has not yet read.
func (bev *BufferEvent) linger() {
	if bev.settings.transport.closeWrite(bev) != nil {
		bev.Close()
		return
	}
	bev.state = lingering
	bev.io.base.RefreshTime()                               // see setDeadlines
	bev.writeDeadline = bev.io.base.time().plus(lingerTime) // the direction is free for it
	bev.discard()
}

// discard drops the input, and grants the peer another while.
func (bev *BufferEvent) discard() {
	bev.input.Reset()
	bev.io.base.RefreshTime()
	bev.readDeadline = bev.io.base.time().plus(lingerSilence)
}

// ErrConnected is returned by Connect on a bufferevent that has a descriptor, or had one.
var ErrConnected = errors.New("this bufferevent is or was connected")

// Connect connects a bufferevent that has no descriptor, for the networks and addresses of Listen. The outcome is told in the loop by
// exactly one call of OnEvent: Connected, Error, or Timeout (after the write timeout). An error that is returned
// here instead means that there was nothing to try: a bad address, no descriptor left, or [ErrConnected]. After a failure
// SetFD(-1) makes it ready for another try. A host name is looked up first, and the loop stands still for that long; of its
// addresses one is taken ([net.ResolveTCPAddr]).
func (bev *BufferEvent) Connect(network, address string) error {
	if bev.state != unconnected {
		return ErrConnected
	}
	if f := bev.filter(); f != nil {
		return f.connect(network, address)
	}
	where, err := resolve(network, address)
	if err != nil {
		return err
	}
	fd, outcome, err := bev.io.base.sockets.dial(where)
	if err != nil {
		return err
	}
	bev.io.descriptor = int32(fd)
	bev.state = connecting
	bev.adopt()
	if outcome != nil && outcome != unix.EINPROGRESS && outcome != unix.EINTR {
		bev.note(outcome)
	}
	if outcome == nil || bev.errno != 0 {
		bev.io.Active(Write) // is told in the loop, like an outcome that takes its time
	}
	bev.touch()
	return nil
}

// connected looks how the attempt has ended.
func (bev *BufferEvent) connected() {
	if f := bev.filter(); f != nil {
		f.advance()
		return
	}
	if bev.errno == 0 {
		if err := bev.io.base.sockets.dialed(bev); err != nil {
			bev.note(err)
		}
	}
	if bev.errno != 0 {
		bev.notConnected(bev.Err())
		return
	}
	bev.nowConnected()
}

func (bev *BufferEvent) notConnected(err error) {
	bev.state = opened // for a moment: fail ends both directions
	bev.fail(Reading|Writing, err)
}

func (bev *BufferEvent) nowConnected() {
	bev.state = opened
	if bev.flags&closeWaiting != 0 {
		bev.CloseAfterFlush()
		return
	}
	bev.tell(Connected)
}

var (
	// ErrNoSocket is returned by SetFD for a bufferevent that has no descriptor of its own: a pair, a filter.
	ErrNoSocket = errors.New("this bufferevent is not a socket's")

	// ErrFiltered is returned by SetFD for a bufferevent that a filter reads and writes through: the filter knows one stream.
	ErrFiltered = errors.New("a filter has this bufferevent")
)

// SetFD goes on with another connected, non-blocking descriptor, and closes the one that there was. Both directions live again, what is
// in the buffers stays there, and callbacks, settings and limits are as before: so a client reconnects. With fd below 0 there
// is none until Connect or the next SetFD.
//
// What may be wrong with the descriptor is told as an Error, as by NewBufferEvent. Refused are a pair and a filter ([ErrNoSocket]), what
// is under a filter ([ErrFiltered]), and what is closed or closing ([ErrClosed]).
func (bev *BufferEvent) SetFD(fd int) error {
	b := bev.io.base
	carrier, own := bev.settings.transport.(sockets) // not always the base's: completion leaves what is no socket to readiness
	switch {
	case !own:
		return ErrNoSocket
	case bev.state >= draining || bev.flags&lastInput != 0:
		return ErrClosed
	case bev.top() != bev:
		return ErrFiltered
	}
	bev.io.Del()
	carrier.close(bev, false)
	bev.setTransport(b.sockets)
	bev.io.descriptor = descriptorNumber(fd)
	bev.io.what &^= Read | Write
	bev.readDeadline, bev.writeDeadline, bev.errno = 0, 0, 0
	if x := bev.settings.extra; x != nil {
		x.err = nil
	}
	bev.flags &= busy | touched | ownCalls
	bev.enabled |= Write
	bev.state = unconnected
	if fd >= 0 {
		bev.adopt()
		bev.state = opened
	}
	bev.touch()
	return nil
}
