package backend

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// uring is io_uring as a Proactor, and by the part that it shares with uringPoll a Backend.
//
// What the kernel ends for reasons of its own is begun again here: a multishot operation that stops although nothing went
// wrong, one whose thread has ended, a receive that found no buffer. So an Op is the caller's until its last Ready says so.
type uring struct {
	uringPoll
	operations operations
}

var _ Proactor = (*uring)(nil)

const (
	codeAccept      = 13
	codeConnect     = 16
	codeSend        = 26
	codeSendMessage = 9
	codeReceive     = 27
	codeZeroCopy    = 47 // not used: it came with multishot receive, which itself cannot be asked for

	acceptMultishot  = 1 << 0 // these three in priority
	receiveMultishot = 1 << 1

	selectBuffer = 1 << 5 // flag of a submission: receive into a provided buffer
)

var workNeeds = []operationNeed{
	{codeAccept, "accept", "5.5"}, {codeCancel, "cancellation", "5.5"}, {codeConnect, "connect", "5.5"},
	{codeSend, "send", "5.6"}, {codeSendMessage, "sendmsg", "5.3"}, {codeReceive, "receive", "5.6"},
	{codeZeroCopy, "multishot receive", "6.0"},
}

func openUring() (Backend, error) {
	u, err := newUring(systemRings)
	if err != nil {
		return nil, err
	}
	return u, nil
}

func newUring(kernel ringKernel) (*uring, error) {
	const method = "io_uring"
	p, err := newUringPoll(method, kernel)
	if err != nil {
		return nil, err
	}
	u := &uring{uringPoll: *p}
	if err = u.probe(method, kernel, workNeeds); err == nil {
		err = u.operations.buffers.open(method, u.fd, kernel)
	}
	if err != nil {
		u.ring.close()
		return nil, err
	}
	u.work = &u.operations
	u.operations.ring = u.ring
	writing.Store(u, nil)
	return u, nil
}

func (u *uring) Name() string { return "io_uring" }

// writing keeps alive the rings into whose buffers the kernel may write: those that are not closed, for even if nobody has them any more
// their receives go on, and those whose work could not be called back.
var writing sync.Map

// Close calls back what is under way and waits for it: the kernel may be reading memory of this process for it.
func (u *uring) Close() error {
	u.operations.abandon()
	err := u.uringPoll.Close()
	if u.operations.underWay == 0 { // otherwise the wait has failed, and nobody else may have the buffers
		u.operations.buffers.close()
		writing.Delete(u)
	}
	return err
}

func (u *uring) Accept(op *Op, fd int) error {
	_, err := u.operations.begin(op, accepting, fd)
	return err
}

func (u *uring) Receive(op *Op, fd int) error {
	_, err := u.operations.begin(op, receiving, fd)
	return err
}

func (u *uring) Send(op *Op, fd int, extents [][]byte) error {
	s, err := u.operations.begin(op, sending, fd)
	if err != nil {
		return err
	}
	s.operation = unix.MSG_NOSIGNAL
	if len(extents) == 1 {
		s.code = codeSend
		s.address, s.length = addressOf(unsafe.Pointer(unsafe.SliceData(extents[0]))), uint32(len(extents[0]))
		return nil
	}
	message := u.scratch.message(extents)
	s.code, s.address, s.length = codeSendMessage, addressOf(unsafe.Pointer(message)), 1
	return nil
}

func (u *uring) Connect(op *Op, fd int, address unix.Sockaddr) error {
	name, length, err := u.scratch.name(address)
	if err != nil {
		return err
	}
	s, err := u.operations.begin(op, connecting, fd)
	if err != nil {
		return err
	}
	s.code, s.address, s.offset = codeConnect, addressOf(unsafe.Pointer(name)), uint64(length)
	return nil
}

func (u *uring) Cancel(op *Op) error { return u.operations.cancel(op) }

func (u *uring) Buffer(r Ready) []byte { return u.operations.buffers.of(r.Buffer)[:r.N] }

func (u *uring) Release(buffer uint16) { u.Exchange(buffer, u.operations.buffers.of(buffer)) }

func (u *uring) Exchange(buffer uint16, memory []byte) { u.operations.buffers.give(buffer, memory) }
