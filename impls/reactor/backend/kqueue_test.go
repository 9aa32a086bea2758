//go:build linux

package backend

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What only the logic of kqueue has, beyond the suite: several changes for one Set, and the way back.

// refusing is a kernel that does not add the write filter.
type refusing struct{ keventModel }

func (r *refusing) kevent(changes, events []kevent, timeout time.Duration) (int, error) {
	for i, c := range changes {
		if c.filter == writeFilter && c.flags&evAdd != 0 {
			r.keventModel.kevent(changes[:i], nil, 0)
			return 0, unix.ENOMEM
		}
	}
	return r.keventModel.kevent(changes, events, timeout)
}

func TestKqueueGoesBackAfterARefusal(test *testing.T) {
	t := newModelTest(test)
	kernel := &refusing{}
	k := &kqueue{kernel: kernel}
	unix.Write(t.b, []byte("x"))
	if err := k.Set(t.a, 1, 0, Read|Write); !errors.Is(err, unix.ENOMEM) || len(kernel.notes) != 0 {
		t.Fatalf("adding both: %v, and %d are left", err, len(kernel.notes))
	}
	if err := k.Set(t.a, 1, 0, Read); err != nil {
		t.Fatal(err)
	}
	if err := k.Set(t.a, 2, Read, Closed|Write|ET); !errors.Is(err, unix.ENOMEM) {
		t.Fatalf("changing: %v", err)
	}
	ready := make([]Ready, 4)
	for range 2 { // a level again, not an edge
		if n, err := k.Wait(ready, 0); n != 1 || err != nil || ready[0] != (Ready{Token: 1, What: Read}) {
			t.Fatalf("%+v, %v", ready[:n], err)
		}
	}
}

// Level to edge and back: adding again would leave the flags as they were.
func TestKqueueChangesTrigger(test *testing.T) {
	t := newModelTest(test)
	k := &kqueue{kernel: &keventModel{}}
	unix.Write(t.b, []byte("x"))
	ready := make([]Ready, 4)
	times := func() (n int) {
		for range 3 {
			got, _ := k.Wait(ready, 0)
			n += got
		}
		return n
	}
	for _, step := range []struct {
		old, new What
		told     int
	}{{0, Read, 3}, {Read, Read | ET, 1}, {Read | ET, Read, 3}, {Read, Read | Write | ET, 1}, {Read | Write | ET, Write, 3}} {
		if err := k.Set(t.a, 1, step.old, step.new); err != nil {
			t.Fatal(err)
		}
		if n := times(); n != step.told {
			t.Fatalf("from %v to %v: told %d times, want %d", step.old, step.new, n, step.told)
		}
	}
}

// What is ready in both directions is told as one, as far as there is room.
func TestKqueueTellsDirectionsAsOne(test *testing.T) {
	t := newModelTest(test)
	k := &kqueue{kernel: &keventModel{}}
	unix.Write(t.b, []byte("x"))
	for token, fd := range []int{t.b, t.a} {
		if err := k.Set(fd, Token(token), 0, Read|Write); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		ready := make([]Ready, 4)
		n, err := k.Wait(ready, 0)
		if n != 2 || err != nil || ready[0].What|ready[1].What != Read|Write || ready[0].What&ready[1].What != Write {
			t.Fatalf("%+v, %v", ready[:n], err)
		}
	}
	told := map[Token]What{}
	for range 3 {
		ready := make([]Ready, 1)
		if n, err := k.Wait(ready, 0); n != 1 || err != nil {
			t.Fatalf("%+v, %v", ready[:n], err)
		}
		told[ready[0].Token] |= ready[0].What
	}
	if told[0] != Write || told[1] != Read|Write {
		t.Fatalf("one at a time: %v", told)
	}
}

// Closed goes only to who asked, unless an error comes with it.
func TestKqueueWords(t *testing.T) {
	for _, c := range []struct {
		event kevent
		asked What
		want  What
	}{
		{kevent{}, Read | Closed, Read},
		{kevent{flags: evEOF}, Read, Read},
		{kevent{flags: evEOF}, Read | Closed, Read | Closed},
		{kevent{flags: evEOF, fflags: 1}, Read, Read | Write | Closed},
		{kevent{filter: writeFilter}, Write, Write},
		{kevent{filter: writeFilter, flags: evEOF}, Write, Write},
		{kevent{filter: writeFilter, flags: evEOF, fflags: 1}, Write, Read | Write | Closed},
	} {
		if got := c.event.what(c.asked); got != c.want {
			t.Errorf("%+v asked for %v: %v, want %v", c.event, c.asked, got, c.want)
		}
	}
}

// patient notes how long it is asked to wait, and does not.
type patient struct {
	keventModel
	asked time.Duration
}

func (p *patient) kevent(changes, events []kevent, timeout time.Duration) (int, error) {
	p.asked = timeout
	return p.keventModel.kevent(changes, events, 0)
}

func TestKqueueBoundsItsTimeout(t *testing.T) {
	kernel := &patient{}
	k := &kqueue{kernel: kernel}
	for timeout, want := range map[time.Duration]time.Duration{-1: -1, time.Hour: time.Hour, 1<<63 - 1: longestWait} {
		if _, err := k.Wait(make([]Ready, 1), timeout); err != nil || kernel.asked != want {
			t.Errorf("a wait of %v asked for %v, %v", timeout, kernel.asked, err)
		}
	}
}
