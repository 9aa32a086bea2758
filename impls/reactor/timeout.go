package reactor

import "time"

// A moment is a number of nanoseconds on the loop's clock, which is monotonic and begins with the Base. 0 is no moment.
type moment int64

func (m moment) plus(d time.Duration) moment {
	if sum := m + moment(d); sum >= m {
		return sum
	}
	return 1<<63 - 1 // 292 years
}

// time is the time of this turn: the clock is read when first asked for after a wait, and at most once a turn, so that all that
// is done in one turn is done at one time, and a turn that asks for none reads none.
func (b *Base) time() moment {
	if b.now == 0 || !b.turning || b.uncached {
		b.now = b.clock()
	}
	return b.now
}

// Now is the time of this turn: the clock was read once, when it was first asked for after the wait. Outside of the loop it is the time.
// It is the system's time when the base was made, and what the monotonic clock has counted since: to set the system's clock does not
// move it.
func (b *Base) Now() time.Time { return b.start.Add(time.Duration(b.time())) }

// RefreshTime reads the clock again, for a callback that takes long and then sets a timeout.
func (b *Base) RefreshTime() { b.now = 0 }

// arm sets the deadline of e, which is a timeout from now, or about that.
//
// Most deadlines are pushed back long before they come: each byte on a connection moves its idle timeout. So a later deadline is
// only noted in the event, and the heap or the list keeps the old one. When that comes up, expire finds the event not due
// and moves it to where it now belongs in the heap: one heap operation for a whole interval, however many bytes came in it.
func (b *Base) arm(e *Event, deadline moment, timeout time.Duration) {
	before := e.deadline
	e.deadline = deadline
	switch {
	case e.heapPlace != 0 && before != 0 && deadline >= before:
		return // its place is not behind before, and need not be looked at: two cache lines less
	case e.heapPlace > 0:
		if deadline < b.timers.nodes[e.heapPlace-1].deadline {
			b.timers.put(e, deadline)
		}
		return
	case e.heapPlace < 0:
		if deadline >= b.common.deadline(e) {
			return
		}
		b.common.remove(e)
	}
	if l := b.common.list(b, timeout); l == nil || !l.add(e, deadline) {
		b.timers.put(e, deadline)
	}
}

// disarm takes the deadline of e away, and its place with it, so that neither heap nor list keeps a dead event alive.
func (b *Base) disarm(e *Event) {
	e.deadline = 0
	b.unplace(e)
}

func (b *Base) unplace(e *Event) {
	if e.heapPlace < 0 {
		b.common.remove(e)
	} else {
		b.timers.remove(e)
	}
}

// rearm gives a persistent event its next deadline, before its callback runs. After a timeout that is the last deadline and an
// interval, so that a period does not drift, unless that is past already: ticks that were missed are not made up for. After
// anything else, also if it came together with a timeout, the time counts from now: a connection that has just had input is not idle.
func (b *Base) rearm(e *Event, result What) {
	now := b.time()
	next := now.plus(e.interval)
	if result == Timeout {
		if onGrid := e.deadline.plus(e.interval); onGrid > now {
			next = onGrid
		}
	}
	b.arm(e, next, e.interval)
	b.count(e)
}

// expire activates all events whose deadline has come, the earliest first.
func (b *Base) expire() {
	for now := b.time(); b.timers.len() > 0 && b.timers.nodes[0].deadline <= now; {
		e := b.timers.nodes[0].event
		if e.marks&drives != 0 {
			e = e.handler.(*timerList).head().event
		}
		switch {
		case e.deadline == 0:
			b.unplace(e)
		case e.deadline > b.timers.nodes[0].deadline: // also if it is due too: others may have been due before it
			if e.heapPlace < 0 {
				b.common.remove(e)
			}
			b.timers.put(e, e.deadline)
			b.stats.TimersMoved++
		default:
			b.fire(e)
		}
	}
}

// fire leaves the deadline in the event: the next period is counted from it.
func (b *Base) fire(e *Event) {
	b.activate(e, Timeout)
	b.unplace(e)
	b.count(e)
	b.stats.TimersFired++
}

// timed yields the events that have a timer.
func (b *Base) timed(yield func(*Event) bool) {
	for _, node := range b.timers.nodes {
		if node.event.marks&drives == 0 && node.event.deadline != 0 && !yield(node.event) {
			return
		}
	}
	b.common.each(yield)
}

// timerCount is how many events are in the heap and in the lists.
func (b *Base) timerCount() int { return b.timers.len() - b.common.lists + b.common.listed }

// timed reports whether e has a timer that will fire.
func (e *Event) timed() bool { return e.heapPlace != 0 && e.deadline != 0 }

// waitLimit is how long the backend may wait: not at all while there is something to do, else until the earliest deadline.
// The clock is read afresh, because the callbacks of the last turn have taken their time.
func (b *Base) waitLimit(flags Flags) time.Duration {
	switch {
	case b.active > 0 || len(b.touched) > 0 || flags&NonBlock != 0 || b.broken || b.exiting:
		return 0
	case b.timers.len() == 0:
		return Forever
	default:
		return max(0, time.Duration(b.timers.nodes[0].deadline-b.clock()))
	}
}
