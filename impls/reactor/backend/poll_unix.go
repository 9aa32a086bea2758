//go:build unix

package backend

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll hands the kernel its whole list of descriptors at each wait and walks over it afterwards.
//
// The list is dense, because the kernel reads all of it: a removal moves the last descriptor into the gap, and an index
// from the descriptor to its place makes that a constant-time affair.
type poll struct {
	list   []unix.PollFd
	owners pages[pollOwner] // the one at i belongs to list[i]
	place  pages[int32]     // descriptor -> its index in list, plus one; 0 is none
	first  int              // where the next walk begins, so that nobody is always last
	eager  eagerness
	timeslice
}

// A pollOwner is what the kernel's list has no room for.
type pollOwner struct {
	token Token
	file  fileID
}

// A fileID tells two files apart that had the same number one after the other: poll itself knows only numbers.
// Sockets and pipes have one of their own each; the kinds of file that Linux makes of its anonymous inode (eventfd and
// its like) share one, and go unnoticed when they replace each other.
type fileID struct{ device, inode uint64 }

var _ Backend = (*poll)(nil)

func openPoll() (Backend, error) { return &poll{}, nil }

func (p *poll) Name() string { return "poll" }
func (p *poll) Close() error { return nil }

func (p *poll) Features() Features {
	if pollReadHangup != 0 {
		return EarlyClose
	}
	return 0
}

func (p *poll) Set(fd int, token Token, old, new What) error {
	switch old, new = old&Interest, new&Interest; {
	case old == 0 && new == 0:
		return nil
	case old == 0:
		return p.add(fd, token, new)
	case new == 0:
		p.remove(fd)
		return nil
	default:
		return p.modify(fd, token, new)
	}
}

func (p *poll) add(fd int, token Token, what What) error {
	file, err := identify(fd)
	if err != nil {
		return fmt.Errorf("poll add descriptor %d: %w", fd, err)
	}
	p.remove(fd) // whatever had this number before is gone
	p.place.grow(fd)
	p.owners.grow(len(p.list))
	*p.owners.at(len(p.list)) = pollOwner{token, file}
	p.list = append(p.list, unix.PollFd{Fd: int32(fd), Events: pollMask(what)})
	*p.place.at(fd) = int32(len(p.list))
	return nil
}

func (p *poll) modify(fd int, token Token, what What) error {
	at := p.find(fd)
	if at < 0 {
		return ErrReplaced
	}
	if file, err := identify(fd); err != nil || file != p.owners.at(at).file {
		return ErrReplaced
	}
	p.list[at].Events = pollMask(what)
	p.owners.at(at).token = token
	return nil
}

// remove moves the last descriptor into the place that becomes free.
func (p *poll) remove(fd int) {
	at := p.find(fd)
	if at < 0 {
		return
	}
	last := len(p.list) - 1
	p.list[at], *p.owners.at(at) = p.list[last], *p.owners.at(last)
	*p.place.at(int(p.list[at].Fd)) = int32(at + 1)
	*p.place.at(fd) = 0
	p.list = p.list[:last]
}

func (p *poll) find(fd int) int {
	if fd >= p.place.len() {
		return -1
	}
	return int(*p.place.at(fd)) - 1
}

// identify refuses what poll would call always ready, as epoll does.
func identify(fd int) (fileID, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fileID{}, err
	}
	if kind := stat.Mode & unix.S_IFMT; kind == unix.S_IFREG || kind == unix.S_IFDIR {
		return fileID{}, unix.EPERM
	}
	return fileID{uint64(stat.Dev), uint64(stat.Ino)}, nil
}

// Wait walks over the list from where the last walk ended, until ready is full or all that the kernel counted are found.
func (p *poll) Wait(ready []Ready, timeout time.Duration) (int, error) {
	count, err := p.eager.wait(timeout, func(limit time.Duration) (int, error) {
		if limit != 0 {
			p.yieldWhenDue()
		}
		return waitPoll(p.list, limit)
	})
	if err == unix.EINTR || count == 0 && err == nil {
		return 0, nil
	}
	if err != nil {
		return 0, os.NewSyscallError("poll", err)
	}

	if p.first >= len(p.list) {
		p.first = 0
	}
	w := pollWalk{ready: ready, left: count}
	first := p.first
	p.walk(&w, first, len(p.list))
	p.walk(&w, 0, first)
	if w.closed {
		p.forgetClosed()
	}
	return w.n, nil
}

// A pollWalk is how far a walk over the list has come.
type pollWalk struct {
	ready  []Ready
	n      int  // of ready, those that are filled in
	left   int  // of what the kernel counted, those that are not found yet
	closed bool // something was closed while registered
}

func (w *pollWalk) over() bool { return w.left == 0 || w.n == len(w.ready) }

// told are the bits of an entry that are Revents, wherever this machine has them in its word.
var told = *(*uint64)(unsafe.Pointer(&[1]unix.PollFd{{Revents: -1}}))

// walk looks at a part of the list, and notes where it ended. Most descriptors have nothing to tell: four of those at once cost as much as
// one would.
func (p *poll) walk(w *pollWalk, from, to int) {
	if w.over() {
		return
	}
	told := told
	list := p.list[from:to]
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(list))), len(list))
	for len(words) >= 4 {
		if (words[0]|words[1]|words[2]|words[3])&told != 0 && p.note(w, to-len(words), words[:4]) {
			return
		}
		words = words[4:]
	}
	p.note(w, to-len(words), words)
}

// note takes over what the entries from a place on have to tell, and reports whether the walk is over.
func (p *poll) note(w *pollWalk, from int, words []uint64) bool {
	told := told
	for i, word := range words {
		if word&told == 0 {
			continue
		}
		at := from + i
		p.first = at + 1
		w.left--
		if revents := p.list[at].Revents; revents&unix.POLLNVAL != 0 {
			w.closed = true
		} else {
			w.ready[w.n] = Ready{Token: p.owners.at(at).token, What: pollWhat(revents)}
			w.n++
		}
		if w.over() {
			return true
		}
	}
	return false
}

// forgetClosed drops what was closed while registered, as the kernel does for epoll; it would end every wait at once.
// Backwards, so that what remove moves has been looked at.
func (p *poll) forgetClosed() {
	for i := len(p.list) - 1; i >= 0; i-- {
		if p.list[i].Revents&unix.POLLNVAL != 0 {
			p.remove(int(p.list[i].Fd))
		}
	}
}

func pollMask(what What) (mask int16) {
	if what.Has(Read) {
		mask |= unix.POLLIN
	}
	if what.Has(Write) {
		mask |= unix.POLLOUT
	}
	if what.Has(Closed) {
		mask |= pollReadHangup
	}
	return mask
}

func pollWhat(mask int16) (what What) {
	if mask&(unix.POLLERR|unix.POLLHUP) != 0 {
		return Read | Write | Closed
	}
	if mask&unix.POLLIN != 0 {
		what |= Read
	}
	if mask&unix.POLLOUT != 0 {
		what |= Write
	}
	if mask&pollReadHangup != 0 {
		what |= Closed
	}
	return what
}
