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
// is planned, too. Neither is for an engine that spins.
func (e *epollEngine) wait() (int, error) {
	if e.spin.on {
		return e.look()
	}
	if !e.isOpen() {
		return e.ready(int(idleWait / time.Millisecond))
	}
	now := clock()
	until := e.sleepUntil(now)
	if until <= now {
		return e.ready(0)
	}
	if err := e.alarm.by(until, now); err != nil {
		return 0, err
	}
	return e.ready(-1) // the alarm ends it
}

// ready waits for events for so many milliseconds at most, -1 is for ever.
//
// An engine that may keep its P sleeps in a raw system call, of which Go's scheduler does not hear. Otherwise the scheduler's watchman,
// sysmon, takes the P away from nearly every sleep, is woken by the next one, and naps for 20 µs at a time in between: an open loop then paid
// for about as many switches to that thread as to the engine's own. The price is that a stop of the world has to wait for a signal, which ends the
// sleep, and that the scheduler interrupts the engine every 10 ms, as any goroutine that runs for so long.
func (e *epollEngine) ready(milliseconds int) (int, error) {
	call := syscall.Syscall6
	if e.keepsP || milliseconds == 0 {
		call = syscall.RawSyscall6
	}
	n, _, errno := call(unix.SYS_EPOLL_PWAIT, uintptr(e.epoll), uintptr(unsafe.Pointer(&e.events[0])), uintptr(len(e.events)),
		uintptr(milliseconds), 0, 0)
	return e.found(n, errno)
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
