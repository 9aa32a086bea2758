package main

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wait waits for events: the closed loop for as long as it takes to look at the control again, the open one until the next request
// is planned.
func (e *epollEngine) wait() (int, error) {
	if !e.isOpen() {
		return e.ready(idleWait)
	}
	left := idleWait
	if planned, ok := e.nextPlanned(); ok {
		left = min(left, time.Duration(planned-clock()))
	}
	return e.readyWithin(left)
}

// ready waits for events. It asks first without blocking, by a raw system call that the Go scheduler need not be told of
// (40 ns less); only when nothing is there does it make the blocking call, which lets go of the processor's P.
func (e *epollEngine) ready(atMost time.Duration) (int, error) {
	n, errno := e.poll()
	if n == 0 && errno == 0 {
		events, room := uintptr(unsafe.Pointer(&e.events[0])), uintptr(len(e.events))
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.epoll), events, room, uintptr(atMost/time.Millisecond), 0, 0)
	}
	return e.found(n, errno)
}

// readyWithin is ready for the open loop: epoll_pwait2 takes the time in nanoseconds. Between requests nothing is ready as a rule, so
// it asks without blocking only if there is no time to block.
func (e *epollEngine) readyWithin(left time.Duration) (int, error) {
	if left <= 0 {
		return e.found(e.poll())
	}
	timeout := unix.NsecToTimespec(int64(left))
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(e.epoll), uintptr(unsafe.Pointer(&e.events[0])), uintptr(len(e.events)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	if errno == unix.ENOSYS {
		return 0, errors.New("the open loop needs epoll_pwait2, which Linux has from 5.11 on")
	}
	return e.found(n, errno)
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
