package reactor

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// Descriptors become active before timers that are due in the same turn, and the callbacks run in that order.
func TestL1TurnOrder(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		var order []string
		timer := b.NewTimer(func() { order = append(order, "timer") })
		check(t, timer.Add(time.Second))
		event := b.NewEvent(a, Read, func(What) { order = append(order, "descriptor") })
		check(t, event.Add(Forever))
		write(t, peer, "x")
		v.pass(time.Second)
		check(t, b.Post(func() { order = append(order, "post") }))
		loop(t, b, 0, Empty)
		if len(order) != 3 || order[2] != "timer" {
			t.Fatalf("order %v, want the timer last", order)
		}
	})
}

// With nothing to wait for the loop is at its end, unless it is told to keep alive.
func TestL2EmptyLoopEnds(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		loop(t, b, 0, Empty)
		a, _ := pair(t)
		event := b.NewEvent(a, Read, func(What) {})
		check(t, event.Add(Forever))
		loop(t, b, NonBlock, Passed)
		check(t, event.Del())
		loop(t, b, 0, Empty)

		go b.Post(b.Break)
		loop(t, b, KeepAlive, Broken)
	})
}

// Once returns after something was called, NonBlock after one pass, whatever is still ready (libevent's goes on).
func TestL3OnceAndNonBlock(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		called := 0
		event := b.NewEvent(a, Read|Persist, func(What) { called++ })
		check(t, event.Add(Forever))
		loop(t, b, NonBlock, Passed)
		equal(t, "calls with nothing ready", called, 0)
		write(t, peer, "never read")
		loop(t, b, NonBlock, Passed)
		equal(t, "calls after a NonBlock", called, 1)
		loop(t, b, NonBlock|Once, Passed)
		equal(t, "calls after a NonBlock|Once", called, 2)
		loop(t, b, Once, Passed)
		equal(t, "calls after a Once", called, 3)
	})
}

// Once goes through all levels that have something to do.
func TestL3OnceRunsEveryLevel(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var order []int
		for p := range 3 {
			event := b.NewEvent(-1, 0, func(What) { order = append(order, p) })
			event.SetPriority(p)
			event.Active(Read)
		}
		loop(t, b, Once, Passed)
		same(t, "order", order, []int{0, 1, 2})
	}, WithPriorities(3))
}

// Exit lets the level finish; Break leaves the rest active for the next loop.
func TestL4ExitFinishesAndBreakDoesNot(t *testing.T) {
	for name, want := range map[string]struct {
		end   End
		calls int
	}{"exit": {Exited, 3}, "break": {Broken, 1}} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				calls := 0
				for range 3 {
					b.NewEvent(-1, 0, func(What) {
						calls++
						if name == "exit" {
							b.Exit(0)
						} else if calls == 1 {
							b.Break()
						}
					}).Active(Read)
				}
				loop(t, b, 0, want.end)
				equal(t, "calls", calls, want.calls)
				loop(t, b, 0, Empty)
				equal(t, "calls in the end", calls, 3)
			})
		})
	}
}

// Of several exits the earliest counts, and an exit keeps no empty loop going.
func TestL4ExitAfter(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		begun := v.now
		ticker := b.NewTicker(func() {})
		check(t, ticker.Add(time.Second))
		b.Exit(time.Hour)
		b.Exit(2500 * time.Millisecond)
		b.Exit(2 * time.Hour)
		loop(t, b, 0, Exited)
		equal(t, "time passed", v.now-begun, moment(2500*time.Millisecond))
		check(t, ticker.Del())
		b.Exit(time.Hour)
		loop(t, b, 0, Empty)
	})
}

// Continue leaves the rest of the level for after the next look at the backend.
func TestL4Continue(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		waits := []int{}
		for range 3 {
			b.NewEvent(-1, 0, func(What) {
				waits = append(waits, v.waits)
				b.Continue()
			}).Active(Read)
		}
		loop(t, b, 0, Empty)
		same(t, "looks at the backend before each call", waits, []int{1, 2, 3})
	})
}

// A Break or Exit from before the loop is not lost (libevent loses the former): it ends the next loop at once, and only that.
func TestL5BreakBeforeLoop(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		calls := 0
		b.NewEvent(-1, 0, func(What) { calls++ }).Active(Read)
		b.Break()
		loop(t, b, 0, Broken)
		b.Exit(0)
		loop(t, b, 0, Exited)
		equal(t, "calls", calls, 0)
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 1)
	})
}

// A loop within a callback is an error there, and harmless.
func TestL6Reentry(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var inner error
		check(t, b.Post(func() { _, inner = b.Loop(NonBlock) }))
		loop(t, b, 0, Empty)
		if !errors.Is(inner, ErrLooping) {
			t.Fatalf("inner loop: %v, want ErrLooping", inner)
		}
	})
}

// Whatever another goroutine has done through Post wakes a sleeping loop and counts at once.
func TestL7PostWakesTheLoop(t *testing.T) {
	changes := map[string]func(b *Base, event *Event, done func()){
		"a timer is added":        func(b *Base, _ *Event, done func()) { b.NewTimer(done).Add(0) },
		"a descriptor is added":   func(b *Base, e *Event, done func()) { e.Add(Forever) },
		"an event is activated":   func(b *Base, e *Event, done func()) { e.Active(Read) },
		"the loop is broken":      func(b *Base, _ *Event, done func()) { b.Break() },
		"the loop is exited":      func(b *Base, _ *Event, done func()) { b.Exit(0) },
		"the last event is gone":  nil,
		"the first timer is gone": nil,
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				a, peer := pair(t)
				write(t, peer, "x")
				readable := b.NewEvent(a, Read, func(What) { b.Break() })
				hour := b.NewTimer(func() { t.Error("the hour is over") })
				check(t, hour.Add(time.Hour))
				go b.Post(func() {
					if change == nil {
						hour.Del()
					} else {
						change(b, readable, b.Break)
					}
				})
				if end, err := b.Loop(0); err != nil || change != nil && end == Empty || change == nil && end != Empty {
					t.Fatalf("the loop ended %v, %v", end, err)
				}
			})
		})
	}
}

// However many functions are posted before the loop gets to them, they are called in order and cost one wake-up.
func TestL8PostsAreCoalescedAndOrdered(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const posts = 1000
		var order, want []int
		for i := range posts {
			want = append(want, i)
			check(t, b.Post(func() { order = append(order, i) }))
		}
		loop(t, b, 0, Empty)
		same(t, "order", order, want)
		equal(t, "wake-ups", b.Stats().Wakes, 1)
		equal(t, "posts", b.Stats().Posts, posts)

		ready := b.Stats().Ready
		check(t, b.Post(func() {}))
		check(t, b.NewTimer(func() {}).Add(ms))
		loop(t, b, 0, Empty)
		turns(t, b, 1)
		equal(t, "times the descriptor was ready for one post more", b.Stats().Ready-ready, 1)
	})
}

// Posts from many goroutines all arrive, each goroutine's in its order.
func TestL7L8PostsFromManyGoroutines(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const goroutines, posts = 8, 200
		next := make([]int, goroutines)
		var posting sync.WaitGroup
		for g := range goroutines {
			posting.Go(func() {
				for i := range posts {
					b.Post(func() {
						if next[g] != i {
							t.Errorf("goroutine %d: post %d came in the place of %d", g, i, next[g])
						}
						next[g] = i + 1
					})
				}
			})
		}
		go func() {
			posting.Wait()
			b.Post(b.Break)
		}()
		loop(t, b, KeepAlive, Broken)
		for g := range next {
			equal(t, "posts", next[g], posts)
		}
	})
}

// A function that posts itself does not keep descriptors and timers from being served.
func TestP2SelfPostingDoesNotStarve(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "x")
		served := false
		check(t, b.NewEvent(a, Read, func(What) { served = true }).Add(Forever))
		posts := 0
		var again func()
		again = func() {
			if posts++; !served && posts < 1000 {
				b.Post(again)
			}
		}
		check(t, b.Post(again))
		loop(t, b, 0, Empty)
		if !served || posts > 2 {
			t.Fatalf("served %v after %d posts", served, posts)
		}
	})
}

func TestPostAfterClose(t *testing.T) {
	b, err := New()
	check(t, err)
	check(t, b.Close())
	check(t, b.Close())
	if err := b.Post(func() {}); !errors.Is(err, ErrClosed) {
		t.Fatalf("Post: %v, want ErrClosed", err)
	}
	if _, err := b.Loop(0); !errors.Is(err, ErrClosed) {
		t.Fatalf("Loop: %v, want ErrClosed", err)
	}
}

func TestMisusePanics(t *testing.T) {
	b := newBase(t)
	closedBase, _ := New()
	closedBase.Close()
	misuses := map[string]func(){
		"NewEvent without a callback":  func() { b.NewEvent(0, Read, nil) },
		"NewEvent with Signal":         func() { b.NewEvent(0, Signal, func(What) {}) },
		"NewTicker without a callback": func() { b.NewTimer(nil) },
		"NewSignal without a callback": func() { b.NewSignal(unix.SIGUSR1, nil) },
		"SetWatermark":                 func() { b.NewBufferEvent(-1).SetWatermark(Read, 2, 1) },
		"Listen without a callback":    func() { b.Listen("tcp", "127.0.0.1:0", nil) },
		"Post without a function":      func() { b.Post(nil) },
		"NewBufferEvent on a closed":   func() { closedBase.NewBufferEvent(-1) },
	}
	for want, misuse := range misuses {
		t.Run(want, func(t *testing.T) { panicsWith(t, want, misuse) })
	}
}

// panicsWith expects a sentence with want in it.
func panicsWith(t testing.TB, want string, misuse func()) {
	t.Helper()
	defer func() {
		t.Helper()
		said, ok := recover().(string)
		if !ok || !strings.Contains(strings.ToLower(said), strings.ToLower(want)) {
			t.Fatalf("said %q, want something about %q", said, want)
		}
	}()
	misuse()
}

// The environment has the last word about the method, unless the program refuses it.
func TestMethodIsChosen(t *testing.T) {
	methods := backend.Methods()
	best, last := methods[0], methods[len(methods)-1]
	t.Setenv(MethodVariable, last)
	forced, err := New(WithBackend(best), WithoutBackend(last))
	check(t, err)
	defer forced.Close()
	equal(t, "forced method", forced.Method(), last)
	equal(t, "free method", newBase(t).Method(), best)
	equal(t, "method without the best", newBase(t, WithoutBackend(best, "none such")).Method(), methods[1])
	for _, method := range methods {
		features := newBase(t, WithBackend(method)).Features()
		equal(t, "method with the features of "+method, newBase(t, WithFeatures(features)).Features().Has(features), true)
	}

	t.Setenv(MethodVariable, "none such")
	if _, err := New(); err == nil || !strings.Contains(err.Error(), MethodVariable) || !strings.Contains(err.Error(), best) {
		t.Errorf("%v: want the variable, and what there is", err)
	}
}

// Where nothing fits the error says of each method why.
func TestNoMethodFits(t *testing.T) {
	methods := backend.Methods()
	for name, options := range map[string][]Option{
		"all are avoided":        {WithoutBackend(methods...)},
		"required and avoided":   {WithBackend("poll"), WithoutBackend("poll")},
		"the required one lacks": {WithBackend("poll"), WithFeatures(EdgeTriggered)},
		"those left lack":        {WithoutBackend(capable()...), WithFeatures(EdgeTriggered | ConstantTime)},
	} {
		_, err := New(append(options, WithoutEnv())...)
		if !errors.Is(err, ErrNoBackend) || !strings.Contains(err.Error(), "poll") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(WithBackend("none such"), WithoutEnv()); err == nil || !strings.Contains(err.Error(), "select") {
		t.Errorf("an unknown method: %v", err)
	}
}

// capable are the methods that have edges.
func capable() (names []string) {
	for _, method := range backend.Methods() {
		if b, err := New(WithBackend(method), WithFeatures(EdgeTriggered), WithoutEnv()); err == nil {
			b.Close()
			names = append(names, method)
		}
	}
	return names
}

func TestStatsAndDump(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, _ := pair(t)
		event := b.NewEvent(a, Read|Persist, func(What) {})
		check(t, event.Add(time.Minute))
		check(t, b.NewTimer(func() {}).Add(time.Hour))
		event.Active(Read)
		var text strings.Builder
		b.Dump(&text)
		for _, want := range []string{b.Method(), "2 pending, 1 active", "waits for Read|Persist", "active with Read", "timer"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("no %q in\n%s", want, text.String())
			}
		}
		turns(t, b, 2)
		stats := b.Stats()
		if stats.Turns != 2 || len(stats.Levels) != 1 || stats.Levels[0].Called != 1 {
			t.Errorf("stats %+v", stats)
		}
		stats.Levels[0].Called = 99
		if slices.Equal(stats.Levels, b.Stats().Levels) {
			t.Error("the copy of the counters is not a copy")
		}
	})
}

// A turn allocates nothing: wait, readiness, timers and callbacks.
func TestTurnAllocatesNothing(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "never read")
		check(t, b.NewEvent(a, Read|Persist, func(What) {}).Add(time.Hour))
		check(t, b.NewTicker(func() {}).Add(time.Nanosecond))
		turns(t, b, 3)
		if n := testing.AllocsPerRun(200, func() { b.Loop(NonBlock) }); n != 0 {
			t.Fatalf("%v allocations a turn", n)
		}
	})
}
