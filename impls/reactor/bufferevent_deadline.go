package reactor

import "time"

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
	f, ok := bev.settings.transport.(forerunner)
	return ok && f.unheard(bev)
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
