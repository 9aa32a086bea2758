package backend

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// AddKqueueModel adds kqueue to [Methods], last, over a model of kevent in place of a kernel: so that tests on Linux run what the BSDs
// and macOS run, but for the glue. It is for tests alone, and to be called before any other use of the package.
func AddKqueueModel() {
	methods = append(methods, method{"kqueue", func() (Backend, error) {
		return &kqueue{kernel: &keventModel{}}, nil
	}})
}

// keventModel is kevent by its manual pages. What it says of itself stands in kevent_model_test.go.
//
// It keeps the registrations and finds out about the real descriptors by poll. Two things it sees only when called, where a kernel
// sees them happen: that a descriptor was closed (its number names no file then, or another), and that something has
// arrived (there is more than there was at the last call).
type keventModel struct {
	notes []knote // in the order of the kernel's queue: what was reported goes to the end
	told  []knote // scratch of scan
	polls []unix.PollFd
}

// What the model has and kqueue.go does not use.
const (
	evDisable = 0x0008
	evReceipt = 0x0040 // report the change even if it succeeds
	evError   = 0x4000 // this event is the outcome of a change
)

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
