package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wait waits for events: the closed loop for as long as it takes to look at the control again, the open one until the next request
// is planned, too.
func (e *epollEngine) wait() (int, error) {
	if !e.isOpen() {
		return e.ready(idleWait)
	}
	now := clock()
	until := now + int64(idleWait)
	if planned, ok := e.nextPlanned(); ok {
		until = min(until, planned)
	}
	if until <= now {
		return e.found(e.poll())
	}
	if err := e.alarm.by(until, now); err != nil {
		return 0, err
	}
	return e.found(e.blockFor(-1)) // the alarm ends it
}

// ready waits for events. It asks first without blocking, by a raw system call that the Go scheduler need not be told of
// (40 ns less); only when nothing is there does it make the blocking call. Between the requests of an open loop nothing is there as a
// rule, so wait leaves that question out.
func (e *epollEngine) ready(atMost time.Duration) (int, error) {
	n, errno := e.poll()
	if n == 0 && errno == 0 {
		n, errno = e.blockFor(int(atMost / time.Millisecond))
	}
	return e.found(n, errno)
}

// blockFor waits for so many milliseconds at most, -1 is for ever, and lets go of the processor's P meanwhile.
func (e *epollEngine) blockFor(milliseconds int) (uintptr, syscall.Errno) {
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.epoll), uintptr(unsafe.Pointer(&e.events[0])), uintptr(len(e.events)),
		uintptr(milliseconds), 0, 0)
	return n, errno
}

func (e *epollEngine) poll() (uintptr, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.epoll), uintptr(unsafe.Pointer(&e.events[0])), uintptr(len(e.events)), 0, 0, 0)
	return n, errno
}

func (e *epollEngine) found(n uintptr, errno syscall.Errno) (int, error) {
	runtime.KeepAlive(e.events)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, fmt.Errorf("epoll_pwait: %w", errno)
}

// rawIO reads or writes a non-blocking socket, which cannot block, without telling the Go scheduler.
func rawIO(call uintptr, fd int32, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
