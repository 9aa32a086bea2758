package reactor

import (
	"slices"
	"time"

	"reactorbench/impls/reactor/backend"
)

// rules are what holds between any two turns, whatever the seed.
type rules struct {
	progress int // of the last turn
	idle     int // turns in a row without any
	passed   []int
	called   []uint64
	others   []*BufferEvent // that are no server's
}

// watch has the rules hold for a bufferevent that is not a server's.
func (r *rules) watch(bev *BufferEvent) { r.others = append(r.others, bev) }

func (r *rules) check(w *world, timeout time.Duration) {
	r.checkCounters(w)
	r.checkQueues(w)
	r.checkTimers(w, timeout)
	r.checkInterest(w)
	r.checkBufferEvents(w)
	r.checkProgress(w)
	if w.waits > mostTurns {
		w.fail("no end after %d turns\n%s", w.waits, w.unfinished())
	}
}

func (r *rules) checkCounters(w *world) {
	s := &w.b.stats
	for _, c := range [...]struct {
		name      string
		got, want int
	}{
		{"turns", int(s.Turns), w.waits},
		{"ready descriptors", int(s.Ready), w.reported},
		{"reads", int(s.Reads), w.fills},
		{"writes", int(s.Writes), w.flushes},
		{"accepted connections", int(s.Accepted), w.accepted},
	} {
		if c.got != c.want {
			w.fail("%d %s are counted, there were %d", c.got, c.name, c.want)
		}
	}
	if s.ShortWrites > s.Writes || s.Stale > s.Ready {
		w.fail("a part is counted larger than the whole: %+v", *s)
	}
}

// checkQueues: what is active stands in its queue, and no level waits longer than the patience allows.
func (r *rules) checkQueues(w *world) {
	b, active := w.b, 0
	if r.passed == nil {
		r.passed, r.called = make([]int, len(b.levels)), make([]uint64, len(b.levels))
	}
	for p := range b.levels {
		live := 0
		for i, e := range b.levels[p].queue {
			if e == nil {
				continue
			}
			live++
			if int(e.queuePlace) != i+1 || int(e.priority) != p || e.result == 0 {
				w.fail("an event of level %d is queued at %d and believes to be at %d of level %d", p, i, e.queuePlace-1, e.priority)
			}
		}
		if live != b.levels[p].live {
			w.fail("level %d counts %d active events, there are %d", p, b.levels[p].live, live)
		}
		active += live
		called := b.stats.Levels[p].Called
		if live == 0 || called != r.called[p] {
			r.passed[p] = 0
		} else if r.passed[p]++; r.passed[p] > b.limitOfPatience(w) {
			w.fail("level %d has waited for %d turns", p, r.passed[p])
		}
		r.called[p] = called
	}
	if active != b.active {
		w.fail("%d active events are counted, there are %d", b.active, active)
	}
}

// limitOfPatience is how long a level may wait: its own patience, and once more for each level that may have waited as long.
func (b *Base) limitOfPatience(w *world) int {
	return b.patience + len(b.levels) + 1 - b.patience*w.one(losesPatience)
}

// checkTimers: the heap is one, every timer of the model is in it, and the wait does not outlast the first.
func (r *rules) checkTimers(w *world, timeout time.Duration) {
	nodes := w.b.timers.nodes
	for i, n := range nodes {
		if i > 0 && n.before(nodes[(i-1)/4]) || int(n.event.heapPlace) != i+1 || n.event.deadline != 0 && n.event.deadline < n.deadline {
			w.fail("the heap is out of order at %d", i)
		}
	}
	now := moment(w.k.Now()) + 1
	for _, t := range w.noise.timers {
		e := t.event
		waiting := e.timed() && e.deadline == t.due
		if t.due != 0 && !waiting && !e.result.Has(Timeout) {
			w.fail("a timer that is due at %d is forgotten", t.due)
		}
		if t.due != 0 && !e.result.Has(Timeout) && (timeout < 0 || now.plus(timeout) > max(t.due, now)) {
			w.fail("the loop would sleep %v and has a timer due in %v", timeout, time.Duration(t.due-now))
		}
	}
	if timeout != 0 && (w.b.active > 0 || len(w.b.touched) > 0) {
		w.fail("the loop would sleep with %d active events", w.b.active)
	}
}

// checkInterest: the backend was asked for exactly what the events want, and the loop knows how many events wait.
func (r *rules) checkInterest(w *world) {
	b, pending := w.b, 0
	for fd := range min(b.fds.len(), w.k.Numbers()) {
		entry := b.fds.entry(fd)
		for e := entry.first; e != nil; e = e.next {
			if e.marks&counted != 0 {
				pending++
			}
			if e.marks&added == 0 || int(e.descriptor) != fd {
				w.fail("an event that is not added is listed for descriptor %d", fd)
			}
		}
		if want := entry.wanted(); want != entry.interest {
			w.fail("descriptor %d: the interest is %v, the events want %v", fd, entry.interest, want)
		}
		told, known := b.backend.(*watched).Interest(fd)
		if entry.interest != 0 && w.stolen[fd] == nil && (!known || told != entry.interest) {
			w.fail("descriptor %d: the backend knows %v (%v), the events want %v", fd, told, known, entry.interest)
		}
	}
	for _, n := range b.timers.nodes {
		if e := n.event; e.marks&counted != 0 && (e.descriptor < 0 || e.marks&added == 0) {
			pending++
		}
	}
	if w.noise.signal != nil && w.noise.signal.marks&counted != 0 {
		pending++
	}
	if pending != b.pending {
		w.fail("%d pending events are counted, there are %d", b.pending, pending)
	}
}

func (r *rules) checkBufferEvents(w *world) {
	for _, c := range w.conns {
		if c.bev != nil {
			r.checkBufferEvent(w, c.bev, c.high)
		}
		if c.far != nil {
			r.checkBufferEvent(w, c.far, 0)
		}
		if c.raw != nil && !c.over && !c.stolen && !c.successor {
			r.checkRaw(w, c.raw)
		}
	}
	for _, bev := range r.others {
		r.checkBufferEvent(w, bev, 0)
	}
}

// checkBufferEvent: it waits for what it can use and for nothing else, what it has is on its way, and it holds no more than its marks allow.
func (r *rules) checkBufferEvent(w *world, bev *BufferEvent, high int) {
	if bev.flags&touched != 0 && bev.state != closed && !slices.Contains(w.b.touched, bev) {
		w.fail("descriptor %d: the bufferevent waits in vain to settle", bev.FD())
	}
	if bev.state == closed || bev.state == unconnected || bev.flags&touched != 0 {
		return
	}
	want := What(0)
	if bev.reading() {
		want |= Read
	}
	if bev.writing() || bev.state == connecting {
		want |= Write
	}
	have, s := bev.io.what&backend.Interest, bev.settings
	refused := bev.io.marks&added == 0
	switch {
	case have != want && !refused:
		w.fail("descriptor %d: the bufferevent waits for %v, and can use %v", bev.FD(), have, want)
	case bev.state == draining && bev.output.Len() == 0, bev.state == lingering && bev.flags&sawEOF != 0:
		w.fail("descriptor %d: nothing is left to wait for, and it is not closed", bev.FD())
	case bev.state == lingering && bev.input.Len() > 0:
		w.fail("descriptor %d: input is kept that nobody will read", bev.FD())
	case bev.io.timed() && bev.io.deadline != bev.nextDeadline():
		w.fail("descriptor %d: the timer is due at %d, the nearer deadline is %d", bev.FD(), bev.io.deadline, bev.nextDeadline())
	case s.readHigh > 0 && bev.input.Len() > s.readHigh:
		w.fail("descriptor %d: the input has %d bytes, its high mark is %d", bev.FD(), bev.input.Len(), s.readHigh)
	case high > 0 && bev.output.Len() > high+simulatedChunk:
		w.fail("descriptor %d: the output has %d bytes", bev.FD(), bev.output.Len())
	}
}

// nextDeadline is the nearer of the two; 0: there is none.
func (bev *BufferEvent) nextDeadline() moment {
	if bev.readDeadline == 0 || bev.writeDeadline == 0 {
		return max(bev.readDeadline, bev.writeDeadline)
	}
	return min(bev.readDeadline, bev.writeDeadline)
}

// checkRaw: write readiness is asked for only while there is something to write.
func (r *rules) checkRaw(w *world, raw *rawEcho) {
	if raw.write.Pending(Write) != (len(raw.pending) > 0) && !w.is(forgetsToAskForRoom) {
		w.fail("descriptor %d: %d bytes to write, write event pending %v", raw.c.fd, len(raw.pending), raw.write.Pending(Write))
	}
}

// mostIdleTurns is how many turns in a row may do nothing. Several levels and limits may each pass a turn or two.
const mostIdleTurns = 64

func (r *rules) checkProgress(w *world) {
	if progress := w.k.Progress + w.noise.calls; progress != r.progress {
		r.progress, r.idle = progress, 0
		return
	}
	if r.idle++; r.idle > mostIdleTurns {
		w.fail("the loop spins: %d turns, and nothing has happened", r.idle)
	}
}

// checkTheEnd: all clients are done and nothing is left behind.
func (w *world) checkTheEnd() {
	for _, s := range w.streams {
		if !s.done && w.listener != nil {
			w.fail("the loop is at its end, and not so %v", s)
		}
	}
	if w.noise.posted != w.noise.called {
		w.fail("%d posts, %d called", w.noise.posted, w.noise.called)
	}
	b := w.b
	if b.pending != 0 || b.active != 0 || len(b.touched) != 0 || b.wake.posted() {
		w.fail("at its end the base has %d pending, %d active, %d touched", b.pending, b.active, len(b.touched))
	}
	for _, fd := range w.twins {
		w.k.Close(fd)
	}
	w.twins = nil
	if n := w.k.Open(); n != 1 {
		w.fail("%d descriptors are open at the end, want the one that wakes the loop", n)
	}
}
