package reactor

import (
	"slices"
	"testing"
	"time"
)

// common has the base know a duration as one that many timers have.
func common(b *Base, timeout time.Duration) *timerList {
	for range commonAfter {
		b.common.list(b, timeout)
	}
	return b.common.list(b, timeout)
}

// Equal durations are one list however they are written, others are others, and a thousand timers of one take one place in the heap.
func TestT11CommonTimeoutIsOneList(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		five := common(b, 5*time.Second)
		if five == nil || b.common.list(b, 5000*ms) != five || b.common.list(b, 5001*ms) == five {
			t.Fatal("5 s and 5000 ms are not one list, or 5001 ms are the same")
		}
		var order, want []int
		for i := range 1000 {
			check(t, b.NewTimer(func() { order = append(order, i) }).Add(5*time.Second))
			want = append(want, i)
			v.pass(time.Microsecond)
		}
		begun := v.now - moment(time.Microsecond)
		equal(t, "places in the heap", b.timers.len(), 1)
		equal(t, "timers", b.timerCount(), 1000)
		loop(t, b, 0, Empty)
		same(t, "order", order, want)
		equal(t, "time from the last Add to the last call", time.Duration(v.now-begun), 5*time.Second)
		equal(t, "pages left", len(b.common.pages)-len(b.common.free), 0)
	})
}

// A duration becomes common by being used, and nobody has to say so; one that is used once does not.
func TestT11CommonTimeoutIsFoundOut(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for i := range 100 {
			check(t, b.NewTimer(func() {}).Add(time.Hour))
			check(t, b.NewTimer(func() {}).Add(time.Hour+time.Duration(i+1)))
		}
		if listed := b.Stats().TimersListed; listed < 20 || listed > 100-commonAfter+1 {
			t.Errorf("%d of 100 timers went into a list", listed) // the others vote against it
		}
		equal(t, "timers", b.timerCount(), 200)
		visited := 0
		for range b.Events() {
			visited++
		}
		equal(t, "visited", visited, 200)
	})
}

// Timers with one deadline fire in the order of their Add, whether they are in the heap or in a list.
func TestT11EqualDeadlinesInHeapAndList(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		common(b, 2*time.Second)
		var order, want []int
		add := func(timeout time.Duration) {
			n := len(want)
			want = append(want, n)
			check(t, b.NewTimer(func() { order = append(order, n) }).Add(timeout))
		}
		add(2 * time.Second)
		add(2*time.Second + 0)
		v.pass(time.Second)
		add(time.Second)
		v.pass(-time.Second)
		add(2 * time.Second)
		loop(t, b, 0, Empty)
		same(t, "order", order, want)
	})
}

// A timer moves from list to heap and back, by Add and by being pushed back, and fires when its last Add says.
func TestT11TimerMovesBetweenHeapAndList(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		common(b, time.Second)
		begun := v.now
		var fired []time.Duration
		timer := b.NewTimer(func() { fired = append(fired, time.Duration(v.now-begun)) })
		inList := func() bool { return timer.heapPlace < 0 }

		check(t, timer.Add(time.Second))
		equal(t, "in a list", inList(), true)
		check(t, timer.Add(300*ms)) // nearer than the list can be
		equal(t, "in a list after a shorter Add", inList(), false)
		loop(t, b, 0, Empty)

		check(t, timer.Add(time.Second))
		equal(t, "in a list again", inList(), true)
		check(t, timer.Add(3*time.Second)) // only noted
		loop(t, b, 0, Empty)
		same(t, "fired", fired, []time.Duration{300 * ms, 3300 * ms})
		equal(t, "moved", b.Stats().TimersMoved, 1)

		other := b.NewTimer(func() {})
		check(t, other.Add(time.Second))
		v.pass(500 * ms)
		check(t, timer.Add(400*ms)) // a duration of its own
		check(t, timer.Add(time.Second))
		check(t, other.Del())
		loop(t, b, 0, Empty)
		same(t, "fired at last", fired[2:], []time.Duration{4800 * ms})
	})
}

// Periodic timers of one duration go round in their list, on the grid of each.
func TestT11TickersInAList(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		common(b, 100*ms)
		calls := map[int][]moment{}
		for i := range 3 {
			v.pass(10 * ms)
			check(t, b.NewTicker(func() { calls[i] = append(calls[i], v.now) }).Add(100*ms))
		}
		begun := v.now
		b.Exit(time.Second)
		loop(t, b, 0, Exited)
		for i := range 3 {
			equal(t, "calls", len(calls[i]), 10)
			for k, at := range calls[i] {
				equal(t, "call", at, begun.plus(time.Duration(i-2)*10*ms+time.Duration(k+1)*100*ms))
			}
		}
		equal(t, "places in the heap", b.timers.len(), 1)
	})
}

// What is cancelled leaves no more gaps than there are timers, whether at the head or in the middle, and a list with members can be freed.
func TestT11ListMovesTogether(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		l := common(b, time.Minute)
		var kept []*Event
		fired := 0
		for i := range 10_000 {
			timer := b.NewTimer(func() { fired++ })
			check(t, timer.Add(time.Minute))
			if i%100 == 0 {
				kept = append(kept, timer)
			} else {
				check(t, timer.Del())
			}
			if l.places > 2*l.live+2*pagePlaces {
				t.Fatalf("%d places for %d timers", l.places, l.live)
			}
		}
		equal(t, "timers", b.timerCount(), len(kept))
		if pages := len(b.common.pages) - len(b.common.free); pages > 8 {
			t.Errorf("%d pages for %d timers", pages, len(kept))
		}
		for _, timer := range kept[:50] {
			check(t, timer.Del())
		}
		loop(t, b, 0, Empty)
		equal(t, "fired", fired, 50)
		check(t, kept[0].Add(time.Minute)) // and Close finds it there
	})
}

// More durations than there is room for go into the heap, and an empty list makes room.
func TestT11ListsAreLimited(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		for round := range 3 {
			fired := 0
			for i := range 10_000 {
				check(t, b.NewTimer(func() { fired++ }).Add(time.Duration(round*1000+i/100)*ms))
			}
			if b.common.lists > len(b.common.candidates) || b.common.lists == 0 {
				t.Fatalf("%d lists", b.common.lists)
			}
			loop(t, b, 0, Empty)
			equal(t, "fired", fired, 10_000)
			equal(t, "lists left", b.common.lists, 0)
		}
	})
}

// Connections with one idle timeout: their reading does not touch heap or list, and those that were idle time out.
func TestT4IdleTimeoutsOfConnections(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		common(b, time.Minute)
		timedOut := 0
		for range 20 {
			bev, peer := owned(t, b)
			bev.SetTimeouts(time.Minute, 0)
			bev.OnEvent(func(what Outcome) {
				if what.Has(Timeout) {
					timedOut++
				}
				bev.Close()
			})
			bev.Enable(Read)
			write(t, peer, "x")
		}
		turns(t, b, 2)
		listed := b.Stats().TimersListed
		if listed < 20 || b.timers.len() != 1 {
			t.Fatalf("%d timers went into a list, %d are in the heap", listed, b.timers.len())
		}
		begun := v.now
		loop(t, b, 0, Empty)
		equal(t, "timed out", timedOut, 20)
		equal(t, "after", time.Duration(v.now-begun), time.Minute)
	})
}

// spreads have a million timers of one duration, in a list, or each of its own, in the heap.
var spreads = map[string]time.Duration{"list": 0, "heap": 1}

func aMillion(b *testing.B, spread time.Duration) (*Base, []Event) {
	now := moment(1)
	base := newBase(b, func(c *config) { c.clock = func() moment { now += 10; return now } })
	events := make([]Event, 1_000_000)
	for i := range events {
		events[i].init(base, -1, 0, plainCallback(func() {}))
		events[i].Add(time.Hour + spread*time.Duration(i))
	}
	return base, events
}

// BenchmarkCommonTimeouts is what a timer costs among a million.
func BenchmarkCommonTimeouts(b *testing.B) {
	for name, spread := range spreads {
		base, events := aMillion(b, spread)
		i := 0
		measure := func(what string, one func(e *Event, timeout time.Duration)) {
			b.Run(name+"/"+what, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					i = (i + 7919) % len(events) // a stranger each time, as connections are
					one(&events[i], time.Hour+spread*time.Duration(i))
				}
			})
		}
		measure("touch", func(e *Event, timeout time.Duration) { e.what = 0 }) // the event's own cache miss, which all have
		measure("re-arm", func(e *Event, timeout time.Duration) { e.Add(timeout) })
		measure("add and cancel", func(e *Event, timeout time.Duration) { e.Del(); e.Add(timeout) })
		base.Close()
	}
}

// BenchmarkExpireAMillion is best run once (-benchtime 1x).
func BenchmarkExpireAMillion(b *testing.B) {
	for name, spread := range spreads {
		b.Run(name, func(b *testing.B) {
			var adding time.Duration
			for range b.N {
				b.StopTimer()
				begun := time.Now()
				base, events := aMillion(b, spread)
				adding += time.Since(begun)
				base.now, base.turning = events[len(events)-1].deadline, true
				b.StartTimer()
				base.expire()
				b.StopTimer()
				base.turning = false
				if base.active != len(events) {
					b.Fatal(base.active)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/timer")
			b.ReportMetric(float64(adding.Nanoseconds())/float64(b.N)/1e6, "ns/add")
		})
	}
}

// checkLists holds after every operation: each list is in the order of its deadlines, its head stands in the heap, every event knows its place.
func checkLists(fail func(format string, args ...any), b *Base) {
	live := 0
	for i := range b.common.candidates {
		l := b.common.candidates[i].list
		if l == nil || l.live == 0 {
			continue
		}
		var nodes []heapNode
		for p := l.first; p != nil; p = p.next {
			for at := p.begin; at < p.end; at++ {
				if n := p.nodes[at]; n.event != nil {
					if q, place := b.common.page(n.event); q != p || place != at {
						fail("an event believes to be elsewhere")
					}
					nodes = append(nodes, n)
				}
			}
		}
		if len(nodes) != l.live || !slices.IsSortedFunc(nodes, func(x, y heapNode) int { return int(x.deadline - y.deadline) }) {
			fail("a list of %d has %v", l.live, nodes)
		}
		if driver := b.timers.nodes[l.driver.heapPlace-1]; driver.deadline != nodes[0].deadline || *l.head() != nodes[0] {
			fail("the driver is due at %d, the head at %d", driver.deadline, nodes[0].deadline)
		}
		live += l.live
	}
	if live != b.common.listed {
		fail("%d timers in lists, counted %d", live, b.common.listed)
	}
}
