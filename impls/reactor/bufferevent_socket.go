package reactor

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// socket is the transport over a non-blocking stream socket.
type socket struct{}

var _ transport = socket{}

func (socket) fill(bev *BufferEvent, most int) (int, error) {
	return bev.input.ReadFD(int(bev.io.descriptor), most)
}

func (socket) flush(bev *BufferEvent, most int) (int, error) {
	return bev.output.WriteFD(int(bev.io.descriptor), most)
}

func (socket) closeWrite(bev *BufferEvent) error {
	return unix.Shutdown(int(bev.io.descriptor), unix.SHUT_WR)
}

func (socket) quiet(bev *BufferEvent) bool { return quiet(int(bev.io.descriptor)) }

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
// here instead means that there was nothing to try: a bad address, no descriptor left.
func (bev *BufferEvent) Connect(network, address string) error {
	if bev.state != unconnected {
		return ErrConnected
	}
	where, err := resolve(network, address)
	if err != nil {
		return err
	}
	fd, err := newSocket(where.family)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if where.family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	err = unix.Connect(fd, where.raw)
	bev.io.descriptor = int32(fd)
	bev.state = connecting
	bev.adopt()
	if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		bev.errno = errnoOf(err)
	}
	if err == nil || bev.errno != 0 {
		bev.io.Active(Write) // is told in the loop, like an outcome that takes its time
	}
	bev.touch()
	return nil
}

// connected looks how the attempt has ended.
func (bev *BufferEvent) connected() {
	if bev.errno == 0 {
		code, err := unix.GetsockoptInt(int(bev.io.descriptor), unix.SOL_SOCKET, unix.SO_ERROR)
		bev.errno = uint16(code)
		if err != nil {
			bev.errno = errnoOf(err)
		}
	}
	if bev.errno != 0 {
		bev.state = opened // for a moment: fail ends both directions
		bev.fail(Reading|Writing, unix.Errno(bev.errno))
		return
	}
	bev.state = opened
	if bev.flags&closeWaiting != 0 {
		bev.CloseAfterFlush()
		return
	}
	bev.tell(Connected)
}
