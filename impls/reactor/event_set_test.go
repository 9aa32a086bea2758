package reactor

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Two events that put each other off to the next turn, again and again, starve neither descriptors nor timers; and what
// the kernel reports comes before them.
func TestP2ActiveLaterDoesNotStarve(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		var order []string
		var ping, pong *Event
		ping = b.NewEvent(-1, 0, func(What) { order = append(order, "later"); pong.ActiveLater(Read) })
		pong = b.NewEvent(-1, 0, func(What) { order = append(order, "later"); ping.ActiveLater(Read) })
		ping.ActiveLater(Read)
		turns(t, b, 3)
		equal(t, "calls in three turns", len(order), 3)
		check(t, b.NewEvent(a, Read, func(What) { order = append(order, "descriptor") }).Add(Forever))
		check(t, b.NewTimer(func() { order = append(order, "timer") }).Add(0))
		write(t, peer, "x")
		order = nil
		turns(t, b, 1)
		same(t, "order", order, []string{"descriptor", "timer", "later"})
	})
}

// What is put off is active: it keeps the loop going, is pending, merges with what comes meanwhile and can be withdrawn.
func TestActiveLaterIsActive(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var got []What
		event := b.NewEvent(-1, 0, func(what What) { got = append(got, what) })
		event.ActiveLater(Read)
		event.ActiveLater(Write)
		equal(t, "pending", event.Pending(Write), true)
		equal(t, "active", b.Stats().Active, 1)
		loop(t, b, 0, Empty)
		same(t, "told", got, []What{Read | Write})

		event.ActiveLater(Read)
		check(t, event.Del())
		equal(t, "active", b.Stats().Active, 0)
		loop(t, b, 0, Empty)
		equal(t, "calls", len(got), 1)

		event.ActiveLater(Read)
		check(t, event.Del())
		event.ActiveLater(Write) // its old place in the list counts for nothing
		event.Active(Closed)     // and this is sooner
		equal(t, "active", b.Stats().Active, 1)
		loop(t, b, 0, Empty)
		same(t, "told", got[1:], []What{Write | Closed})
	})
}

// A one-shot event that is put off while it is added is deleted before its callback, like any other.
func TestActiveLaterOfAnAddedEvent(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, _ := pair(t)
		var event *Event
		event = b.NewEvent(a, Read, func(What) { equal(t, "pending in the callback", event.Pending(Read|Timeout), false) })
		check(t, event.Add(time.Hour))
		event.ActiveLater(Read)
		loop(t, b, 0, Empty)
	})
}

// Each event is visited once, whatever it waits for at the same time; the walk can be ended, and events deleted on it.
func TestEventsAreVisitedOnce(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		bev, _ := owned(t, b)
		bev.SetTimeouts(time.Hour, time.Hour)
		bev.Enable(Read)
		everything := b.NewEvent(a, Read|Persist, func(What) {})
		check(t, everything.Add(time.Hour))
		everything.Active(Read)
		timer := b.NewTimer(func() {})
		check(t, timer.Add(time.Hour))
		timer.Active(Timeout)
		signal := b.NewSignal(unix.SIGUSR2, func() {})
		check(t, signal.Add(time.Hour))
		active, later := b.NewEvent(-1, 0, func(What) {}), b.NewEvent(-1, 0, func(What) {})
		active.Active(Read)
		later.ActiveLater(Read)
		unused := b.NewEvent(peer, Read, func(What) {})

		times := map[*Event]int{}
		for e := range b.Events() {
			times[e]++
		}
		for _, e := range []*Event{everything, timer, signal, active, later} {
			if times[e] != 1 {
				t.Errorf("%v was visited %d times", e, times[e])
			}
		}
		equal(t, "events", len(times), 5)
		equal(t, "visits of an unused event", times[unused], 0)

		visits := 0
		for e := range b.Events() {
			visits++
			check(t, e.Del())
			if e == everything {
				check(t, timer.Del())
			}
		}
		equal(t, "visits while deleting", visits, 4)
		for range b.Events() {
			t.Error("an event is left")
		}
		bev.Close()
		loop(t, b, 0, Empty)
	})
}

// Activation by descriptor reaches the added events that wait for it, by what they wait for, and bogus numbers reach nothing.
func TestE1ActiveByFD(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, _ := pair(t)
		got := map[string]What{}
		event := func(name string, what What, timeout time.Duration) {
			e := b.NewEvent(a, what, func(what What) { got[name] |= what })
			if timeout != 0 {
				check(t, e.Add(timeout))
			}
		}
		event("read", Read, Forever)
		event("write", Write|Persist, time.Hour)
		event("not added", Read|Write, 0)
		for _, fd := range []int{-1, 1 << 30, closedNumber(t)} {
			equal(t, "activated by a bogus number", b.ActiveByFD(fd, Read|Write|Timeout), 0)
		}
		equal(t, "activated", b.ActiveByFD(a, Read), 1)
		turns(t, b, 1)
		equal(t, "read was told", got["read"], Read)
		equal(t, "activated by timeout", b.ActiveByFD(a, Timeout), 1)
		equal(t, "activated by timeout, without one", b.ActiveByFD(a, Read), 0)
		turns(t, b, 1)
		equal(t, "write was told", got["write"], Timeout|Write)
		equal(t, "the others", got["not added"], 0)
	})
}

func TestActiveBySignal(t *testing.T) {
	b := newBase(t)
	calls := 0
	signal := b.NewSignal(unix.SIGUSR1, func() { calls++ })
	equal(t, "activated before Add", b.ActiveBySignal(unix.SIGUSR1), 0)
	check(t, signal.Add(Forever))
	equal(t, "activated by another signal", b.ActiveBySignal(os.Interrupt), 0)
	equal(t, "activated", b.ActiveBySignal(unix.SIGUSR1), 1)
	turns(t, b, 1)
	equal(t, "calls", calls, 1)
	check(t, signal.Del())
}

// In its callback an event is the one that runs; in others, and in posted functions, it is not.
func TestRunningEvent(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		calls := 0
		var event *Event
		event = b.NewEvent(-1, 0, func(What) {
			calls++
			equal(t, "running", b.RunningEvent(), event)
			equal(t, "its base", event.Base(), b)
		})
		event.Active(Read)
		check(t, b.Post(func() {
			calls++
			equal(t, "running in a posted function", b.RunningEvent(), nil)
		}))
		equal(t, "running outside", b.RunningEvent(), nil)
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 2)
		equal(t, "running after", b.RunningEvent(), nil)
	})
}

// An event moves to another base while the first has nothing to do with it, and works there.
func TestSetBase(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, first *Base) {
		second := newBase(t, WithBackend(first.Method()), WithPriorities(3))
		a, peer := pair(t)
		called := false
		event := first.NewEvent(a, Read, func(What) { called = true })
		for name, use := range map[string]func(){
			"added":    func() { check(t, event.Add(Forever)) },
			"timed":    func() { check(t, event.Add(time.Hour)) },
			"active":   func() { event.Active(Read) },
			"deferred": func() { event.ActiveLater(Read) },
		} {
			use()
			if err := event.SetBase(second); !errors.Is(err, ErrInUse) || event.Base() != first {
				t.Errorf("%s: %v, want ErrInUse", name, err)
			}
			check(t, event.Del())
		}
		check(t, event.SetBase(second))
		equal(t, "priority", event.Priority(), 1)
		check(t, event.Add(Forever))
		write(t, peer, "x")
		loop(t, first, 0, Empty)
		loop(t, second, 0, Empty)
		equal(t, "called", called, true)
	})
}

// The counters follow add, activation and loop; the most of them stays until it is reset.
func TestCountersOfEvents(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		expect := func(pending, active, mostPending, mostActive int) {
			t.Helper()
			s := b.Stats()
			same(t, "counters", []int{s.Pending, s.Active, s.MostPending, s.MostActive}, []int{pending, active, mostPending, mostActive})
		}
		expect(0, 0, 0, 0)
		event := b.NewEvent(a, Read|Persist, func(What) { b.Break() })
		check(t, event.Add(time.Hour)) // one event, though it waits for two things
		expect(1, 0, 1, 0)
		timer := b.NewTimer(func() {})
		check(t, timer.Add(time.Hour))
		event.Active(Read)
		timer.Active(Timeout)
		expect(2, 2, 2, 2)
		check(t, timer.Del())
		check(t, event.Del())
		expect(0, 0, 2, 2)
		b.ResetMost()
		expect(0, 0, 0, 0)
		check(t, event.Add(Forever))
		write(t, peer, "x")
		loop(t, b, 0, Broken)
		expect(1, 0, 1, 1)
		check(t, event.Del())
	})
}

// Without the cache the time goes on within a turn.
func TestTimeWithoutCache(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		var times []time.Time
		for range 2 {
			b.NewEvent(-1, 0, func(What) {
				times = append(times, b.Now())
				v.pass(time.Second)
			}).Active(Read)
		}
		loop(t, b, 0, Empty)
		equal(t, "between two callbacks of one turn", times[1].Sub(times[0]), time.Second)
	}, WithoutCachedTime())
}

// An event whose deferral was withdrawn, and that went to another base, is that one's.
func TestDeferredEventChangesItsBase(t *testing.T) {
	one, other := newBase(t), newBase(t)
	calls := 0
	e := one.NewEvent(-1, 0, func(What) { calls++ })
	e.ActiveLater(Read)
	check(t, e.Del())
	check(t, e.SetBase(other))
	e.ActiveLater(Read)
	one.NewEvent(-1, 0, func(What) {}).Active(Read)
	turns(t, one, 2)
	equal(t, "calls by the old base", calls, 0)
	turns(t, other, 2)
	equal(t, "calls by the new base", calls, 1)
	equal(t, "active", one.active+other.active, 0)
}

// What listeners, limits and triggers have events for is theirs alone.
func TestEventsAreTheUsersAlone(t *testing.T) {
	b := newBase(t)
	listener, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
	check(t, err)
	listener.failed(unix.EMFILE)
	bev, _ := owned(t, b)
	check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 1}}))
	bev.SpendRate(10, 0)
	group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 1}})
	check(t, err)
	check(t, group.Add(bev))
	group.Spend(10, 0)
	bev.Trigger(Read, true)
	bev.OnRead(func() { equal(t, "running", b.RunningEvent(), nil) })
	users := b.NewTimer(func() {})
	check(t, users.Add(time.Hour))
	same(t, "events", slices.Collect(b.Events()), []*Event{users})
	turns(t, b, 1)
	same(t, "events", slices.Collect(b.Events()), []*Event{users})
	bev.Close()
	listener.Close()
}

// An event that was put off, withdrawn and put off again is one event.
func TestEventsNamesADeferredEventOnce(t *testing.T) {
	b := newBase(t)
	var told []What
	e := b.NewEvent(-1, 0, func(what What) { told = append(told, what) })
	e.ActiveLater(Read)
	check(t, e.Del())
	e.ActiveLater(Write)
	same(t, "events", slices.Collect(b.Events()), []*Event{e})
	equal(t, "active", b.active, 1)
	turns(t, b, 2)
	same(t, "told", told, []What{Write})
}
