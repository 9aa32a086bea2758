package reactor

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// From another goroutine than the loop's every method but Post panics, and says which it was; when nobody is looping, any may call.
func TestDebugWrongGoroutine(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, _ := pair(t)
		event := b.NewEvent(a, Read|Persist, func(What) {})
		bev, _ := owned(t, b)
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
		check(t, err)
		misuses := map[string]func(){
			"Event.Add":      func() { event.Add(Forever) },
			"Event.Del":      func() { event.Del() },
			"Event.Active":   func() { event.Active(Read) },
			"ActiveLater":    func() { event.ActiveLater(Read) },
			"Event.Pending":  func() { event.Pending(Read) },
			"RemoveTimer":    func() { event.RemoveTimer() },
			"SetPriority":    func() { event.SetPriority(0) },
			"SetBase":        func() { event.SetBase(b) },
			"Break":          func() { b.Break() },
			"Exit":           func() { b.Exit(0) },
			"Continue":       func() { b.Continue() },
			"Stats":          func() { b.Stats() },
			"NewCheck":       func() { b.NewCheck(func() {}) },
			"Events":         func() { b.Events()(func(*Event) bool { return true }) },
			"BufferEvents":   func() { b.BufferEvents()(func(*BufferEvent) bool { return true }) },
			"NewBufferEvent": func() { b.NewBufferEvent(-1) },
			"BufferEvent":    func() { bev.Output() },
			"Listen":         func() { b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {}) },
			"Listener":       func() { listener.Close() },
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			inLoop := make(chan bool)
			b.Post(func() { close(inLoop) })
			<-inLoop
			for want, misuse := range misuses {
				panicsWith(t, want+" was called by goroutine", misuse)
			}
			b.Post(b.Break)
		}()
		loop(t, b, KeepAlive, Broken)
		<-done
		turned := make(chan error)
		go func() {
			err := event.Add(Forever)
			_, loopErr := b.Loop(NonBlock)
			turned <- errors.Join(err, loopErr)
		}()
		check(t, <-turned) // one goroutine after the other may use a base
		check(t, event.Del())
		listener.Close()
		bev.Close()
	}, WithDebug())
}

// A callback is on the right goroutine, whatever it calls.
func TestDebugAllowsCallbacks(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		bev.SetTimeouts(time.Hour, time.Hour)
		echo(bev)
		write(t, peer, "x")
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		signal := b.NewSignal(unix.SIGUSR2, func() {})
		check(t, signal.Add(Forever))
		check(t, b.NewTimer(func() { check(t, signal.Del()) }).Add(ms))
		loop(t, b, 0, Empty)
		equal(t, "echo", read(t, peer), "x")
	}, WithDebug())
}

// What would show late or never is said at once.
func TestDebugCatchesMisuse(t *testing.T) {
	for want, misuse := range map[string]func(t *testing.T, b *Base){
		"is blocking": func(t *testing.T, b *Base) {
			a, _ := pair(t)
			check(t, unix.SetNonblock(a, false))
			b.NewEvent(a, Read, func(What) {}).Add(Forever)
		},
		"was closed before Del": func(t *testing.T, b *Base) {
			bev, _ := owned(t, b)
			unix.Close(bev.FD())
			bev.Close()
		},
		"closed before Del and names another": func(t *testing.T, b *Base) {
			a, _ := pair(t)
			c, _ := pair(t)
			check(t, b.NewEvent(a, Read, func(What) {}).Add(Forever))
			unix.Close(a)
			check(t, unix.Dup2(c, a))
			b.NewEvent(a, Write, func(What) {}).Add(Forever)
		},
		"has two owners": func(t *testing.T, b *Base) {
			bev, _ := owned(t, b)
			b.NewBufferEvent(bev.FD())
		},
		"Event.Add on a base that was closed": func(t *testing.T, b *Base) {
			event := b.NewTimer(func() {})
			check(t, b.Close())
			event.Add(0)
		},
		"Event.Active on a base that was closed": func(t *testing.T, b *Base) {
			event := b.NewTimer(func() {})
			check(t, b.Close())
			event.Active(Timeout)
		},
	} {
		t.Run(want, func(t *testing.T) {
			b, err := New(WithDebug(), WithoutEnv())
			check(t, err)
			panicsWith(t, want, func() { misuse(t, b) })
			if !b.closed { // as the panic has left it
				check(t, errors.Join(b.wake.close(), b.backend.Close()))
			}
		})
	}
}

// A regular file is refused as without debug mode, though it is blocking too.
func TestDebugLeavesErrorsAlone(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		file, err := os.CreateTemp(t.TempDir(), "")
		check(t, err)
		defer file.Close()
		for _, fd := range []int{int(file.Fd()), closedNumber(t), 1 << 30} {
			if err := b.NewEvent(fd, Read, func(What) {}).Add(Forever); err == nil {
				t.Errorf("descriptor %d was added", fd)
			}
		}
	}, WithDebug())
}

// A callback that takes too long is reported by name, and no other.
func TestSlowCallbacksAreReported(t *testing.T) {
	var reports []SlowCallback
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		reports = nil
		check(t, b.NewTimer(func() { v.pass(100 * ms) }).Add(ms))
		check(t, b.NewTimer(func() { v.pass(101 * ms) }).Add(2*ms))
		a, peer := pair(t)
		check(t, b.NewEvent(a, Read, func(What) { v.pass(time.Second) }).Add(Forever))
		write(t, peer, "x")
		loop(t, b, 0, Empty)
		if len(reports) != 2 {
			t.Fatalf("%+v", reports)
		}
		first, second := reports[0], reports[1]
		if first.Took != time.Second || first.Event[:len("descriptor")] != "descriptor" || second.Took != 101*ms {
			t.Errorf("%+v", reports)
		}
		if !strings.Contains(second.Function, "TestSlowCallbacksAreReported") {
			t.Errorf("the function is called %q", second.Function)
		}
	}, WithSlowCallback(100*ms, func(s SlowCallback) { reports = append(reports, s) }))
	if _, err := New(WithSlowCallback(0, nil)); err == nil || !strings.Contains(err.Error(), "WithSlowCallback") {
		t.Error(err)
	}
}

// The price of the checks, off and on.
func BenchmarkDebug(b *testing.B) {
	for name, options := range map[string][]Option{"off": nil, "on": {WithDebug()}} {
		b.Run(name, func(b *testing.B) {
			base := newBase(b, options...)
			timer := base.NewTimer(func() {})
			b.ReportAllocs()
			for b.Loop() {
				timer.Add(time.Hour)
			}
		})
	}
}
