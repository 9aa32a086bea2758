package reactor

import (
	"errors"
	"math"
	"math/bits"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// dump is the state of a base as a person would see it.
func dump(b *Base) string {
	var text strings.Builder
	b.Dump(&text)
	return text.String()
}

// What is refused is refused by an error that names the call and the descriptor, and leaves everything as it was: what is pending,
// what is active, every deadline.
func TestE12RefusedCallsChangeNothing(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		write(t, peer, "x")
		file, err := os.CreateTemp(t.TempDir(), "")
		check(t, err)
		defer file.Close()
		ignore := func(What) {}

		pending := b.NewEvent(a, Read|Persist, ignore)
		check(t, pending.Add(time.Minute))
		active := b.NewEvent(-1, 0, ignore)
		active.Active(Write)
		signal := b.NewSignal(unix.SIGUSR2, func() {})
		check(t, signal.Add(Forever))
		edge := b.NewEvent(a, Read|ET, ignore)

		for name, refused := range map[string]struct {
			call func() error
			want error
			says string
		}{
			"negative timeout of a new event": {func() error { return b.NewEvent(peer, Read, ignore).Add(-2) }, ErrTimeout, "add descriptor"},
			"negative timeout of a pending":   {func() error { return pending.Add(-time.Second) }, ErrTimeout, "timeout -1s"},
			"negative timeout of an active":   {func() error { return active.Add(math.MinInt64) }, ErrTimeout, "add timer"},
			"negative timeout of a signal":    {func() error { return signal.Add(-time.Hour) }, ErrTimeout, "add signal"},
			"negative timeout of Once":        {func() error { return b.Once(-1, 0, -3, ignore) }, ErrTimeout, "add timer"},
			"closed descriptor":               {func() error { return b.NewEvent(closedNumber(t), Read, ignore).Add(1) }, unix.EBADF, "descriptor"},
			"wild descriptor":                 {func() error { return b.NewEvent(1<<30, Read, ignore).Add(1) }, unix.EBADF, "add descriptor 1073741824"},
			"descriptor beyond 32 bits":       {func() error { return b.NewEvent(1<<(bits.UintSize-2)|a, Read, ignore).Add(1) }, unix.EBADF, "descriptor"},
			"regular file":                    {func() error { return b.NewEvent(int(file.Fd()), Read, ignore).Add(1) }, unix.EPERM, "descriptor"},
			"mixed triggers":                  {func() error { return edge.Add(time.Second) }, ErrTriggersMixed, "add descriptor"},
			"priority too high":               {func() error { return active.SetPriority(2) }, ErrPriority, "SetPriority(2)"},
			"priority below 0":                {func() error { return pending.SetPriority(-1) }, ErrPriority, "descriptor"},
		} {
			before := dump(b)
			err := refused.call()
			if !errors.Is(err, refused.want) || !strings.Contains(err.Error(), refused.says) {
				t.Errorf("%s: %v, want %v and %q", name, err, refused.want, refused.says)
			}
			if after := dump(b); after != before {
				t.Errorf("%s has changed the base from\n%sto\n%s", name, before, after)
			}
		}
		if edge.Pending(Read | Timeout) {
			t.Error("the refused event is pending")
		}
		equal(t, "timeout of the pending event", pending.interval, time.Minute)
		check(t, signal.Del())
	}, WithPriorities(2))
}

// closedNumber is a number that names nothing.
func closedNumber(t *testing.T) int {
	fd, err := unix.Dup(0)
	check(t, err)
	check(t, unix.Close(fd))
	return fd
}

// A base that is closed says so, whatever is asked of it, and events that are left over are harmless.
func TestClosedBase(t *testing.T) {
	for _, method := range backend.Methods() {
		t.Run(method, func(t *testing.T) {
			a, _ := pair(t)
			b, err := New(WithBackend(method), WithoutEnv())
			check(t, err)
			event := b.NewEvent(a, Read|Persist, func(What) { t.Error("called") })
			check(t, event.Add(time.Hour))
			check(t, b.Close())
			before := dump(b)
			_, loopErr := b.Loop(0)
			_, listenErr := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
			for name, err := range map[string]error{
				"Add": event.Add(0), "Once": b.Once(-1, 0, 0, func(What) {}), "Post": b.Post(func() {}), "Loop": loopErr, "Listen": listenErr,
				"SetBase": newBase(t).NewTimer(func() {}).SetBase(b),
			} {
				if !errors.Is(err, ErrClosed) {
					t.Errorf("%s: %v, want ErrClosed", name, err)
				}
			}
			event.Active(Read)
			event.RemoveTimer()
			check(t, event.Del())
			equal(t, "pending", event.Pending(Read|Timeout), false)
			equal(t, "dump", dump(b), before)
		})
	}
}

// A base cannot be closed by its own callbacks; it goes on.
func TestCloseWhileLooping(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var closing error
		called := false
		check(t, b.NewTimer(func() { called = true }).Add(0))
		check(t, b.Post(func() { closing = b.Close() }))
		loop(t, b, 0, Empty)
		if !errors.Is(closing, ErrLooping) || !called {
			t.Errorf("Close: %v, want ErrLooping; the timer was called: %v", closing, called)
		}
	})
}

// Options that make no sense are errors of New, all of them at once.
func TestBadOptions(t *testing.T) {
	_, err := New(WithPriorities(0), WithPatience(0), WithTurnLimit(-1, 0, 0), WithChunkBytes(-1))
	if !errors.Is(err, ErrPriority) {
		t.Fatalf("%v, want ErrPriority among others", err)
	}
	for _, want := range []string{"WithPriorities(0)", "WithPatience(0)", "WithTurnLimit(-1, 0s, 0)", "WithChunkBytes(-1)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if _, err := New(WithPriorities(256)); !errors.Is(err, ErrPriority) {
		t.Errorf("256 priorities: %v", err)
	}
}

// A number that is no descriptor costs no memory, also if the bufferevent on it was to be flushed and closed.
func TestWildDescriptorIsFlushedAndClosed(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev := b.NewBufferEvent(1 << 22)
		bev.Write([]byte("hello"))
		bev.CloseAfterFlush()
		turns(t, b, 2)
		equal(t, "closed", bev.Closed(), true)
		if b.completion != nil {
			equal(t, "room for a million connections", len(b.completion.connections) > 1<<20, false)
		}
	})
}
