package reactor

import "time"

// A level holds the active events of one priority, in the order in which they became active.
type level struct {
	queue  []*Event // nil where an event was cancelled
	end    int      // of what was active when this turn's callbacks began; what comes behind it is the next turn's
	head   int      // before it are those that were called
	live   int      // events in queue
	passed int      // turns in a row in which the level had events and another one ran
}

// noLevel is the running priority while none runs: nothing is more urgent, so that nothing is in a hurry.
const noLevel = 0

func (l *level) push(e *Event) {
	l.queue = append(l.queue, e)
	e.queuePlace = int32(len(l.queue))
	l.live++
}

func (l *level) cancel(e *Event) {
	l.queue[e.queuePlace-1] = nil
	e.queuePlace = 0
	l.live--
}

// tidy makes the queue start at its beginning again. A remainder is moved down only if it is the smaller part, so that each
// event is moved about once.
func (l *level) tidy() {
	if l.live == 0 {
		if l.head < len(l.queue) {
			clear(l.queue[l.head:])
		}
		l.queue = l.queue[:0]
		l.head, l.end = 0, 0
		return
	}
	if l.head == 0 || l.head < len(l.queue)/2 {
		return
	}
	n := copy(l.queue, l.queue[l.head:])
	clear(l.queue[n:])
	l.queue, l.head, l.end = l.queue[:n], 0, 0 // this turn has done with the level
	for i, e := range l.queue {
		if e != nil {
			e.queuePlace = int32(i + 1)
		}
	}
}

// activate queues e for its callback, or adds to what the callback will be told. What is more urgent than the running
// level makes the loop leave that level after the current callback.
func (b *Base) activate(e *Event, what What) {
	e.note(what)
	b.enqueue(e)
}

// note adds to what the callback will be told.
func (e *Event) note(what What) {
	e.result |= what
	if e.marks&added != 0 || e.timed() {
		e.marks |= spent
	}
}

func (b *Base) enqueue(e *Event) {
	if e.queuePlace != 0 {
		return
	}
	b.levels[e.priority].push(e)
	if e.marks&deferred != 0 {
		e.marks &^= deferred // and so is counted
	} else {
		b.active++
		b.stats.MostActive = max(b.stats.MostActive, b.active)
	}
	if e.priority < b.running {
		b.again = true
	}
}

// activateLater queues what was put off to this turn.
func (b *Base) activateLater() {
	for i, e := range b.later {
		b.later[i] = nil
		if e.marks&deferred != 0 { // else it was withdrawn, or something else has activated it
			b.enqueue(e)
		}
	}
	b.later = b.later[:0]
}

// runActive calls the events of one level that are active now. What becomes active meanwhile has its turn after the next look at
// the backend: however busily callbacks activate each other, descriptors and timers are served.
//
// A level in which only the loop's own events were active (a Post that woke it, an Exit whose time has come) does not count: the turn goes
// on with the levels below. Otherwise a Post in every turn would hold back all of them.
func (b *Base) runActive() (called int) {
	if b.broken { // by a watcher
		return 0
	}
	for p := range b.levels {
		b.levels[p].end = len(b.levels[p].queue)
	}
	if len(b.levels) == 1 { // there is nothing to choose, and nobody is passed over
		called, _ = b.runLevel(0)
		return called
	}
	last := -1
	for p := b.nextLevel(0); p >= 0; p = b.nextLevel(p + 1) {
		all, users := b.runLevel(p)
		called += all
		if all > 0 { // else what was active has moved behind the end (SetPriority), and the level still waits
			last = p
		}
		if users > 0 || b.broken || b.exiting || b.again {
			break
		}
	}
	b.account(last)
	return called
}

// runLevel calls what was active in a level when the turn's callbacks began, and says how many callbacks that were, and how many of
// them the user's.
func (b *Base) runLevel(p int) (all, users int) {
	l := &b.levels[p]
	b.running = uint8(p)
	var limit turnLimit
	limited := b.limits.bound(p)
	if limited {
		limit = b.limits.begin(b)
	}
	first, gaps, own := l.head, 0, 0 // what is rare is counted: a counter would be stored and fetched around each callback
	for l.head < l.end {
		e := l.queue[l.head]
		l.queue[l.head] = nil
		l.head++
		if e == nil {
			gaps++
			continue
		}
		l.live--
		if e.marks&internal != 0 {
			own++
		}
		if b.slow == nil {
			e.call()
		} else {
			b.slow.call(e)
		}
		if b.again || limited && limit.reached(b, l.head-first-gaps-own) {
			break
		}
	}
	b.running = noLevel
	all = l.head - first - gaps
	l.tidy()
	b.stats.Levels[p].Called += uint64(all)
	return all, all - own
}

// nextLevel is the most urgent level, from the given one on, that has something to do, unless another one has been passed over too
// often: a level waits at most for patience turns, whatever goes on above it. -1 is none.
func (b *Base) nextLevel(from int) int {
	chosen, longest := -1, b.patience-1
	for p := from; p < len(b.levels); p++ {
		l := &b.levels[p]
		if l.live == 0 && len(l.queue) > 0 {
			l.tidy() // activations that were cancelled have left their places
		}
		if l.live > 0 && l.head < l.end && (chosen < 0 || l.passed > longest) {
			chosen = p
			longest = max(longest, l.passed)
		}
	}
	return chosen
}

// account notes which levels were passed over for the chosen one.
func (b *Base) account(chosen int) {
	for p := range b.levels {
		l := &b.levels[p]
		switch {
		case p == chosen && l.passed >= b.patience:
			b.stats.Levels[p].Rescued++
			l.passed = 0
		case p == chosen || l.live == 0:
			l.passed = 0
		default:
			l.passed++
			b.stats.Levels[p].PassedOver++
		}
	}
}

// turnLimits bound the callbacks of one turn, see [WithTurnLimit].
type turnLimits struct {
	callbacks int
	length    time.Duration
	from      int // the most urgent priority that is bounded
}

// A turnLimit is what is left for one level in one turn.
type turnLimit struct {
	callbacks int
	deadline  moment
}

// bound reports whether there is a limit for a priority.
func (t *turnLimits) bound(priority int) bool {
	return priority >= t.from && (t.callbacks > 0 || t.length > 0)
}

func (t *turnLimits) begin(b *Base) (limit turnLimit) {
	limit.callbacks = t.callbacks
	if t.length > 0 {
		limit.deadline = b.time().plus(t.length)
	}
	return limit
}

// reached is asked after each callback; with a limit in time it reads the clock.
func (l *turnLimit) reached(b *Base, called int) bool {
	if l.callbacks > 0 && called >= l.callbacks {
		return true
	}
	if l.deadline == 0 {
		return false
	}
	b.RefreshTime()
	return b.time() >= l.deadline
}
