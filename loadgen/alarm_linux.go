package main

import (
	"fmt"
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An alarm wakes an engine at the time for which its next request is planned. It is a timerfd among the descriptors of the epoll
// instance, so one wait is for the plan and for replies alike.
//
// A timeout of the wait itself, epoll_pwait2, is begun with each wait and withdrawn by each reply, and either makes the kernel set its
// hardware timer anew, which a virtual machine must ask its host for. An alarm that has been set stays set while replies come, and is as
// punctual: the kernel does not gather it with other wake-ups as it does with timeouts (timerfd_create(2)).
type alarm struct {
	fd   int
	at   int64           // clock reading at which it rings; in the past: it is not set
	zero int64           // what CLOCK_MONOTONIC shows when clock is 0
	spec unix.ItimerSpec // the argument of timerfd_settime; here, since a pointer into the stack would be one to the heap
}

// alarmNumber is where an epoll event has the number of its stream.
const alarmNumber = -1

func (a *alarm) open(epoll int) (err error) {
	if a.zero, err = clockZero(); err != nil {
		return err
	}
	if a.fd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return fmt.Errorf("timerfd_create: %w", err)
	}
	if err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, a.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: alarmNumber}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// clockZero is too late by the time between two looks at a clock. The least of a few leaves out what may have come between.
func clockZero() (zero int64, err error) {
	zero = math.MaxInt64
	for range 5 {
		var monotonic unix.Timespec
		before := clock()
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic); err != nil {
			return 0, fmt.Errorf("clock_gettime(CLOCK_MONOTONIC): %w", err)
		}
		zero = min(zero, monotonic.Nano()-before)
	}
	return zero, nil
}

func (a *alarm) close() {
	if a.fd > 0 {
		unix.Close(a.fd)
	}
	a.fd = 0
}

// by sees to it that the alarm rings at the time given, which lies after now, or before. It is never read: to set it anew makes it
// silent, and until then it may go on ringing, since whoever it has woken has something to send. It is set to a time and not to a
// distance, which would be too far by as long as the thread has lost its core since now.
func (a *alarm) by(at, now int64) error {
	if now < a.at && a.at <= at {
		return nil
	}
	a.spec.Value = unix.NsecToTimespec(a.zero + at)
	_, _, errno := syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(a.fd), unix.TFD_TIMER_ABSTIME, uintptr(unsafe.Pointer(&a.spec)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("timerfd_settime for %v: %w", time.Duration(at-now), errno)
	}
	a.at = at
	return nil
}
