//go:build linux

package backend

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A model of kevent, by its manual pages, so that the logic of kqueue.go can be tested where there is no kqueue: on Linux the tests
// have one method more. What the model says of itself is at the end of this file.
//
// It keeps the registrations and finds out about the real descriptors by poll. Two things it sees only when called, where a kernel
// sees them happen: that a descriptor was closed (its number names no file then, or another), and that something has
// arrived (there is more than there was at the last call).
func init() {
	methods = append(methods, method{"kqueue", func() (Backend, error) {
		return &kqueue{kernel: &keventModel{}}, nil
	}})
}

// What the model has and kqueue.go does not use.
const (
	evDisable = 0x0008
	evReceipt = 0x0040 // report the change even if it succeeds
	evError   = 0x4000 // this event is the outcome of a change
)

type keventModel struct {
	notes []knote // in the order of the kernel's queue: what was reported goes to the end
	told  []knote // scratch of scan
	polls []unix.PollFd
}

// A knote is a registration, called as the kernels call it.
type knote struct {
	kevent
	file     fileID
	disabled bool
	seen     int64 // how much there was when last looked at; only more than that is an edge
}

func (m *keventModel) close() error { return nil }

func (m *keventModel) kevent(changes, events []kevent, timeout time.Duration) (int, error) {
	n := 0
	for _, c := range changes {
		errno := m.change(c)
		if errno != 0 && n == len(events) {
			return 0, errno
		}
		if errno != 0 || c.flags&evReceipt != 0 && n < len(events) {
			events[n] = kevent{descriptor: c.descriptor, filter: c.filter, flags: evError, data: int64(errno)}
			n++
		}
	}
	if n > 0 || len(events) == 0 {
		return n, nil
	}
	return m.wait(events, timeout)
}

func (m *keventModel) change(c kevent) unix.Errno {
	file, err := identify(c.descriptor)
	m.notes = slices.DeleteFunc(m.notes, func(k knote) bool { return k.descriptor == c.descriptor && (err != nil || k.file != file) })
	if err != nil {
		return unix.EBADF
	}
	at := slices.IndexFunc(m.notes, func(k knote) bool { return k.descriptor == c.descriptor && k.filter == c.filter })
	if at < 0 && c.flags&evAdd == 0 {
		return unix.ENOENT
	}
	if c.flags&evDelete != 0 {
		m.notes = slices.Delete(m.notes, at, at+1)
		return 0
	}
	if at < 0 {
		at = len(m.notes)
		m.notes = append(m.notes, knote{kevent: c, file: file})
	}
	k := &m.notes[at]
	k.fflags, k.data, k.seen = c.fflags, c.data, 0
	k.disabled = c.flags&evDisable != 0 || k.disabled && c.flags&evEnable == 0
	return 0
}

// wait looks again each millisecond where poll would return at once for something that is not to be reported.
func (m *keventModel) wait(events []kevent, timeout time.Duration) (int, error) {
	deadline := time.Now().Add(timeout)
	for {
		left := timeout
		if timeout > 0 {
			left = max(0, time.Until(deadline))
		}
		count, err := m.poll(left)
		if err != nil {
			return 0, err
		}
		if n := m.scan(events); n > 0 || timeout == 0 || timeout > 0 && !time.Now().Before(deadline) {
			return n, nil
		}
		if count > 0 {
			if _, err := unix.Poll(nil, 1); err != nil {
				return 0, err
			}
		}
	}
}

func (m *keventModel) poll(timeout time.Duration) (int, error) {
	m.notes = slices.DeleteFunc(m.notes, func(k knote) bool {
		file, err := identify(k.descriptor)
		return err != nil || k.file != file
	})
	m.polls = m.polls[:0]
	for _, k := range m.notes {
		p := unix.PollFd{Fd: int32(k.descriptor), Events: unix.POLLIN | unix.POLLRDHUP}
		if k.filter == writeFilter {
			p.Events = unix.POLLOUT
		}
		m.polls = append(m.polls, p)
	}
	return waitPoll(m.polls, timeout)
}

// scan reports what is ready as far as there is room, and moves it to the end of the queue.
func (m *keventModel) scan(events []kevent) (n int) {
	m.told = m.told[:0]
	rest := m.notes[:0]
	for i, k := range m.notes {
		event, amount := k.look(m.polls[i].Revents)
		edge := amount > k.seen
		if n == len(events) || amount == 0 || k.disabled || k.flags&evClear != 0 && !edge {
			k.seen = min(k.seen, amount)
			rest = append(rest, k)
			continue
		}
		k.seen = amount
		m.told = append(m.told, k)
		events[n] = event
		n++
	}
	m.notes = append(rest, m.told...)
	return n
}

// atEnd is more than any amount of bytes.
const atEnd = 1 << 40

// look makes an event of what poll says, and says how much there is of it: bytes, or just 1.
func (k *knote) look(revents int16) (event kevent, amount int64) {
	event = kevent{descriptor: k.descriptor, filter: k.filter}
	ending := int16(unix.POLLHUP | unix.POLLERR)
	if k.filter == readFilter {
		ending |= unix.POLLRDHUP
	}
	if revents&(unix.POLLIN|unix.POLLOUT) != 0 {
		amount = 1
	}
	if bytes, err := unix.IoctlGetInt(k.descriptor, unix.TIOCINQ); k.filter == readFilter && amount > 0 && err == nil {
		amount = int64(bytes)
	}
	if k.fflags&noteLowWater != 0 && amount < k.data {
		amount = 0
	}
	if revents&ending != 0 {
		event.flags |= evEOF
		amount += atEnd
	}
	if revents&unix.POLLERR != 0 {
		event.fflags = uint32(unix.ECONNRESET) // some error: to ask which would take it away
	}
	return event, amount
}

// From here on: what the manual pages say, of the model.

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
