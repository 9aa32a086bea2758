package main

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stampEvery is of how many reads of a closed loop one asks for the kernel's time stamp: recvmsg costs some 100 ns more than read. In an
// open loop each does, since the verdict on a percentile rests on each request.
const stampEvery = 64

// stamps read the time at which the kernel received a reply. What lies between that and the end of the read is the client's own part of
// the latency: the wake-up of its thread, and the replies that it handled before this one.
//
// A stamp is that of the last segment that a read took, which is what completed a reply; of several replies in one read it is the last's.
// The kernel stamps every packet of the machine as long as one socket asks for it, which costs each some 20 ns, the server's too:
// in a closed loop, whose figure is the CPU, it is an option.
type stamps struct {
	on      bool
	reads   int
	header  unix.Msghdr
	vector  unix.Iovec
	control [8]uint64 // in words, for the alignment
}

// ask makes the kernel stamp what fd receives.
func (s *stamps) ask(fd int) error {
	if !s.on {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("setsockopt(SO_TIMESTAMPNS): %w", err)
	}
	return nil
}

// due reports whether this read is one that asks, where each does or one of many.
func (s *stamps) due(each bool) bool {
	if !s.on {
		return false
	}
	s.reads++
	return each || s.reads%stampEvery == 0
}

// read is rawIO with how long what it read has lain in the kernel; -1 if that is not known, as on a Unix socket or when the
// wall clock, which the stamps are of, was set back.
func (s *stamps) read(fd int32, p []byte) (n int, lain time.Duration, errno syscall.Errno) {
	s.vector.Base = unsafe.SliceData(p)
	s.vector.SetLen(len(p))
	s.header = unix.Msghdr{Iov: &s.vector, Control: (*byte)(unsafe.Pointer(&s.control[0]))}
	s.header.SetIovlen(1)
	s.header.SetControllen(len(s.control) * 8)
	got, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.header)), 0)
	if errno != 0 {
		return 0, -1, errno
	}
	return int(got), s.lain(time.Now().UnixNano()), 0
}

// lain looks for the stamp among what came beside the data. Nothing but stamps was asked for, so it is the first or not there.
func (s *stamps) lain(now int64) time.Duration {
	first := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[0]))
	if int(s.header.Controllen) < unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))) ||
		first.Level != unix.SOL_SOCKET || first.Type != unix.SO_TIMESTAMPNS {
		return -1
	}
	received := (*unix.Timespec)(unsafe.Add(unsafe.Pointer(&s.control[0]), unix.CmsgLen(0)))
	return max(-1, time.Duration(now-received.Nano()))
}

// take is the read of a connection's bytes. Every so often, or always, it notes how long they had waited for it.
func (e *epollEngine) take(fd int32) (int, syscall.Errno) {
	if !e.stamps.due(e.isOpen()) {
		return rawIO(unix.SYS_READ, fd, e.buffer)
	}
	n, lain, errno := e.stamps.read(fd, e.buffer)
	e.unread = int64(lain)
	if n > 0 && lain >= 0 && e.phase == measuring {
		e.tally.ReceiveLag.Record(int64(lain))
		e.tally.ReceiveLagSum += int64(lain)
	}
	return n, errno
}
