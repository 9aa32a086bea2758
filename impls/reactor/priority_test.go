package reactor

import (
	"testing"
	"time"
)

// What becomes active and is more urgent than the level that runs is called before the rest of that level.
func TestP1PriorityInversion(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var order []int
		urgent := b.NewEvent(-1, 0, func(What) { order = append(order, 0) })
		urgent.SetPriority(0)
		for i := 1; i <= 2; i++ {
			event := b.NewEvent(-1, 0, func(What) {
				order = append(order, i)
				if i == 1 {
					urgent.Active(Read)
				}
			})
			event.SetPriority(1)
			event.Active(Read)
		}
		loop(t, b, 0, Empty)
		same(t, "order", order, []int{1, 0, 2})
	}, WithPriorities(2))
}

// An event that is urgent in every turn keeps the others waiting for so many turns and no more.
func TestP2StarvationIsBounded(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const patience = 5
		urgentCalls := 0
		var urgent *Event
		urgent = b.NewEvent(-1, 0, func(What) {
			urgentCalls++
			urgent.Active(Read)
		})
		urgent.SetPriority(0)
		urgent.Active(Read)
		var waited []int
		for p := 1; p <= 2; p++ {
			low := b.NewEvent(-1, 0, func(What) { waited = append(waited, urgentCalls) })
			low.SetPriority(p)
			low.Active(Read)
		}
		turns(t, b, 3*patience)
		same(t, "urgent calls before each other level", waited, []int{patience, patience})
		levels := b.Stats().Levels
		if levels[1].Rescued != 1 || levels[2].Rescued != 1 || levels[0].Rescued != 0 {
			t.Errorf("rescued: %+v", levels)
		}
		if levels[1].PassedOver != patience || levels[2].PassedOver != patience+1 {
			t.Errorf("passed over: %+v", levels)
		}
		equal(t, "urgent calls counted", int(levels[0].Called), urgentCalls)
	}, WithPriorities(3), WithPatience(5))
}

// Posts that move the waiting event to another level and back, in every turn, do not begin its waiting anew: behind the end of the turn's
// queue it cannot be called in that turn, but it has waited for it.
func TestP2StarvationIsBoundedWhileMoving(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		called := false
		low := b.NewEvent(-1, 0, func(What) { called = true })
		check(t, low.SetPriority(2))
		low.Active(Read)
		urgent := b.NewEvent(-1, 0, func(What) {})
		check(t, urgent.SetPriority(1))
		turn := 0
		for ; !called && turn < 100; turn++ {
			if turn%2 == 0 {
				check(t, b.Post(func() {
					check(t, low.SetPriority(0))
					check(t, low.SetPriority(2))
				}))
			} else {
				urgent.Active(Read)
			}
			turns(t, b, 1)
		}
		if turn > 12 {
			t.Errorf("waited for %d turns", turn)
		}
	}, WithPriorities(3), WithPatience(5))
}

// One level a turn: the less urgent waits for the next look at the backend.
func TestP2OneLevelATurn(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var order []int
		for _, p := range []int{2, 0, 1, 0} {
			event := b.NewEvent(-1, 0, func(What) { order = append(order, p) })
			event.SetPriority(p)
			event.Active(Read)
		}
		turns(t, b, 1)
		same(t, "after one turn", order, []int{0, 0})
		turns(t, b, 2)
		same(t, "after three", order, []int{0, 0, 1, 2})
	}, WithPriorities(3))
}

// New events are in the middle, and one that is active moves with its place in the queue.
func TestP1SetPriority(t *testing.T) {
	b := newBase(t, WithPriorities(5))
	var order []string
	a := b.NewEvent(-1, 0, func(What) { order = append(order, "a") })
	c := b.NewEvent(-1, 0, func(What) { order = append(order, "c") })
	equal(t, "default", a.priority, 2)
	a.Active(Read)
	c.Active(Read)
	c.SetPriority(1)
	loop(t, b, 0, Empty)
	same(t, "order", order, []string{"c", "a"})
}

// A turn ends after so many callbacks, or after so much time, and the rest has the next one; more urgent levels are exempt.
func TestP3TurnLimit(t *testing.T) {
	type limit struct {
		callbacks int
		length    time.Duration
		from      int
		want      int // called in the first turn
	}
	for name, l := range map[string]limit{
		"callbacks":        {3, 0, 0, 3},
		"time":             {0, 25 * ms, 0, 3},
		"callbacks exempt": {3, 0, 1, 10},
		"time exempt":      {0, 25 * ms, 1, 10},
		"none":             {0, 0, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
				calls := 0
				for range 10 {
					b.NewEvent(-1, 0, func(What) {
						calls++
						v.pass(10 * ms)
					}).Active(Read)
				}
				turns(t, b, 1)
				equal(t, "calls in the first turn", calls, l.want)
				loop(t, b, 0, Empty)
				equal(t, "calls", calls, 10)
			}, WithTurnLimit(l.callbacks, l.length, l.from))
		})
	}
}

// An event that activates itself has its turn once a turn: descriptors and timers are looked at in between.
func TestP2SelfActivationDoesNotStarve(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		calls := 0
		var event *Event
		event = b.NewEvent(-1, 0, func(What) {
			calls++
			event.Active(Read)
		})
		event.Active(Read)
		turns(t, b, 10)
		equal(t, "calls in ten turns", calls, 10)
	})
}

// A queue that never runs empty is tidied as it goes, and cancelling finds its place all the while.
func TestQueueIsTidied(t *testing.T) {
	b := newBase(t, WithTurnLimit(2, 0, 0))
	random := seeded(t)
	events := make([]*Event, 50)
	calls, cancelled := 0, 0
	for i := range events {
		var e *Event
		e = b.NewEvent(-1, 0, func(What) {
			calls++
			e.Active(Read)
			if other := events[random.IntN(len(events))]; other != e && other.queuePlace != 0 {
				check(t, other.Del())
				cancelled++
				other.Active(Read)
			}
		})
		events[i] = e
		e.Active(Read)
	}
	turns(t, b, 2000)
	equal(t, "calls", calls, 4000)
	equal(t, "active", b.active, len(events))
	if n := len(b.levels[0].queue); n > 8*len(events) {
		t.Errorf("the queue of %d events has grown to %d", len(events), n)
	}
}

// The loop's own events do not count as the run of a level: a Post in every turn holds nobody back, and is no reason for
// anybody's rescue.
func TestP2PostsHoldNoLevelBack(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		posts, calls := 0, 0
		var again func()
		again = func() {
			posts++
			b.Post(again)
		}
		var middle *Event
		middle = b.NewEvent(-1, 0, func(What) {
			calls++
			middle.Active(Read)
		})
		middle.Active(Read)
		check(t, b.Post(again))
		turns(t, b, 10)
		equal(t, "posts", posts, 10)
		equal(t, "calls of the middle level", calls, 10)
		if level := b.Stats().Levels[1]; level.Rescued != 0 || level.PassedOver != 0 {
			t.Errorf("%+v", level)
		}
	}, WithPriorities(3))
}

// What a posted function activates has its turn after the next look at the backend, in a less urgent level too.
func TestPostedActivationWaitsForTheNextTurn(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		called := false
		event := b.NewEvent(-1, 0, func(What) { called = true })
		check(t, b.Post(func() { event.Active(Read) }))
		turns(t, b, 1)
		equal(t, "called in the turn of the post", called, false)
		turns(t, b, 1)
		equal(t, "called in the next", called, true)
	}, WithPriorities(3))
}
