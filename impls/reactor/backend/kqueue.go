//go:build unix

package backend

import (
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kqueue keeps the interest in the kernel, as epoll does, but by direction: a registration is the pair (descriptor, filter), and a
// descriptor that is both readable and writable is two events. Closing a descriptor removes its registrations, whatever
// duplicates it has.
//
// Changes are made at once, not gathered and handed in with the next wait, for which kevent has room: Set has to say whether
// this descriptor is refused or replaced. An interest changes seldom, bufferevents write first, so little is lost.
//
// This file knows no system: it is the logic over kernelQueue, and compiles everywhere. On Linux the suite runs it over a model of kevent
// (kevent_model_test.go), and on macOS over the real one (kqueue_bsd.go); on the BSDs it has only been compiled.
type kqueue struct {
	kernel  kernelQueue
	owners  []kqueueOwner // by descriptor
	changes []kevent      // what Set hands in
	events  []kevent      // what the kernel fills; grows to the longest ready slice seen
	timeslice
}

// A kqueueOwner is what comes back with an event. The kernel would carry one word for us, udata; but package unix declares it as
// a pointer, and a token that looks like an address into the heap is an error to the garbage collector. Nothing is lost by
// a table: an event that is still in the kernel dies with its descriptor.
type kqueueOwner struct {
	token Token
	what  What
	place int32 // in the ready slice of the last Wait that reported it
}

// kernelQueue is what is needed of the system.
type kernelQueue interface {
	// kevent makes the changes in turn, then waits for events if there is room for any. A change that fails ends the call
	// with its error if there is no such room; the changes before it have been made.
	kevent(changes, events []kevent, timeout time.Duration) (int, error)
	close() error
}

// A kevent is a struct kevent: in a change what to wait for, in an event what has come.
type kevent struct {
	descriptor int
	filter     filter
	flags      uint16
	fflags     uint32 // in a change noteLowWater, in an event with evEOF the pending error of the socket
	data       int64
}

// A filter is a direction. The systems number them differently.
type filter uint8

const (
	readFilter filter = iota
	writeFilter
)

// The flags have the same values on all systems; kqueue_bsd.go makes the compiler check it.
const (
	evAdd        = 0x0001 // register; once more is no error
	evDelete     = 0x0002
	evEnable     = 0x0004 // of itself registers nothing: ENOENT if nothing is registered
	evClear      = 0x0020 // edge: report once for each time that something arrives
	evEOF        = 0x8000 // nothing more will come (read), or can be sent (write)
	noteLowWater = 0x0001 // read: report only with this many bytes, or at the end
)

var _ Backend = (*kqueue)(nil)

func (k *kqueue) Name() string       { return "kqueue" }
func (k *kqueue) Features() Features { return EdgeTriggered | ConstantTime | EarlyClose }
func (k *kqueue) Close() error       { return os.NewSyscallError("close", k.kernel.close()) }

func (k *kqueue) Set(fd int, token Token, old, new What) error {
	switch old, new = old&(Interest|ET), new&(Interest|ET); {
	case old&Interest == 0 && new&Interest == 0:
		return nil
	case old&Interest == 0:
		return k.add(fd, token, new)
	case new&Interest == 0:
		return k.remove(fd, old)
	default:
		return k.modify(fd, token, old, new)
	}
}

// add refuses first what kqueue would watch in ways of its own: a regular file is ready for as long as it is not read to its end.
func (k *kqueue) add(fd int, token Token, what What) error {
	if _, err := identify(fd); err != nil {
		return changeError("add", fd, err)
	}
	if err := k.change(fd, 0, what); err != nil {
		k.undo(fd, 0, what)
		return changeError("add", fd, err)
	}
	for fd >= len(k.owners) {
		k.owners = append(k.owners, make([]kqueueOwner, max(64, len(k.owners)))...)
	}
	k.owners[fd] = kqueueOwner{token: token, what: what}
	return nil
}

func (k *kqueue) modify(fd int, token Token, old, new What) error {
	err := k.change(fd, old, new)
	if err == unix.ENOENT || err == unix.EBADF {
		return ErrReplaced // the first change found nothing, so that none was made
	}
	if err != nil {
		k.undo(fd, old, new)
		return changeError("modify", fd, err)
	}
	k.owners[fd] = kqueueOwner{token: token, what: new}
	return nil
}

// remove does not mind if there is nothing to remove: closing the descriptor has done it, of both filters.
func (k *kqueue) remove(fd int, old What) error {
	err := k.change(fd, old, 0)
	if err == unix.ENOENT || err == unix.EBADF {
		return nil
	}
	return changeError("remove", fd, err)
}

func changeError(verb string, fd int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("kevent %s descriptor %d: %w", verb, fd, err)
}

// change goes from old to new by one call, which ends at the first change that fails.
//
// It begins by enabling what is enabled already. That does nothing but fail with ENOENT where the registration is gone,
// before anything else was changed: adding it would hide that the number names another file. An edge is reported
// anew by it, as by EPOLL_CTL_MOD.
func (k *kqueue) change(fd int, old, new What) error {
	k.changes = k.changes[:0]
	for f := readFilter; f <= writeFilter; f++ {
		if was := registration(fd, f, old); was.flags != 0 && new != 0 {
			was.flags = evEnable
			k.changes = append(k.changes, was)
		}
	}
	for f := readFilter; f <= writeFilter; f++ {
		was, is := registration(fd, f, old), registration(fd, f, new)
		if was == is {
			continue
		}
		if was.flags != 0 { // also where it stays in another way: adding it again may not change its flags
			k.changes = append(k.changes, kevent{descriptor: fd, filter: f, flags: evDelete})
		}
		if is.flags != 0 {
			k.changes = append(k.changes, is)
		}
	}
	_, err := k.kernel.kevent(k.changes, nil, 0)
	return err
}

// undo restores old after a change to new that failed somewhere, one by one because what was not made cannot be unmade.
func (k *kqueue) undo(fd int, old, new What) {
	for f := readFilter; f <= writeFilter; f++ {
		was, is := registration(fd, f, old), registration(fd, f, new)
		if was == is {
			continue
		}
		k.changes = append(k.changes[:0], kevent{descriptor: fd, filter: f, flags: evDelete})
		k.kernel.kevent(k.changes, nil, 0)
		if was.flags != 0 {
			k.changes[0] = was
			k.kernel.kevent(k.changes, nil, 0)
		}
	}
}

// registration is the change that adds what of fd to filter f; its flags are 0 if there is nothing to add.
//
// Closed alone waits for more bytes than ever come, and so for the end only. (That is for sockets; macOS cuts
// it down to the size of the receive buffer, and the BSDs ignore it on pipes: there it comes early, as Read.)
func registration(fd int, f filter, what What) kevent {
	r := kevent{descriptor: fd, filter: f, flags: evAdd}
	if what.Has(ET) {
		r.flags |= evClear
	}
	switch {
	case f == readFilter && what.Has(Read), f == writeFilter && what.Has(Write):
		return r
	case f == readFilter && what.Has(Closed):
		r.fflags, r.data = noteLowWater, math.MaxInt32
		return r
	default:
		return kevent{}
	}
}

// Wait reports a descriptor once, though the kernel does it for each direction: whoever waits on it can then be called in an order that
// does not depend on the direction. Only where ready is full may the other direction come with the next call.
//
// It does not ask without blocking first, as epoll does: package unix has no kevent that leaves out the scheduler.
func (k *kqueue) Wait(ready []Ready, timeout time.Duration) (int, error) {
	if len(k.events) < len(ready) {
		k.events = make([]kevent, len(ready))
	}
	if timeout != 0 {
		k.yieldWhenDue()
	}
	n, err := k.kernel.kevent(nil, k.events[:len(ready)], kernelTimeout(timeout))
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, os.NewSyscallError("kevent", err)
	}
	told := 0
	for i := range n {
		e := &k.events[i]
		owner := &k.owners[e.descriptor]
		what := e.what(owner.what)
		if at := int(owner.place); at < told && ready[at].Token == owner.token {
			ready[at].What |= what
			continue
		}
		ready[told] = Ready{Token: owner.token, What: what}
		owner.place = int32(told)
		told++
	}
	return told, nil
}

// what says in the contract's words what e means to one who asked for asked.
func (e *kevent) what(asked What) What {
	ended := e.flags&evEOF != 0
	switch {
	case ended && e.fflags != 0: // by an error, such as a reset
		return Read | Write | Closed
	case e.filter == writeFilter:
		return Write
	case ended:
		return Read | Closed&asked
	default:
		return Read
	}
}
