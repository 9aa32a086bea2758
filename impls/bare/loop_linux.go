package main

import (
	"fmt"
	"iter"
	"log"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readSize      = 64 << 10               // the same for every server of the comparison
	eventsPerWait = 1024                   // 12 KiB a loop; a busier turn is split in two
	drainTime     = 5 * time.Second        // what the server contract grants to clients that still read at SIGTERM
	silence       = 100 * time.Millisecond // after which nothing more is on its way to a loop that is stopping
	yieldAfter    = 5 * time.Millisecond   // half of what the scheduler grants
)

// A loop is one epoll instance and everything that its turns need. Only its own goroutine touches it, apart
// from wakeUp and give, which speak to it through the kernel.
type loop struct {
	epoll    int
	wake     int // an eventfd; readable once the loop shall stop
	acceptor *acceptor
	owner    bool // of the acceptor: the first loop accepts for all

	events []unix.EpollEvent
	buffer []byte // one for all connections, for nothing stays in it from one echo to the next

	// pending is what a full socket has not taken yet, at most one read each. A connection in it waits for
	// EPOLLOUT and is not read; all others wait for EPOLLIN. Most of the time it is empty.
	pending map[int32][]byte

	yielded time.Time

	stopping bool
	deadline time.Time // of stopping
	left     int       // connections still to be closed; 0 until stopping
}

func newLoop() (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	l := &loop{
		epoll:   epoll,
		wake:    wake,
		events:  make([]unix.EpollEvent, eventsPerWait),
		buffer:  make([]byte, readSize),
		pending: make(map[int32][]byte),
	}
	return l, l.control(unix.EPOLL_CTL_ADD, int32(wake), unix.EPOLLIN)
}

// run takes turns until the loop has been stopped and has nothing left to deliver, or no more time for it.
//
// An event in the list can never be stale, although descriptors are closed while the list is worked through: a
// connection is closed only by its own event, and epoll lists a descriptor once. Numbers that accept reuses
// meanwhile show up in the next list at the earliest.
func (l *loop) run() {
	for !l.finished() {
		ready, told := l.wait(), false
		for _, event := range ready {
			switch {
			case event.Fd == int32(l.wake):
				told = true // after this turn: the listener may be in the list, too
			case l.owner && event.Fd == l.acceptor.fd:
				l.acceptor.accept()
			default:
				l.echo(event.Fd)
			}
		}
		if l.owner && l.acceptor.paused() {
			l.acceptor.resumeWhenDue()
		}
		switch {
		case told:
			l.stop()
		case l.stopping && len(ready) == 0:
			l.hangUp()
		}
	}
}

// wait returns what is ready, and blocks only if nothing is.
//
// Under load something nearly always is, so the first question does not block; such a call need not tell the
// scheduler of Go that it will be away, which saves about 40 ns. Only an empty answer is worth a blocking call.
func (l *loop) wait() []unix.EpollEvent {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)), 0, 0, 0)
	if errno == 0 && n > 0 {
		return l.events[:n]
	}
	l.yield()
	blocked, err := unix.EpollWait(l.epoll, l.events, l.patience())
	if err != nil && err != unix.EINTR {
		log.Fatalf("epoll_wait: %v", err) // the epoll descriptor itself is broken; there is no going on
	}
	return l.events[:max(0, blocked)]
}

// yield comes by Go's scheduler every few milliseconds. Whoever has not for 10 ms loses its P at every sleep in a system call, and each
// wake-up has to get one back, which costs more than the echo (impls/reactor/backend/timeslice.go has the whole story).
func (l *loop) yield() {
	if now := time.Now(); now.Sub(l.yielded) >= yieldAfter {
		runtime.Gosched()
		l.yielded = now
	}
}

// patience is how many milliseconds the loop may sleep: for ever, except while it stops or accepting is paused.
func (l *loop) patience() int {
	switch {
	case l.stopping:
		return int(silence.Milliseconds())
	case l.owner && l.acceptor.paused():
		return max(0, int(time.Until(l.acceptor.retry).Milliseconds())+1) // rounded up: waking early would spin through the rest
	default:
		return -1
	}
}

// control changes what epoll watches: one descriptor, and the events that matter for it.
func (l *loop) control(operation int, fd int32, events uint32) error {
	err := unix.EpollCtl(l.epoll, operation, int(fd), &unix.EpollEvent{Events: events, Fd: fd})
	return os.NewSyscallError("epoll_ctl", err)
}

// wakeUp makes the loop stop. Any goroutine may call it.
func (l *loop) wakeUp() {
	one := [8]byte{1} // an eventfd counts in eight bytes
	if _, err := unix.Write(l.wake, one[:]); err != nil {
		log.Fatalf("eventfd: %v", err)
	}
}

// stop ends accepting and sees every connection of this loop to its end.
func (l *loop) stop() {
	l.stopping = true
	l.deadline = time.Now().Add(drainTime)
	l.control(unix.EPOLL_CTL_DEL, int32(l.wake), 0)
	if l.owner {
		l.acceptor.close()
	}
	for range l.connections() {
		l.left++
	}
	l.hangUp()
}

// hangUp shuts the receiving side of every connection that is idle. It yields what has already arrived and then
// the end of the stream, as if its client had finished. One with output pending, here or in the kernel, is spared
// until it has been delivered: behind it more is on its way, from a client that was made to wait.
func (l *loop) hangUp() {
	for fd := range l.connections() {
		_, stalled := l.pending[fd]
		if queued, _ := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); !stalled && queued == 0 {
			unix.Shutdown(int(fd), unix.SHUT_RD)
		}
	}
}

// connections yields every connection of this loop. The kernel knows which they are, so no list is kept: setting
// the interest, here to what it is already, fails for any other descriptor.
func (l *loop) connections() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for fd := range l.acceptor.highest.Load() + 1 {
			if l.control(unix.EPOLL_CTL_MOD, fd, l.interest(fd)) == nil && !yield(fd) {
				return
			}
		}
	}
}

func (l *loop) finished() bool {
	return l.stopping && (l.left == 0 || time.Now().After(l.deadline))
}
