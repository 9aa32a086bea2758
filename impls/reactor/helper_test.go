package reactor

import (
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// soon bounds what must come: a hung test ends, and a slow machine does not fail.
const soon = 30 * time.Second

// onEveryMethod runs the test once for each backend of this system.
func onEveryMethod(t *testing.T, test func(t *testing.T, b *Base), options ...Option) {
	t.Helper()
	for _, method := range backend.Methods() {
		t.Run(method, func(t *testing.T) { test(t, newBase(t, append(options, WithBackend(method))...)) })
	}
}

func newBase(t testing.TB, options ...Option) *Base {
	t.Helper()
	b, err := New(append(options, WithoutEnv())...)
	if errors.Is(err, backend.ErrUnavailable) {
		t.Skip(err)
	}
	check(t, err)
	if b.Features().Has(backend.OneThread) { // so that what a test has done is known to the very next pass
		runtime.LockOSThread()
		t.Cleanup(runtime.UnlockOSThread)
	}
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

// virtualTime is a clock that stands still while callbacks run and jumps where the loop would sleep: real descriptors, no waiting, exact times.
//
// Over unix sockets a write has woken the other end when it returns, so a look without waiting finds all there is. A ring may be later: the
// kernel can hand a piece of work to a thread of its own. Time does not jump while something is under way that could go on.
type virtualTime struct {
	backend.Backend
	now   moment
	waits int // calls of Wait
	idle  int // of these, such as reported nothing
	late  time.Duration
	base  *Base

	whileAway func() // what happens during the next sleep; the loop hears of it after the next one
}

func (v *virtualTime) pass(d time.Duration) { v.now += moment(d) }

func (v *virtualTime) Wait(ready []backend.Ready, timeout time.Duration) (int, error) {
	v.waits++
	n, err := v.Backend.Wait(ready, 0)
	if n == 0 && err == nil && timeout < 0 {
		n, err = v.Backend.Wait(ready, soon)
	}
	for begun := time.Now(); n == 0 && err == nil && timeout > 0 && v.base.completion.goesOn(); {
		if time.Since(begun) > soon {
			panic("a socket is ready, and the ring does not report what was to be done with it")
		}
		n, err = v.Backend.Wait(ready, soon)
	}
	if n == 0 && timeout > 0 {
		v.pass(timeout + v.late)
		if happens := v.whileAway; happens != nil {
			v.whileAway = nil
			happens()
		}
	}
	if n == 0 {
		v.idle++
	}
	return n, err
}

// goesOn reports whether a socket is ready for what is under way on it, so that its end will be told without anybody's doing.
func (s *completion) goesOn() bool {
	if s == nil {
		return false
	}
	var sockets []unix.PollFd
	for fd, c := range s.connections {
		wanted := unix.PollFd{Fd: int32(fd)}
		if c != nil && c.receive.UnderWay() {
			wanted.Events |= unix.POLLIN
		}
		if c != nil && c.flight != nil && c.flight.op.UnderWay() {
			wanted.Events |= unix.POLLOUT
		}
		if wanted.Events != 0 {
			sockets = append(sockets, wanted)
		}
	}
	n, err := unix.Poll(sockets, 0)
	return n > 0 || err == unix.EINTR
}

// virtualProactor is virtualTime around a backend that does more than wait.
type virtualProactor struct {
	backend.Proactor
	time *virtualTime
}

func (v virtualProactor) Wait(ready []backend.Ready, timeout time.Duration) (int, error) {
	return v.time.Wait(ready, timeout)
}

// inVirtualTime runs the test on each backend, with a clock of the test's own.
func inVirtualTime(t *testing.T, test func(t *testing.T, b *Base, v *virtualTime), options ...Option) {
	t.Helper()
	for _, method := range backend.Methods() {
		t.Run(method, func(t *testing.T) {
			v := &virtualTime{now: 1}
			inject := func(c *config) {
				c.clock = func() moment { return v.now }
				c.inject = func() (backend.Backend, error) {
					inner, err := backend.Open(method)
					v.Backend = inner
					if ring, ok := inner.(backend.Proactor); ok {
						return virtualProactor{ring, v}, err
					}
					return v, err
				}
			}
			v.base = newBase(t, append(options, inject)...)
			test(t, v.base, v)
		})
	}
}

// pair returns two connected non-blocking unix sockets, closed with the test. Between these, what is written can be read at once.
func pair(t testing.TB) (int, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	for _, fd := range fds {
		check(t, unix.SetNonblock(fd, true))
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

func write(t testing.TB, fd int, text string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(text)); n != len(text) {
		t.Fatalf("writing %q: %d, %v", text, n, err)
	}
}

func read(t testing.TB, fd int) string {
	t.Helper()
	p := make([]byte, 1<<16)
	n, err := unix.Read(fd, p)
	if err != nil {
		t.Fatalf("reading descriptor %d: %v", fd, err)
	}
	return string(p[:n])
}

// drain reads all that is there.
func drain(fd int) (n int) {
	p := make([]byte, 1<<16)
	for {
		got, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT) // whatever the mode of the descriptor
		if err != nil || got <= 0 {
			return n
		}
		n += got
	}
}

// content is all that can be read.
func content(fd int) (text string) {
	p := make([]byte, 1<<16)
	for {
		got, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
		if err != nil || got <= 0 {
			return text
		}
		text += string(p[:got])
	}
}

// fill writes until the kernel takes no more.
func fill(fd int) (n int) {
	p := make([]byte, 1<<16)
	for {
		put, err := unix.SendmsgN(fd, p, nil, nil, unix.MSG_DONTWAIT) // whatever the mode of the descriptor
		if err != nil {
			return n
		}
		n += put
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loop makes the loop end as wanted.
func loop(t testing.TB, b *Base, flags Flags, want End) {
	t.Helper()
	if flags&NonBlock == 0 {
		guard := b.NewTimer(func() { panic("the loop did not end") })
		guard.marks |= internal
		check(t, guard.Add(10*soon))
		defer guard.Del()
	}
	end, err := b.Loop(flags)
	if end != want || err != nil {
		t.Fatalf("the loop ended %v, %v; want %v", end, err, want)
	}
}

// turns makes n passes, or fewer if nothing is left to wait for.
func turns(t testing.TB, b *Base, n int) {
	t.Helper()
	for range n {
		if end, err := b.Loop(NonBlock); err != nil || end != Passed && end != Empty {
			t.Fatalf("the pass ended %v, %v", end, err)
		}
	}
}

func same[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// seeded returns a generator whose seed the test prints; REACTOR_SEED repeats a run.
func seeded(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("REACTOR_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("REACTOR_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// goroutinesEnd waits until there are no more goroutines than before: one that was told to end has still to do so.
func goroutinesEnd(t testing.TB, before int) {
	t.Helper()
	for deadline := time.Now().Add(soon); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}
