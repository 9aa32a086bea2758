package backend

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fitsSelect: Linux reads as many bits as it is told to.
func fitsSelect(int) error { return nil }

// waitSelect is pselect6, which counts nanoseconds, and writes the time that is left over what it was given. Without a timeout it
// cannot block, and the scheduler need not hear of it.
func waitSelect(sets *selectSets, timeout time.Duration) (int, error) {
	bits := uintptr(wordBits * len(sets.read))
	read, write := unsafe.Pointer(unsafe.SliceData(sets.read)), unsafe.Pointer(unsafe.SliceData(sets.write))
	var n uintptr
	var errno syscall.Errno
	switch {
	case timeout == 0:
		var none unix.Timespec
		n, _, errno = syscall.RawSyscall6(unix.SYS_PSELECT6, bits, uintptr(read), uintptr(write), 0, uintptr(unsafe.Pointer(&none)), 0)
	case timeout < 0:
		n, _, errno = syscall.Syscall6(unix.SYS_PSELECT6, bits, uintptr(read), uintptr(write), 0, 0, 0)
	default:
		limit := unix.NsecToTimespec(int64(kernelTimeout(timeout)))
		n, _, errno = syscall.Syscall6(unix.SYS_PSELECT6, bits, uintptr(read), uintptr(write), 0, uintptr(unsafe.Pointer(&limit)), 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
