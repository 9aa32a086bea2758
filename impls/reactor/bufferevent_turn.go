package reactor

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// This file is what a bufferevent does in a turn of the loop: read, call back, write, and then say what it waits for next.

const (
	// writeBudget is the most that one connection writes in a turn: the others wait for that long.
	writeBudget = 256 << 10

	// A closing connection waits for the peer's FIN for lingerSilence after the last byte, and for lingerTime in all.
	lingerSilence = 2 * time.Second
	lingerTime    = 30 * time.Second
)

// ready is the turn of a bufferevent: what came is read before anything is written, so that the answer is part of the same write.
func (bev *BufferEvent) ready(what What) {
	bev.flags |= busy
	if what.Has(Write) {
		bev.flags &^= blocked
		bev.writeDeadline = 0 // readiness in the same turn outweighs a timeout
		if bev.state == connecting {
			bev.connected()
		}
	}
	if what.Has(Read) {
		bev.flags |= missed
		if bev.reading() {
			bev.receive()
		}
	}
	if what.Has(Timeout) {
		bev.expire()
	}
	bev.settle()
}

// reading reports whether it is the bufferevent's wish that bytes come.
func (bev *BufferEvent) reading() bool {
	if bev.state == lingering {
		return true
	}
	s := bev.settings
	return bev.state == opened && bev.enabled.Has(Read) && bev.flags&paused == 0 &&
		(s.readHigh == 0 || bev.input.Len() < s.readHigh) && !s.held(Read)
}

// writing reports whether there is something to write, and nothing against it but the kernel.
func (bev *BufferEvent) writing() bool {
	return bev.unwritten() > 0 && bev.enabled.Has(Write) && bev.flags&outputOver == 0 &&
		bev.state >= opened && bev.state <= draining && !bev.settings.held(Write) && !bev.starved()
}

// starved reports whether the output waits for more of itself: a filter can do nothing with what there is.
func (bev *BufferEvent) starved() bool {
	x := bev.settings.extra
	return x != nil && x.starved > 0 && x.starved == bev.output.Len()
}

// unwritten is the number of bytes that are still to be written.
func (bev *BufferEvent) unwritten() int { return bev.output.Len() + int(bev.underWay) }

// receive makes one read. If it was short the socket is empty, and if not the backend will report it again: a further read in
// the same turn would either find nothing or make the others wait.
func (bev *BufferEvent) receive() {
	most := bev.settings.readMost
	if high := bev.settings.readHigh; high > 0 {
		most = lesser(most, high-bev.input.Len())
	}
	if bev.settings.extra != nil && bev.state != lingering {
		allowed, ok := bev.allowance(Read)
		if !ok {
			return
		}
		most = lesser(most, allowed)
	}
	bev.flags &^= missed
	n, err := bev.settings.transport.fill(bev, most)
	bev.io.base.stats.Reads++
	switch {
	case n > 0:
		bev.readDeadline = 0
		bev.spend(Read, n)
		bev.received()
	case err == nil:
		bev.inputEnds()
	case err != unix.EAGAIN:
		bev.fail(Reading, err)
	}
}

// lesser is the smaller of two bounds, of which 0 is none.
func lesser(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (bev *BufferEvent) received() {
	if bev.state == lingering {
		bev.discard()
		return
	}
	if bev.onRead != nil && bev.input.Len() >= bev.settings.readLow {
		bev.onRead()
	}
}

// inputEnds passes the peer's FIN on; what is left in the input is still there for the callback.
func (bev *BufferEvent) inputEnds() {
	bev.flags |= sawEOF
	if bev.state == lingering {
		bev.Close()
		return
	}
	bev.state = inputEOF
	bev.enabled &^= Read
	bev.tell(EOF | Reading)
}

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
	case bev.onEvent != nil:
		bev.onEvent(outcome)
	case outcome.Has(EOF):
		bev.CloseAfterFlush()
	case outcome.Has(Error | Timeout):
		bev.Close()
	}
}

// settle does what the callbacks have left to do: write the output, end what is to be ended, and bring interest and
// deadlines up to date. In the steady state of an echo that is one write, and nothing to tell the backend.
func (bev *BufferEvent) settle() {
	bev.flags = bev.flags&^touched | busy
	if bev.io.marks&added == 0 && bev.errno != 0 && bev.io.descriptor >= 0 && (bev.state == opened || bev.state == draining) {
		bev.fail(Reading|Writing, bev.Err()) // the descriptor was refused
	}
	if bev.flags&blocked == 0 {
		bev.send()
	}
	if bev.flags&finWanted != 0 || bev.state == draining {
		bev.flushed()
	}
	if bev.flags&outputOver != 0 {
		bev.output.Reset() // what was added too late would hold back reading for ever
	}
	if bev.state != closed {
		bev.pauseOrResume()
		bev.watch()
	}
	bev.flags &^= busy
	if bev.state == draining && bev.unwritten() == 0 {
		bev.touch() // CloseAfterFlush was called by the last callbacks of this very settling
	}
	if bev.flags&blocked == 0 && bev.writing() && !bev.settings.transport.reminds() {
		bev.touch() // OnWrite has written more, and there is no readiness to wait for
	}
}

// send makes one write, of as much as the limits allow. If that is nothing it hears at least what became of the last one.
func (bev *BufferEvent) send() {
	most := 0
	if bev.writing() {
		most = lesser(bev.settings.writeMost, writeBudget)
		if bev.settings.extra != nil {
			if allowed, ok := bev.allowance(Write); ok {
				most = lesser(most, allowed)
			} else {
				most = 0
			}
		}
	}
	if most > 0 || bev.underWay > 0 && bev.flags&outputOver == 0 {
		bev.flush(most)
	}
}

// flush has the transport write. A short write says that the kernel has no more room: the next waits for its word.
func (bev *BufferEvent) flush(most int) {
	length, waiting := bev.unwritten(), bev.output.Len()
	n, err := bev.settings.transport.flush(bev, most)
	bev.spend(Write, waiting-bev.output.Len())
	if err == errUnderWay {
		bev.flags |= blocked
		return
	}
	if err != nil && err != unix.EAGAIN && err != ErrNeedMore {
		bev.fail(Writing, err)
		return
	}
	if n < length && most > 0 && err != ErrNeedMore {
		bev.flags |= blocked
		bev.io.base.stats.ShortWrites++
	}
	if n > 0 {
		bev.writeDeadline = 0
		if bev.onWrite != nil && bev.state < draining && bev.unwritten() <= bev.settings.writeLow {
			bev.onWrite()
		}
	}
}

// flushed sends FIN or closes, once all output is written or can no longer be.
func (bev *BufferEvent) flushed() {
	over := bev.flags&outputOver != 0
	if bev.unwritten() > 0 && !over && !bev.starved() {
		return
	}
	f := bev.filter()
	switch {
	case bev.state == draining && f != nil:
		f.handOver()
	case bev.state == draining && bev.flags&sawEOF == 0 && bev.unheard(): // settle has it look again in the next turn
	case bev.state == draining && (bev.flags&sawEOF != 0 || bev.settings.transport.quiet(bev)):
		bev.Close()
	case bev.state == draining:
		bev.linger()
	case !over && (bev.state == opened || bev.state == inputEOF):
		bev.flags |= outputOver
		if err := bev.settings.transport.closeWrite(bev); err != nil {
			bev.fail(Writing, err)
		}
	}
}

// watch tells the backend what the bufferevent waits for, if that has changed, and sets the deadlines for it.
func (bev *BufferEvent) watch() {
	reading, writing := bev.reading(), bev.writing()
	want := What(0)
	if reading {
		want |= Read
	}
	last := bev.underWay > 0 && bev.flags&(blocked|finWanted) == blocked|finWanted // FIN comes behind what is under way
	if writing || last || bev.state == connecting {
		want |= Write
	}
	if want != bev.io.what&backend.Interest {
		if err := bev.settings.transport.watch(bev, want); err != nil && bev.state != closed {
			bev.fail(Reading|Writing, err)
			return
		}
	}
	if bev.flags&missed != 0 && reading && !bev.settings.transport.reminds() {
		bev.io.Active(Read) // what stopped it is over
	}
	bev.flags &^= missed
	shaking := bev.state == connecting && bev.io.descriptor < 0 // a handshake both reads and writes
	bev.setDeadlines(reading || shaking, writing || bev.state == connecting)
}

// pauseOrResume is the back-pressure: a peer that does not read its answers is not read from.
func (bev *BufferEvent) pauseOrResume() {
	high := bev.settings.writeHigh
	if x := bev.settings.extra; x != nil && x.above != nil {
		high = 0 // the filter above does it: two in a row, each full, would wait for each other
	}
	switch {
	case high > 0 && bev.unwritten() > 0 && bev.holds(high):
		bev.flags |= paused
	case bev.flags&paused != 0 && (high == 0 || !bev.holds(bev.settings.resumeMark())):
		bev.flags &^= paused
	}
}

// holds reports whether the output exceeds a mark, in bytes or, because a few bytes may keep a whole chunk, in memory:
// of that it may have a chunk more.
func (bev *BufferEvent) holds(mark int) bool {
	return bev.unwritten() > mark || bev.output.Takes(mark+bev.io.base.pool.ChunkBytes())
}

// setDeadlines lets a deadline run for each direction that waits. Progress has set its deadline to 0; the event's
// timer is the nearer of the two, and moving it back costs no more than the assignment.
func (bev *BufferEvent) setDeadlines(reading, writing bool) {
	s, e := bev.settings, &bev.io
	if s.readTimeout == 0 && s.writeTimeout == 0 && e.deadline == 0 && bev.state != lingering {
		return
	}
	if bev.state == draining {
		e.base.RefreshTime() // a callback that took longer than the timeout must not cost the peer its last bytes
	}
	if bev.state != lingering {
		bev.readDeadline = e.base.keepDeadline(bev.readDeadline, reading, s.readTimeout)
		bev.writeDeadline = e.base.keepDeadline(bev.writeDeadline, writing, s.writeTimeout)
	}
	next := bev.readDeadline
	if next == 0 || bev.writeDeadline != 0 && bev.writeDeadline < next {
		next = bev.writeDeadline
	}
	if next == 0 {
		e.deadline = 0 // the heap finds out when it comes to it
	} else if next != e.deadline || e.heapPlace == 0 {
		e.base.arm(e, next, time.Duration(next-e.base.time()))
	}
	e.base.count(e)
}

// keepDeadline is the deadline as it was, a new one if there should be one and is none, or none.
func (b *Base) keepDeadline(deadline moment, waiting bool, timeout time.Duration) moment {
	switch {
	case !waiting || timeout == 0:
		return 0
	case deadline == 0:
		return b.time().plus(timeout)
	default:
		return deadline
	}
}

// expire tells the directions whose deadline has come. Progress in this very turn has moved it. A process that was stopped finds its
// deadlines past before it has been told of what came meanwhile (SIGCONT interrupts the wait), so the socket is asked once more.
func (bev *BufferEvent) expire() {
	now := bev.io.base.time()
	if d := bev.readDeadline; d != 0 && d <= now {
		if bev.reading() {
			bev.receive()
		}
		if bev.readDeadline == d && bev.state != inputEOF && !bev.late() {
			bev.readDeadline = 0
			bev.timedOut(Reading)
		}
	}
	if d := bev.writeDeadline; d != 0 && d <= now {
		bev.writeDeadline = 0
		bev.timedOut(Writing)
	}
}

// late reports that the timeout has to wait for the next turn.
func (bev *BufferEvent) late() bool {
	l, ok := bev.settings.transport.(latecomer)
	return ok && bev.state != closed && l.late(bev)
}

// unheard reports that bytes may have come which the next wait will tell of.
func (bev *BufferEvent) unheard() bool {
	l, ok := bev.settings.transport.(interface{ unheard(*BufferEvent) bool })
	return ok && l.unheard(bev)
}

// timedOut disables the direction. A connection that is being closed, and one that could not be made, have no other.
func (bev *BufferEvent) timedOut(direction Outcome) {
	switch {
	case bev.state == closed:
		return
	case bev.state >= draining:
		bev.Close()
		return
	case bev.state == connecting:
		bev.state = inputEOF
		bev.flags |= outputOver
		bev.enabled = 0
	case direction == Reading:
		bev.enabled &^= Read
	default:
		bev.enabled &^= Write
	}
	bev.tell(Timeout | direction)
}
