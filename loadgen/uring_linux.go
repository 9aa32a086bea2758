package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A uringEngine asks the kernel by io_uring: one system call hands over all sends that are due, sleeps until a reply has come or the next
// request is planned, and brings the replies. Each connection has one receive that goes on for its whole life, and one send at a time.
//
// Its times differ from those of the epoll engine in two ways, both towards longer ones. The requests of a batch count as sent when the clock was
// read just before the call that sends them all, and its replies as come when it was read just after the call that brought them all.
// And a send that finds no room counts as sent when the kernel was asked, not when the first byte had gone. The send lag is shorter by as much as
// the service is longer.
type uringEngine struct {
	threadEngine
	ring    *ring
	buffers *ringBuffers
	zero    int64 // what CLOCK_MONOTONIC shows when clock is 0
	fds     []int32
	sends   []outgoing
	batch   []int // streams whose send is filled in and not handed over
}

// An outgoing is the send of a stream.
type outgoing struct {
	rest    []byte // what the kernel has not taken, a piece of the payload's table; empty: there is no send
	movedAt int64  // clock when it last took some, or was asked
}

// What a completion is about: the stream's number, and this for a send.
const ofSend = 1 << 32

// Numbers of the operations, from linux/io_uring.h.
const (
	codeSend    = 26
	codeReceive = 27

	receiveMultishot = 1 << 1 // in priority (6.0)
	selectBuffer     = 1 << 5 // flag of a submission: receive into a provided buffer

	completionBuffer = 1 << 0 // the upper half of flags is the number of a provided buffer
	completionMore   = 1 << 1 // the operation goes on
)

func newUringEngine(p Plan) engine {
	return &uringEngine{
		threadEngine: threadEngine{accounts: newAccounts(p)},
		sends:        make([]outgoing, p.Conns),
		batch:        make([]int, 0, p.Conns),
	}
}

// refusesUring is why this system has no io_uring engine; nil if it has.
func refusesUring() error {
	r, err := openRing(0)
	if err != nil {
		return err
	}
	return r.close()
}

func (e *uringEngine) connect(ctx context.Context) (err error) {
	// A connection has its send to be looked at and the end of its receive, and each buffer what it received.
	completions := 2*e.plan.Conns + mostBuffers
	if completions > mostCompletions {
		return fmt.Errorf("%d connections are too many for one io_uring engine, which has %d at most", e.plan.Conns, (mostCompletions-mostBuffers)/2)
	}
	if e.ring, err = openRing(completions); err != nil {
		return err
	}
	if e.buffers, err = openBuffers(e.ring, e.plan.Conns); err != nil {
		return err
	}
	if e.zero, err = clockZero(); err != nil {
		return err
	}
	pace := newPace(e.plan.ConnectsPerS)
	for i := range e.streams {
		pace.wait()
		if ctx.Err() != nil {
			return errAborted
		}
		fd, err := dial(e.plan.Network, e.plan.Address, e.plan.source(e.plan.First+i), e.plan.Patience)
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", e.plan.First+i, e.plan.First+e.plan.Conns, err)
		}
		e.fds = append(e.fds, int32(fd))
	}
	return nil
}

// close ends the ring before the memory that it writes to.
func (e *uringEngine) close() {
	if e.ring != nil {
		e.ring.close()
		e.ring = nil
	}
	if e.buffers != nil {
		e.buffers.close()
		e.buffers = nil
	}
	for i := range e.fds {
		e.hangUp(i)
	}
}

// run must have a goroutine of its own, whose thread ends with it.
func (e *uringEngine) run(c *control) (Tally, error) { return e.runOn(e, c) }

func (e *uringEngine) start() error {
	if err := e.ring.enable(); err != nil {
		return err
	}
	for i := range e.streams {
		if err := e.listen(i); err != nil {
			return err
		}
	}
	if e.isOpen() {
		e.startPlan(clock())
		return nil
	}
	for i := range e.streams {
		e.issue(&e.streams[i], clock())
		if err := e.send(i); err != nil {
			return err
		}
	}
	return nil
}

func (e *uringEngine) launch(c *control, now int64) error {
	if !e.isOpen() {
		return nil
	}
	for _, i := range e.dueUntil(c, now) {
		if err := e.send(i); err != nil {
			return err
		}
	}
	return nil
}

// turn hands over, sleeps, and handles what came. The count is taken before the clock is read and kept to, since a full ring is handed over in
// between and may bring more: those have come later than that reading.
func (e *uringEngine) turn() error {
	if err := e.wait(); err != nil {
		return err
	}
	finished := e.ring.finished()
	now := clock()
	for range finished {
		if err := e.handle(e.ring.pop(), now); err != nil {
			return err
		}
	}
	return nil
}

// wait sleeps, if there is time, and nothing is left to be handled.
func (e *uringEngine) wait() error {
	now := clock()
	e.departs(now)
	until := e.sleepUntil(now)
	if until <= now || e.ring.finished() > 0 {
		return entered(e.ring.enter())
	}
	return entered(e.ring.sleep(e.zero+until, e.keepsP))
}

// departs accounts for the batch that the next call sends.
func (e *uringEngine) departs(now int64) {
	for _, i := range e.batch {
		s := &e.sends[i]
		e.streams[i].wrote(len(s.rest), now)
		s.movedAt = now
	}
	e.batch = e.batch[:0]
}

// entered tells an error from what only ends a wait.
func entered(errno syscall.Errno) error {
	switch errno {
	case 0, unix.EINTR, unix.ETIME:
		return nil
	}
	return fmt.Errorf("io_uring_enter: %w", errno)
}

// next returns a submission to fill in.
func (e *uringEngine) next() (*submission, error) {
	for e.ring.isFull() {
		e.departs(clock())
		if err := entered(e.ring.enter()); err != nil {
			return nil, err
		}
	}
	return e.ring.next(), nil
}

// listen begins the receive of connection i.
func (e *uringEngine) listen(i int) error {
	s, err := e.next()
	if err != nil {
		return err
	}
	s.code, s.priority, s.flags, s.group, s.fd, s.data = codeReceive, receiveMultishot, selectBuffer, bufferGroup, e.fds[i], uint64(i)
	return nil
}

// send fills in the send of all that is due on connection i, or leaves it to the end of the one that is under way.
func (e *uringEngine) send(i int) error {
	s, out := &e.streams[i], &e.sends[i]
	if len(out.rest) > 0 || s.sent == s.due {
		return nil
	}
	piece := s.toSend(e.payload)
	if err := e.submit(i, piece); err != nil {
		return err
	}
	out.rest = piece
	e.batch = append(e.batch, i)
	return nil
}

func (e *uringEngine) submit(i int, piece []byte) error {
	s, err := e.next()
	if err != nil {
		return err
	}
	s.code, s.fd, s.operation, s.data = codeSend, e.fds[i], unix.MSG_NOSIGNAL, uint64(i)|ofSend
	s.address, s.length = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(piece)))), uint32(len(piece))
	return nil
}

// handle takes in one completion, of a batch that came by now. What belongs to a connection that was dropped is of no interest.
func (e *uringEngine) handle(done completion, now int64) error {
	i := int(uint32(done.data))
	if done.data&ofSend != 0 {
		if e.fds[i] < 0 {
			return nil
		}
		return e.drop(i, e.sent(i, int(done.result), now))
	}
	if done.flags&completionBuffer != 0 {
		defer e.buffers.give(uint16(done.flags >> 16))
	}
	if e.fds[i] < 0 {
		return nil
	}
	if err := e.drop(i, e.receive(i, done, now)); err != nil || e.fds[i] < 0 || done.flags&completionMore != 0 {
		return err
	}
	return e.listen(i) // the kernel had no buffer, or no room for another completion
}

// sent takes in that the kernel took n bytes, or the negated error number.
func (e *uringEngine) sent(i, n int, now int64) error {
	s, out := &e.streams[i], &e.sends[i]
	if n < 0 && n != -int(unix.EINTR) && n != -int(unix.EAGAIN) {
		return broken(s, "send", syscall.Errno(-n))
	}
	if n > 0 {
		out.rest, out.movedAt = out.rest[n:], now
	}
	if len(out.rest) > 0 {
		return e.submit(i, out.rest)
	}
	return e.send(i)
}

// receive takes in what came on connection i.
func (e *uringEngine) receive(i int, done completion, now int64) error {
	s, n := &e.streams[i], int(done.result)
	switch {
	case n == -int(unix.ENOBUFS) || n == -int(unix.EINTR) || n == -int(unix.EAGAIN):
		return nil
	case n < 0:
		return broken(s, "recv", syscall.Errno(-n))
	case n == 0:
		return s.closedEarly()
	}
	got := e.buffers.bytes(uint16(done.flags>>16), n)
	number, offset, place := s.number, s.received-s.before, s.receivedPlace
	if err := e.read(s, n, now); err != nil { // more than was sent; what was owed may be wrong besides
		owed := n - int(s.received-s.sent)
		return errors.Join(e.payload.verify(got[:owed], number, offset, place), err)
	}
	e.issue(s, now)
	if err := e.send(i); err != nil {
		return err
	}
	return e.payload.verify(got, number, offset, place)
}

// lateness knows of bytes that the kernel was given and found no room for.
func (e *uringEngine) lateness(s *stream, now int64) error {
	out := &e.sends[s.index]
	if waited := time.Duration(now - out.movedAt); !s.lost && len(out.rest) > 0 && waited > e.plan.Patience {
		return s.noRoom(int64(len(out.rest)), waited)
	}
	return e.overdue(s, now)
}

// drop ends connection i by the fault err and leaves the others alone; an error that is no fault comes back.
func (e *uringEngine) drop(i int, err error) error {
	if err == nil {
		return nil
	}
	if err := e.lose(&e.streams[i], err); err != nil {
		return err
	}
	e.hangUp(i)
	return nil
}

// hangUp closes connection i, if it is open. The ring holds the socket, too, until its receive has ended, as shutdown makes it.
func (e *uringEngine) hangUp(i int) {
	if e.fds[i] < 0 {
		return
	}
	unix.Shutdown(int(e.fds[i]), unix.SHUT_RDWR)
	unix.Close(int(e.fds[i]))
	e.fds[i] = -1
}

// silent takes in what has come unasked.
func (e *uringEngine) silent() error {
	if err := entered(e.ring.enter()); err != nil {
		return err
	}
	for range e.ring.finished() {
		done := e.ring.pop()
		i := int(uint32(done.data))
		if done.data&ofSend != 0 || e.fds[i] < 0 || e.streams[i].inFlight() > 0 {
			continue
		}
		if err := e.drop(i, e.unasked(&e.streams[i], int(done.result))); err != nil {
			return err
		}
	}
	return nil
}

func (e *uringEngine) unasked(s *stream, n int) error {
	switch {
	case n > 0:
		return s.talkative(n)
	case n == 0:
		return s.closedEarly()
	case n == -int(unix.ENOBUFS) || n == -int(unix.EINTR) || n == -int(unix.EAGAIN):
		return nil
	default:
		return broken(s, "recv", syscall.Errno(-n))
	}
}
