package reactor

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A signal reaches the loop, each time, and not after Del; its goroutine exists only in between.
func TestSignal(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		signal.Notify(make(chan os.Signal, 1), unix.SIGUSR2) // os/signal has a goroutine of its own, for good
		signal.Reset(unix.SIGUSR2)
		goroutines := runtime.NumGoroutine()
		calls := 0
		var event *Event
		event = b.NewSignal(unix.SIGUSR1, func() {
			if calls++; calls == 3 {
				check(t, event.Del())
				return
			}
			check(t, unix.Kill(unix.Getpid(), unix.SIGUSR1))
		})
		check(t, event.Add(Forever))
		equal(t, "pending", event.Pending(Signal), true)
		check(t, unix.Kill(unix.Getpid(), unix.SIGUSR1)) // before the loop: it waits
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 3)
		goroutinesEnd(t, goroutines)
	})
}

// Several events may wait for one signal, and one that is deleted and added again waits again.
func TestSignalSeveralEvents(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		calls := 0
		for range 3 {
			var event *Event
			event = b.NewSignal(unix.SIGUSR1, func() {
				calls++
				event.Del()
			})
			check(t, event.Add(Forever))
			check(t, event.Del())
			check(t, event.Add(Forever))
		}
		check(t, unix.Kill(unix.Getpid(), unix.SIGUSR1))
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 3)
	})
}

// A signal that was on its way when its event was deleted is not told, even if the event was added again.
func TestSignalOfAnEarlierLife(t *testing.T) {
	b := newBase(t)
	event := b.NewSignal(unix.SIGUSR1, func() { t.Error("told") })
	check(t, event.Add(Forever))
	h := event.handler.(*signalHandler)
	caught := h.caught
	check(t, event.Del())
	check(t, event.Add(Forever))
	if h.caught == caught {
		t.Fatal("the second life has the channel of the first")
	}
	b.Post(func() {
		if h.caught == caught {
			event.Active(Signal)
		}
	})
	turns(t, b, 2)
	check(t, event.Del())
}

// A signal event may have a timeout: it is called for either.
func TestSignalWithTimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		var event *Event
		event = b.NewSignal(unix.SIGUSR2, func() { check(t, event.Del()) })
		check(t, event.Add(time.Second))
		loop(t, b, 0, Empty)
		equal(t, "time passed", v.now-1, moment(time.Second))
	})
}

// A signal event moves to another base, and is told there alone.
func TestSignalMovesToAnotherBase(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, first *Base) {
		second := newBase(t, WithBackend(first.Method()))
		calls := 0
		var event *Event
		event = first.NewSignal(unix.SIGUSR1, func() {
			calls++
			check(t, event.Del())
		})
		check(t, event.Add(Forever))
		check(t, event.Del())
		check(t, event.SetBase(second))
		check(t, event.Add(Forever))
		check(t, unix.Kill(unix.Getpid(), unix.SIGUSR1))
		loop(t, first, 0, Empty)
		equal(t, "calls in the first base", calls, 0)
		loop(t, second, 0, Empty)
		equal(t, "calls", calls, 1)
	})
}

// Closing the base ends its signals; what others in the program have asked os/signal for stays.
func TestSignalEndsWithItsBase(t *testing.T) {
	others := make(chan os.Signal, 1)
	signal.Notify(others, unix.SIGUSR1)
	defer signal.Stop(others)
	for _, method := range Methods() {
		b, err := New(WithBackend(method), WithoutEnv())
		check(t, err)
		event := b.NewSignal(unix.SIGUSR1, func() { t.Error("called") })
		check(t, event.Add(Forever))
		check(t, b.Close())
		equal(t, "pending", event.Pending(Signal), false)
		check(t, unix.Kill(unix.Getpid(), unix.SIGUSR1))
		<-others
	}
}

// What no process can catch is refused.
func TestE12SignalsThatCannotBeCaught(t *testing.T) {
	b := newBase(t)
	for _, sig := range []os.Signal{unix.SIGKILL, unix.SIGSTOP, unix.Signal(0), unix.Signal(-1), unix.Signal(1000)} {
		event := b.NewSignal(sig, func() {})
		if err := event.Add(time.Hour); !errors.Is(err, unix.EINVAL) || event.Pending(Signal|Timeout) {
			t.Errorf("%v: %v, want EINVAL", sig, err)
		}
	}
	equal(t, "pending", b.Pending(), 0)
}
