//go:build linux

package backend

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What the manual pages say, of the model. The suite of all methods runs over it too.

func init() { AddKqueueModel() }

type modelTest struct {
	*testing.T
	model keventModel
	a, b  int // a socketpair
}

func newModelTest(t *testing.T) *modelTest {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return &modelTest{T: t, a: fds[0], b: fds[1]}
}

// change makes one change that has to end with want.
func (t *modelTest) change(fd int, f filter, flags uint16, want error) {
	t.Helper()
	_, err := t.model.kevent([]kevent{{descriptor: fd, filter: f, flags: flags}}, nil, 0)
	if want == nil && err != nil || want != nil && err != want {
		t.Fatalf("descriptor %d, filter %d, flags %#x: %v, want %v", fd, f, flags, err, want)
	}
}

// ready returns what is ready now; at most room.
func (t *modelTest) ready(room int) []kevent {
	t.Helper()
	events := make([]kevent, room)
	n, err := t.model.kevent(nil, events, 0)
	if err != nil {
		t.Fatal(err)
	}
	return events[:n]
}

func (t *modelTest) expectReady(n int) {
	t.Helper()
	if got := t.ready(8); len(got) != n {
		t.Fatalf("%d ready, want %d: %+v", len(got), n, got)
	}
}

func TestModelRefusesWhatIsNotThere(test *testing.T) {
	t := newModelTest(test)
	t.change(t.a, readFilter, evEnable, unix.ENOENT)
	t.change(t.a, readFilter, evDelete, unix.ENOENT)
	t.change(1<<20, readFilter, evAdd, unix.EBADF)
	t.change(t.a, readFilter, evAdd, nil)
	t.change(t.a, writeFilter, evEnable, unix.ENOENT) // each filter by itself
	t.change(t.a, readFilter, evEnable, nil)
	t.change(t.a, readFilter, evDelete, nil)
	t.change(t.a, readFilter, evEnable, unix.ENOENT)
}

// Without room for events the first failure ends the call; with room it is an event, and the changes go on.
func TestModelFailureOfOneChange(test *testing.T) {
	t := newModelTest(test)
	changes := []kevent{
		{descriptor: t.a, filter: writeFilter, flags: evAdd},
		{descriptor: t.b, filter: readFilter, flags: evDelete},
		{descriptor: t.b, filter: writeFilter, flags: evAdd},
	}
	if _, err := t.model.kevent(changes, nil, 0); err != unix.ENOENT {
		t.Fatalf("%v, want ENOENT", err)
	}
	t.expectReady(1)
	events := make([]kevent, 8)
	n, err := t.model.kevent(changes, events, -1)
	if err != nil || n != 1 || events[0].flags != evError || events[0].data != int64(unix.ENOENT) || events[0].descriptor != t.b {
		t.Fatalf("%+v, %v", events[:n], err)
	}
	t.expectReady(2)
}

// A receipt is an error of 0, and with it nothing that is ready is reported.
func TestModelReceipt(test *testing.T) {
	t := newModelTest(test)
	t.change(t.a, writeFilter, evAdd, nil)
	events := make([]kevent, 8)
	n, err := t.model.kevent([]kevent{{descriptor: t.b, filter: writeFilter, flags: evAdd | evReceipt}}, events, -1)
	if err != nil || n != 1 || events[0].flags != evError || events[0].data != 0 {
		t.Fatalf("%+v, %v", events[:n], err)
	}
	t.expectReady(2)
}

func TestModelLevelAndEdge(test *testing.T) {
	t := newModelTest(test)
	t.change(t.a, readFilter, evAdd, nil)
	unix.Write(t.b, []byte("x"))
	t.expectReady(1)
	t.expectReady(1)
	t.change(t.a, readFilter, evDelete, nil)
	t.change(t.a, readFilter, evAdd|evClear, nil)
	t.expectReady(1)
	t.expectReady(0)
	unix.Write(t.b, []byte("x"))
	t.expectReady(1)
	t.expectReady(0)
	t.change(t.a, readFilter, evEnable, nil)
	t.expectReady(1)
	unix.Read(t.a, make([]byte, 8))
	t.expectReady(0)
	unix.Write(t.b, []byte("x"))
	t.expectReady(1)
	unix.Shutdown(t.b, unix.SHUT_WR)
	t.expectReady(1)
	t.expectReady(0)
}

func TestModelDisabledIsSilent(test *testing.T) {
	t := newModelTest(test)
	t.change(t.a, writeFilter, evAdd|evDisable, nil)
	t.expectReady(0)
	t.change(t.a, writeFilter, evAdd, nil)
	t.expectReady(0)
	t.change(t.a, writeFilter, evEnable, nil)
	t.expectReady(1)
}

// Adding again changes the parameters and not the flags, and does not make two of it.
func TestModelAddedTwice(test *testing.T) {
	t := newModelTest(test)
	unix.Write(t.b, []byte("x"))
	t.change(t.a, readFilter, evAdd, nil)
	t.change(t.a, readFilter, evAdd|evClear, nil)
	t.expectReady(1)
	t.expectReady(1)
	t.model.kevent([]kevent{{descriptor: t.a, filter: readFilter, flags: evAdd, fflags: noteLowWater, data: 2}}, nil, 0)
	t.expectReady(0)
	unix.Write(t.b, []byte("x"))
	t.expectReady(1)
}

// Closing removes the registrations of the number, whatever duplicates the file has.
func TestModelForgetsWhatIsClosed(test *testing.T) {
	t := newModelTest(test)
	twin, _ := unix.Dup(t.a)
	t.change(twin, writeFilter, evAdd, nil)
	t.expectReady(1)
	unix.Close(twin)
	t.expectReady(0)
	unix.Dup2(t.b, twin)
	defer unix.Close(twin)
	t.change(twin, writeFilter, evEnable, unix.ENOENT)
}

// The end of the stream is told while there is something left to read, and before that no low-water mark matters.
func TestModelEndOfStream(test *testing.T) {
	t := newModelTest(test)
	t.model.kevent([]kevent{{descriptor: t.a, filter: readFilter, flags: evAdd, fflags: noteLowWater, data: 1 << 20}}, nil, 0)
	t.change(t.a, writeFilter, evAdd, nil)
	unix.Write(t.b, []byte("x"))
	t.expectReady(1) // to write
	unix.Shutdown(t.b, unix.SHUT_WR)
	for _, e := range t.ready(8) {
		if ended := e.flags&evEOF != 0; ended != (e.filter == readFilter) || e.fflags != 0 {
			t.Fatalf("half-closed: %+v", e)
		}
	}
	unix.Shutdown(t.b, unix.SHUT_RD)
	for _, e := range t.ready(8) {
		if e.flags&evEOF == 0 {
			t.Fatalf("closed: %+v", e)
		}
	}
	t.expectReady(2)
}

func TestModelTakesTurns(test *testing.T) {
	t := newModelTest(test)
	t.change(t.a, writeFilter, evAdd, nil)
	t.change(t.b, writeFilter, evAdd, nil)
	for _, want := range []int{t.a, t.b, t.a} {
		if got := t.ready(1); got[0].descriptor != want {
			t.Fatalf("descriptor %d, want %d", got[0].descriptor, want)
		}
	}
}
