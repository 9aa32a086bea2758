package backend

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollReadHangup is POLLRDHUP: the peer has shut down its sending half. Of the systems here only Linux has it for certain.
const pollReadHangup = 0x2000

// waitPoll is ppoll, which counts nanoseconds. Without a timeout it cannot block, and the scheduler need not hear of it.
func waitPoll(list []unix.PollFd, timeout time.Duration) (int, error) {
	switch {
	case timeout < 0:
		return unix.Ppoll(list, nil, nil)
	case timeout > 0:
		limit := unix.NsecToTimespec(int64(kernelTimeout(timeout)))
		return unix.Ppoll(list, &limit, nil)
	}
	var none unix.Timespec
	n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL,
		uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)), uintptr(unsafe.Pointer(&none)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
