package reactor

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// since returns a function that notes the virtual milliseconds passed.
func since(v *virtualTime) (note func(), times *[]int) {
	begun, noted := v.now, []int{}
	return func() { noted = append(noted, int(time.Duration(v.now-begun)/ms)) }, &noted
}

// T1: a one-shot timer is called once, at its time.
func TestOneShotTimer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		note, times := since(v)
		timer := b.NewTimer(note)
		check(t, timer.Add(200*ms))
		if due, ok := timer.Deadline(); !ok || due.Sub(b.Now()) != 200*ms {
			t.Errorf("deadline %v, %v", due, ok)
		}
		loop(t, b, 0, Empty)
		same(t, "calls", *times, []int{200})
		if _, ok := timer.Deadline(); ok || timer.Pending(Timeout) {
			t.Error("pending after it was called")
		}
	})
}

// T2: a period does not drift, however late the loop gets to it.
func TestTickerDoesNotDrift(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		v.late = 3 * ms // each wake-up
		note, times := since(v)
		var ticker *Event
		ticker = b.NewTicker(func() {
			note()
			if len(*times) == 5 {
				check(t, ticker.Del())
			}
		})
		check(t, ticker.Add(100*ms))
		loop(t, b, 0, Empty)
		same(t, "calls", *times, []int{103, 203, 303, 403, 503})
	})
}

// T3: ticks that the loop was too busy for are not made up for.
func TestMissedTicksCollapse(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		note, times := since(v)
		var ticker *Event
		ticker = b.NewTicker(func() {
			note()
			switch len(*times) {
			case 1:
				v.pass(350 * ms)
			case 4:
				check(t, ticker.Del())
			}
		})
		check(t, ticker.Add(100*ms))
		loop(t, b, 0, Empty)
		// At 450 the tick of 200 is due, and the next one counts from now on.
		same(t, "calls", *times, []int{100, 450, 550, 650})
	})
}

// T4: input restarts the timeout of a persistent event, at the price of an assignment: the heap is not touched.
func TestInputRestartsTheTimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		note, times := since(v)
		var told []What
		event := b.NewEvent(a, Read|Persist, func(what What) {
			told = append(told, what)
			note()
			drain(a)
		})
		check(t, event.Add(200*ms))
		sequence := b.timers.sequence
		for range 3 {
			v.pass(150 * ms)
			write(t, peer, "x")
			turns(t, b, 1)
		}
		if put := b.timers.sequence - sequence; put > 2 { // when the old deadlines of 200 and 350 came up
			t.Errorf("%d heap operations", put)
		}
		for len(told) < 5 {
			loop(t, b, Once, Passed)
		}
		same(t, "calls", *times, []int{150, 300, 450, 650, 850})
		same(t, "told", told, []What{Read, Read, Read, Timeout, Timeout})
		check(t, event.Del())
	})
}

// T4: so does input that comes together with a timeout, which the loop was late for.
func TestInputBesideATimeoutRestartsIt(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		note, times := since(v)
		var told []What
		event := b.NewEvent(a, Read|Persist, func(what What) {
			told = append(told, what)
			note()
			drain(a)
		})
		check(t, event.Add(100*ms))
		v.pass(140 * ms)
		write(t, peer, "x")
		for len(told) < 3 {
			loop(t, b, Once, Passed)
		}
		same(t, "told", told, []What{Read | Timeout, Timeout, Timeout})
		same(t, "calls", *times, []int{140, 240, 340})
		check(t, event.Del())
	})
}

// T4: a thousand inputs within one timeout move the timer in the heap at most once.
func TestRestartingCostsNoHeapOperation(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		event := b.NewEvent(a, Read|Persist, func(What) { drain(a) })
		check(t, event.Add(time.Second))
		sequence := b.timers.sequence
		for range 1000 {
			v.pass(ms)
			write(t, peer, "x")
			turns(t, b, 1)
		}
		if put := b.timers.sequence - sequence; put > 1 {
			t.Errorf("%d heap operations for 1000 restarts", put)
		}
		check(t, event.Del())
	})
}

// T5: RemoveTimer leaves the descriptor, and input does not bring the timer back.
func TestRemoveTimer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		var told []What
		event := b.NewEvent(a, Read|Persist, func(what What) { told = append(told, what); drain(a) })
		check(t, event.Add(100*ms))
		event.RemoveTimer()
		for range 2 {
			v.pass(time.Second)
			turns(t, b, 1)
			write(t, peer, "x")
			turns(t, b, 1)
		}
		same(t, "told", told, []What{Read, Read})
		equal(t, "timer pending", event.Pending(Timeout), false)
	})
}

// T6: a second Add replaces the timeout, to later and to earlier; with Forever it leaves it alone.
func TestAddReplacesTheTimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		note, times := since(v)
		later, earlier, same1 := b.NewTimer(note), b.NewTimer(note), b.NewTimer(note)
		check(t, later.Add(100*ms))
		check(t, later.Add(300*ms))
		check(t, earlier.Add(300*ms))
		check(t, earlier.Add(100*ms))
		check(t, same1.Add(200*ms))
		check(t, same1.Add(Forever))
		loop(t, b, 0, Empty)
		same(t, "calls", *times, []int{100, 200, 300})
	})
}

// T6: adding with a timeout withdraws a timeout that has passed and was not yet told.
func TestAddWithdrawsAPassedTimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		note, times := since(v)
		second := b.NewTimer(note)
		first := b.NewTimer(func() { check(t, second.Add(50*ms)) })
		check(t, first.Add(100*ms))
		check(t, second.Add(100*ms))
		loop(t, b, 0, Empty)
		same(t, "calls", *times, []int{150})
	})
}

// T7: input and timeout in one turn are told together.
func TestInputAndTimeoutMerge(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		var told []What
		check(t, b.NewEvent(a, Read, func(what What) { told = append(told, what) }).Add(100*ms))
		write(t, peer, "x")
		v.pass(100 * ms)
		loop(t, b, 0, Empty)
		same(t, "told", told, []What{Read | Timeout})
	})
}

// T7: a periodic event that is activated by hand in between counts its next period from then.
func TestActivationRestartsThePeriod(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		note, times := since(v)
		var told []What
		var event *Event
		event = b.NewEvent(-1, Persist, func(what What) {
			note()
			if told = append(told, what); len(told) == 3 {
				check(t, event.Del())
			}
		})
		check(t, event.Add(200*ms))
		check(t, b.NewTimer(func() { event.Active(Read) }).Add(100*ms))
		loop(t, b, 0, Empty)
		same(t, "calls", *times, []int{100, 300, 500})
		same(t, "told", told, []What{Read, Timeout, Timeout})
	})
}

// T8, T9: in real time a timer is never early, and the loop wakes once for each.
func TestRealTimersAreNeverEarly(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const timers = 50
		random := seeded(t)
		for range timers {
			timeout := time.Duration(random.IntN(int(3 * ms)))
			due := time.Now().Add(timeout)
			check(t, b.NewTimer(func() {
				if early := time.Until(due); early > 0 {
					t.Errorf("%v early", early)
				}
			}).Add(timeout))
		}
		loop(t, b, 0, Empty)
		stats := b.Stats()
		if stats.TimersFired != timers || stats.Turns > 2*timers {
			t.Errorf("%d timers in %d turns", stats.TimersFired, stats.Turns)
		}
	})
}

// T9: the loop sleeps exactly until the next deadline, so each timer costs one wake-up.
func TestOneWakeUpPerTimer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		for i := range 100 {
			check(t, b.NewTimer(func() {}).Add(time.Duration(i+1)*time.Microsecond))
		}
		loop(t, b, 0, Empty)
		equal(t, "waits", v.waits, 100)
	})
}

// Timers with the same deadline are called in the order in which they were added.
func TestEqualDeadlinesKeepTheirOrder(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		var order, want []int
		for i := range 100 {
			want = append(want, i)
			check(t, b.NewTimer(func() { order = append(order, i) }).Add(time.Second))
		}
		loop(t, b, 0, Empty)
		same(t, "order", order, want)
	})
}

// A timer that was pushed back is called in the order of its new deadline, also if the loop is so late that all are due.
func TestPushedBackTimersKeepTheOrder(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		var order []string
		pushed := b.NewTimer(func() { order = append(order, "pushed back to 20") })
		check(t, pushed.Add(10*ms))
		check(t, pushed.Add(20*ms))
		check(t, b.NewTimer(func() { order = append(order, "15") }).Add(15*ms))
		v.pass(25 * ms)
		loop(t, b, 0, Empty)
		same(t, "order", order, []string{"15", "pushed back to 20"})
	})
}

// A timer of no length is called in the next turn, and one that adds itself so does not keep descriptors from being served.
func TestTimerOfNoLength(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		calls := 0
		var timer *Event
		timer = b.NewTimer(func() {
			calls++
			check(t, timer.Add(0))
		})
		check(t, timer.Add(0))
		check(t, b.NewEvent(a, Read, func(What) { b.Break() }).Add(Forever))
		write(t, peer, "x")
		loop(t, b, 0, Broken)
		if calls > 1 {
			t.Errorf("%d calls before the descriptor was served", calls)
		}
	})
}

// The time is one and the same within a turn, and can be read anew.
func TestTimeStandsStillWithinATurn(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var times []time.Time
		for range 2 {
			b.NewEvent(-1, 0, func(What) {
				times = append(times, b.Now())
				for before := time.Now(); time.Since(before) <= 0; {
				}
			}).Active(Read)
		}
		b.NewEvent(-1, 0, func(What) {
			b.RefreshTime()
			times = append(times, b.Now())
		}).Active(Read)
		loop(t, b, 0, Empty)
		if times[0] != times[1] || !times[2].After(times[1]) {
			t.Errorf("times %v", times)
		}
	})
}
