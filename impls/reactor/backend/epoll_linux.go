package backend

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll keeps the interest in the kernel and nothing here: a registration is the pair (descriptor, open file), and the
// token travels in its eight bytes of user data.
type epoll struct {
	fd     int
	events []unix.EpollEvent // what the kernel fills; grows to the longest ready slice seen

	// several is true if the last Wait found more than one descriptor ready, so that asking without blocking will probably be answered.
	several bool
	eager   eagerness // the same where each wait finds one
	timeslice

	precise bool           // the kernel has epoll_pwait2 (5.11), which counts nanoseconds
	limit   kernelTimespec // the argument of epoll_pwait2; here, not on the stack, because a stack may move
}

// kernelTimespec is struct __kernel_timespec: 64 bits on every architecture.
type kernelTimespec struct{ seconds, nanoseconds int64 }

var _ Backend = (*epoll)(nil)

func openEpoll() (Backend, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &epoll{fd: fd, precise: true}, nil
}

func (p *epoll) Name() string       { return "epoll" }
func (p *epoll) Features() Features { return EdgeTriggered | ConstantTime | EarlyClose }
func (p *epoll) Close() error       { return os.NewSyscallError("close", unix.Close(p.fd)) }

func (p *epoll) Set(fd int, token Token, old, new What) error {
	switch old, new = old&(Interest|ET), new&(Interest|ET); {
	case old&Interest == 0 && new&Interest == 0:
		return nil
	case old&Interest == 0:
		return p.add(fd, token, new)
	case new&Interest == 0:
		return p.remove(fd)
	default:
		return p.modify(fd, token, new)
	}
}

// add may find the registration there already: the number was closed while registered, a duplicate kept the file alive,
// and dup2 has now brought that same file back to the number.
func (p *epoll) add(fd int, token Token, what What) error {
	errno := p.control(unix.EPOLL_CTL_ADD, fd, token, what)
	if errno == unix.EEXIST {
		errno = p.control(unix.EPOLL_CTL_MOD, fd, token, what)
	}
	return controlError("add", fd, errno)
}

func (p *epoll) modify(fd int, token Token, what What) error {
	errno := p.control(unix.EPOLL_CTL_MOD, fd, token, what)
	if errno == unix.ENOENT || errno == unix.EBADF {
		return ErrReplaced
	}
	return controlError("modify", fd, errno)
}

// remove does not mind if there is nothing to remove: closing the file has done it.
func (p *epoll) remove(fd int) error {
	errno := p.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
	if errno == unix.ENOENT || errno == unix.EBADF || errno == unix.EPERM {
		return nil
	}
	return controlError("remove", fd, errno)
}

// control cannot block, so the scheduler need not hear of it (RawSyscall).
func (p *epoll) control(op, fd int, token Token, what What) unix.Errno {
	event := unix.EpollEvent{Events: epollMask(what), Fd: int32(uint32(token)), Pad: int32(uint32(token >> 32))}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL,
		uintptr(p.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	return errno
}

func controlError(verb string, fd int, errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return fmt.Errorf("epoll_ctl %s descriptor %d: %w", verb, fd, errno)
}

func epollMask(what What) (mask uint32) {
	if what.Has(Read) {
		mask |= unix.EPOLLIN
	}
	if what.Has(Write) {
		mask |= unix.EPOLLOUT
	}
	if what.Has(Closed) {
		mask |= unix.EPOLLRDHUP
	}
	if what.Has(ET) {
		mask |= unix.EPOLLET
	}
	return mask
}

// Wait blocks for at most timeout and fills ready with what became ready.
//
// Where something is probably ready it first asks without blocking: a call that cannot block need not tell the scheduler (RawSyscall,
// some 40 ns less). Elsewhere such a question would be a system call for nothing, so that an otherwise idle loop makes one wait
// for each wake-up.
func (p *epoll) Wait(ready []Ready, timeout time.Duration) (int, error) {
	if len(p.events) < len(ready) {
		p.events = make([]unix.EpollEvent, len(ready))
	}
	events := p.events[:len(ready)]
	n, errno := p.wait(events, timeout)
	p.several = n > 1
	if errno != 0 {
		if errno == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_wait", errno)
	}
	events = events[:n]
	ready = ready[:len(events)]
	for i := range events {
		e := &events[i]
		what := Read
		if e.Events != unix.EPOLLIN {
			what = epollWhat(e.Events)
		}
		ready[i] = Ready{Token: Token(uint32(e.Pad))<<32 | Token(uint32(e.Fd)), What: what}
	}
	return n, nil
}

func (p *epoll) wait(events []unix.EpollEvent, timeout time.Duration) (n int, errno unix.Errno) {
	if timeout == 0 {
		return p.ask(events)
	}
	if p.several || p.eager.asks {
		n, errno = p.ask(events)
		if p.eager.asks {
			p.eager.asked(n > 0)
		}
		if n > 0 || errno != 0 {
			return n, errno
		}
	}
	p.yieldWhenDue()
	n, errno = p.block(events, timeout)
	p.eager.blocked(n > 0)
	return n, errno
}

func epollWhat(mask uint32) (what What) {
	if mask&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		return Read | Write | Closed
	}
	if mask&unix.EPOLLIN != 0 {
		what |= Read
	}
	if mask&unix.EPOLLOUT != 0 {
		what |= Write
	}
	if mask&unix.EPOLLRDHUP != 0 {
		what |= Closed
	}
	return what
}

// ask is a wait of no length.
func (p *epoll) ask(events []unix.EpollEvent) (int, unix.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT,
		uintptr(p.fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// block is the wait that may sleep. Without epoll_pwait2 it rounds up to milliseconds: late is allowed, early is not.
func (p *epoll) block(events []unix.EpollEvent, timeout time.Duration) (int, unix.Errno) {
	if timeout > 0 && p.precise {
		n, errno := p.blockPrecisely(events, timeout)
		if errno != unix.ENOSYS && errno != unix.EPERM { // EPERM: a sandbox that does not know the call
			return n, errno
		}
		p.precise = false
	}
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT,
		uintptr(p.fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(milliseconds(timeout)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (p *epoll) blockPrecisely(events []unix.EpollEvent, timeout time.Duration) (int, unix.Errno) {
	timeout = kernelTimeout(timeout)
	p.limit = kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT2,
		uintptr(p.fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&p.limit)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
