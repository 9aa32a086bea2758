package main

import (
	"bytes"
	"unsafe"

	"golang.org/x/sys/unix"
)

// echo is what the loop does with a connection that became ready: it sends what is pending, else what it reads.
//
// It reads and writes once and leaves the rest to the next turn, so that a connection with much to say delays the
// others by one echo at most; epoll repeats itself (level-triggered) until everything has been taken. Urgent
// data needs no code: without EPOLLPRI nobody hears of it, and the kernel cuts it out of the stream.
func (l *loop) echo(fd int32) {
	if rest, stalled := l.pending[fd]; stalled {
		l.send(fd, rest, stalled)
		return
	}
	n, errno := read(fd, l.buffer)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR: // a false alarm: the next turn asks again
	case errno != 0: // the client is gone (ECONNRESET, ETIMEDOUT, ...), and with it whoever could be told
		l.close(fd)
	case n == 0: // the client has finished, and so have we: nothing was pending, or we would not have read
		l.close(fd)
	default:
		l.send(fd, l.buffer[:n], false)
	}
}

// send writes at once, since a socket almost always has room: asking epoll first would cost two calls more an
// echo. Only what did not fit is copied, and from then on the connection waits for room instead of input.
func (l *loop) send(fd int32, data []byte, stalled bool) {
	n, errno := write(fd, data)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		n = 0
	case errno != 0: // EPIPE, ECONNRESET: nobody is left to receive it. Go ignores SIGPIPE for sockets.
		l.close(fd)
		return
	}
	switch rest := data[n:]; {
	case len(rest) == 0 && !stalled: // the usual case; nothing to remember
	case len(rest) == 0:
		delete(l.pending, fd)
		l.watch(fd)
	case stalled:
		l.pending[fd] = rest
	default:
		l.pending[fd] = bytes.Clone(rest)
		l.watch(fd)
	}
}

// interest is the one thing that a connection waits for. Asking for EPOLLIN while refusing to read would make
// every turn a busy one.
func (l *loop) interest(fd int32) uint32 {
	if _, stalled := l.pending[fd]; stalled {
		return unix.EPOLLOUT
	}
	return unix.EPOLLIN
}

// watch tells epoll of a new interest. It cannot fail for a descriptor that epoll already knows; if it did, the
// connection would never wake again, so it is closed.
func (l *loop) watch(fd int32) {
	if l.control(unix.EPOLL_CTL_MOD, fd, l.interest(fd)) != nil {
		l.close(fd)
	}
}

// close forgets a connection. epoll drops a closed descriptor by itself.
func (l *loop) close(fd int32) {
	delete(l.pending, fd)
	unix.Close(int(fd))
	if l.stopping {
		l.left--
	}
}

// read and write never block, since the sockets do not; so they are raw system calls, which leave the scheduler
// of Go out of it (about 40 ns each).

func read(fd int32, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}

func write(fd int32, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}
