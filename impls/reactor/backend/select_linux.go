package backend

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fitsSelect: Linux reads as many bits as it is told to.
func fitsSelect(int) error { return nil }

// waitSelect is pselect6, which counts nanoseconds, and writes the time that is left over what it was given.
func waitSelect(sets *selectSets, timeout time.Duration) (int, error) {
	var limit *unix.Timespec
	if timeout >= 0 {
		rounded := unix.NsecToTimespec(int64(kernelTimeout(timeout)))
		limit = &rounded
	}
	n, _, errno := syscall.Syscall6(unix.SYS_PSELECT6, uintptr(wordBits*len(sets.read)),
		uintptr(unsafe.Pointer(unsafe.SliceData(sets.read))), uintptr(unsafe.Pointer(unsafe.SliceData(sets.write))),
		0, uintptr(unsafe.Pointer(limit)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
