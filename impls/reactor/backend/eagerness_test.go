//go:build unix

package backend

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// questions makes so many waits, each with something at its end, and counts the questions; answered says which of them find it at once.
func questions(e *eagerness, waits int, answered func(wait int) bool) (asked, missed int) {
	for i := range waits {
		e.wait(-1, func(limit time.Duration) (int, error) {
			if limit != 0 {
				return 1, nil
			}
			asked++
			if answered(i) {
				return 1, nil
			}
			missed++
			return 0, nil
		})
	}
	return asked, missed
}

func TestASleepingLoopAsksHardlyEver(t *testing.T) {
	var e eagerness
	if asked, _ := questions(&e, 100_000, func(int) bool { return false }); asked < 1 || asked > 11 {
		t.Errorf("100000 wake-ups from sleep: %d questions for nothing, want 1 to 11", asked)
	}
}

func TestABusyLoopAsks(t *testing.T) {
	var e eagerness
	if asked, _ := questions(&e, 10_000, func(int) bool { return true }); asked != 10_000-trialAfter {
		t.Errorf("10000 waits, all with something ready: %d questions, want all but the first %d", asked, trialAfter)
	}
}

// A loop that was asleep for long has to find out that it is busy now, and one with pauses must not pay for each of them for ever.
func TestALoopThatIsBusyNowAndThen(t *testing.T) {
	var e eagerness
	questions(&e, 100_000, func(int) bool { return false })
	if asked, _ := questions(&e, 300_000, func(int) bool { return true }); asked < 150_000 {
		t.Errorf("300000 waits with something ready, after sleep: %d questions", asked)
	}
	e = eagerness{}
	asked, missed := questions(&e, 100_000, func(wait int) bool { return wait%10 != 0 })
	if missed > 20 {
		t.Errorf("a pause after every tenth wait: %d questions, of which %d for nothing", asked, missed)
	}
}

func TestWhatFoundNothingIsNoReasonToAsk(t *testing.T) {
	var e eagerness
	for range 1000 {
		e.wait(time.Millisecond, func(time.Duration) (int, error) { return 0, nil })
		e.wait(time.Second, func(time.Duration) (int, error) { return 0, unix.EINTR })
		e.wait(0, func(time.Duration) (int, error) { return 1, nil })
	}
	if e != (eagerness{}) {
		t.Errorf("time-outs, interruptions and questions of the caller's own have left %+v", e)
	}
}

// What the backends make of it: they ask where each wait is answered, and a question that is not does not stand for the wait.
func TestWaitsAfterAQuestion(t *testing.T) {
	for _, method := range []string{"epoll", "poll", "select"} {
		b, err := Open(method)
		if err != nil {
			continue // this system has no epoll
		}
		defer b.Close()
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		if err := b.Set(pair[0], NewToken(pair[0], 1), 0, Read); err != nil {
			t.Fatal(err)
		}
		eager, ready := eagernessOf(b), make([]Ready, 4)
		unix.Write(pair[1], []byte("x"))
		for n := 0; n < 2*trialAfter; {
			found, err := b.Wait(ready, -1)
			if err != nil {
				t.Fatal(method, err)
			}
			n += found
		}
		if !eager.asks {
			t.Errorf("%s: after %d waits that were answered at once: %+v", method, 2*trialAfter, *eager)
		}
		unix.Read(pair[0], make([]byte, 1))
		for eager.asks { // a signal may have interrupted the wait before it asked
			if n, err := b.Wait(ready, time.Nanosecond); n != 0 || err != nil {
				t.Fatal(method, n, err)
			}
		}
		go unix.Write(pair[1], []byte("y"))
		for n := 0; n == 0; {
			if n, err = b.Wait(ready, -1); err != nil {
				t.Fatal(method, err)
			}
		}
	}
}

func eagernessOf(b Backend) *eagerness {
	switch b := b.(type) {
	case *poll:
		return &b.eager
	case *selector:
		return &b.eager
	}
	return epollEagerness(b)
}
