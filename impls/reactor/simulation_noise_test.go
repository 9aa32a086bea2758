package reactor

import (
	"slices"
	"syscall"
	"time"
)

// noise is what goes on in the base beside the connections: timers, signals, posts, and mischief of all kinds in their callbacks.
type noise struct {
	w      *world
	left   int // how much is still to come
	timers []*timerModel
	latest []moment // by priority: the deadline of the last timer called
	posted int
	called int
	signal *Event
	caught bool // the signal was raised and not yet told

	broke, exited bool   // asked for and not yet seen
	exitAt        moment // when a later Exit is due; 0: none
	calls         int
	brokeIn       uint64 // the turn in which Break was called last
}

func (n *noise) begin(w *world, amount int) {
	n.w, n.left = w, amount
	n.latest = make([]moment, len(w.b.levels))
	n.signal = w.b.NewSignal(syscall.SIGUSR1, n.signalled)
	if w.k.Choose(16) == 15 {
		n.signal.Add(Forever)
	}
	for range w.k.Choose(4) {
		n.newTimer()
	}
	if amount > 0 {
		w.k.After(w.k.Soon(), n.post)
	}
}

// end takes away what would keep the loop going.
func (n *noise) end() {
	n.left = 0
	n.signal.Del()
	n.caught = false
	for _, t := range n.timers {
		t.del()
	}
}

// toldTo reports whether an end of the loop was asked for, and uses it up.
func (n *noise) toldTo(asked *bool) bool {
	if *asked {
		*asked = false
		return true
	}
	if due := n.exitAt; asked == &n.exited && due != 0 && moment(n.w.k.Now())+1 >= due {
		n.exitAt = 0
		return true
	}
	return false
}

// post is another goroutine that hands something in.
func (n *noise) post() {
	if n.left <= 0 || n.posted-n.called > 100 {
		return // if it is because nobody calls them, the loop will be found asleep
	}
	for range 1 + n.w.k.Choose(3) {
		n.postOne()
	}
	n.w.k.After(n.w.k.Soon(), n.post)
}

func (n *noise) postOne() {
	number := n.posted
	n.posted++
	n.w.b.Post(func() {
		if number != n.called {
			n.w.fail("post %d was called in the place of %d", number, n.called)
		}
		n.called++
		n.act()
	})
}

func (n *noise) signalled() {
	if !n.caught {
		n.w.fail("a signal was told that nobody raised")
	}
	n.caught = false
	n.act()
}

// act is one piece of mischief, in whatever callback.
func (n *noise) act() {
	n.calls++
	if n.left--; n.left < 0 {
		return
	}
	w, b := n.w, n.w.b
	switch w.k.Choose(18) {
	case 0, 1, 2:
		n.newTimer()
	case 3:
		n.someTimer((*timerModel).add)
	case 4:
		n.someTimer((*timerModel).del)
	case 5:
		n.someTimer((*timerModel).activate)
	case 6:
		b.Break()
		n.broke, n.brokeIn = true, b.stats.Turns
	case 7:
		b.Exit(0)
		n.exited = true
	case 8:
		n.exitLater()
	case 9:
		b.Continue()
	case 10, 11:
		w.k.Pass(w.k.Soon() / 20)
		if w.k.Choose(2) == 1 {
			b.RefreshTime()
		}
	case 12:
		w.steal()
	case 13:
		n.dropSome()
	case 14:
		n.reprioritize()
	case 15:
		n.caught = true
		n.signal.Active(Signal)
	case 16:
		n.rest()
	case 17:
		n.postOne()
	}
}

func (n *noise) exitLater() {
	if n.exitAt == 0 {
		d := time.Microsecond + n.w.k.Soon()
		n.exitAt = n.w.b.time().plus(d)
		n.w.b.Exit(d)
	}
}

// dropSome closes a connection, now and then whichever callback runs.
func (n *noise) dropSome() {
	if n.w.k.Choose(4) < 3 {
		return
	}
	if c := n.w.someConn(); c != nil {
		c.hurt()
		c.drop()
	}
}

func (n *noise) reprioritize() {
	w := n.w
	if c := w.someConn(); c != nil && c.bev != nil {
		c.bev.SetPriority(w.priority())
	}
	w.listener.io.SetPriority(w.priority())
}

// rest has the listener rest for a while.
func (n *noise) rest() {
	l := n.w.listener
	l.Disable()
	var again *Event
	again = n.w.b.NewTimer(func() {
		if err := l.Enable(); err != nil {
			if !n.w.excused(err) {
				n.w.fail("Enable: %v", err)
			}
			again.Add(time.Millisecond)
		}
	})
	again.Add(n.w.k.Soon())
}

func (n *noise) someTimer(do func(*timerModel)) {
	if len(n.timers) > 0 {
		do(n.timers[n.w.k.Choose(len(n.timers))])
	}
}

// A timerModel is a timer, and what should become of it.
type timerModel struct {
	n       *noise
	event   *Event
	level   int
	persist bool
	due     moment // 0: not pending
	period  time.Duration
	spent   bool // was activated while pending
	byHand  bool // was activated by hand and not yet called
}

func (n *noise) newTimer() {
	if len(n.timers) >= 12 {
		n.timers = slices.DeleteFunc(n.timers, func(t *timerModel) bool { return t.due == 0 && !t.byHand && t.event.queuePlace == 0 })
		if len(n.timers) >= 12 {
			return
		}
	}
	t := &timerModel{n: n, level: n.w.priority(), persist: n.w.k.Choose(3) == 2}
	what := What(0)
	if t.persist {
		what = Persist
	}
	t.event = n.w.b.NewEvent(-1, what, t.called)
	t.event.SetPriority(t.level)
	n.timers = append(n.timers, t)
	t.add()
}

func (t *timerModel) add() {
	w := t.n.w
	timeout := w.k.Soon()
	if w.is(forgetsATimer) && timeout > time.Millisecond {
		t.due, t.period = w.b.time().plus(timeout), timeout
		return
	}
	if told := t.event.result; told.Has(Timeout) {
		t.spent = false // the timeout is withdrawn; an activation by hand is not, and came before this Add
	}
	if err := t.event.Add(timeout); err != nil {
		w.fail("adding a timer: %v", err)
	}
	t.due, t.period = w.b.time().plus(timeout), timeout
}

func (t *timerModel) del() {
	t.event.Del()
	t.due, t.byHand, t.spent = 0, false, false
}

func (t *timerModel) activate() {
	t.byHand = true
	t.spent = t.spent || t.due != 0
	t.event.Active(Read)
}

func (t *timerModel) called(what What) {
	n, w := t.n, t.n.w
	if n.broke && n.brokeIn == w.b.stats.Turns {
		w.fail("a timer was called after Break")
	}
	w.k.Note(-1, int(t.due), int(what), "timer")
	now := moment(w.k.Now()) + 1
	timely := what.Has(Timeout)
	switch {
	case timely && t.due == 0, !timely && !t.byHand:
		w.fail("a timer was called with %v that is not pending", what)
	case timely && t.due > now:
		w.fail("a timer was called %v early", time.Duration(t.due-now))
	case what == Timeout && t.due < n.latest[t.level]:
		w.fail("a timer that was due at %d was called after one due at %d", t.due, n.latest[t.level])
	}
	if what == Timeout {
		n.latest[t.level] = t.due
	}
	t.next(what)
	if t.due != 0 && t.event.deadline != t.due || (t.due != 0) != t.event.timed() {
		w.fail("the next deadline is %d, want %d", t.event.deadline, t.due)
	}
	if n.left <= 0 {
		t.del()
		return
	}
	n.act()
	if !t.persist && t.due == 0 && w.k.Choose(3) == 2 {
		t.add()
	}
	if t.persist && w.k.Choose(6) == 5 {
		t.del()
	}
}

// next is what the call has left of the timer.
func (t *timerModel) next(what What) {
	now := t.n.w.b.time()
	switch {
	case !t.persist && (t.spent || what.Has(Timeout)):
		t.due = 0
	case !t.persist:
	case t.due != 0 && t.period > 0:
		next := now.plus(t.period)
		if grid := t.due.plus(t.period); what == Timeout && grid > now {
			next = grid
		}
		t.due = next
	case what.Has(Timeout):
		t.due = 0
	}
	t.byHand, t.spent = false, false
}
