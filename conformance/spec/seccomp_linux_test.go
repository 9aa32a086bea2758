package spec

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// TestForbidIOUring: the filter hits io_uring_setup and nothing else, on its own thread and no other.
func TestForbidIOUring(t *testing.T) {
	setup := func() error {
		var params [120]byte // struct io_uring_params
		fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
		if errno != 0 {
			return errno
		}
		return unix.Close(int(fd))
	}
	before := setup()
	failed, filtered := make(chan error), make(chan error)
	impls.OnOwnThread(func() {
		failed <- forbidIOUring()
		filtered <- setup()
	})
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if err := <-filtered; err != unix.EPERM {
		t.Errorf("behind the filter io_uring_setup says %v", err)
	}
	if after := setup(); after != before {
		t.Errorf("on another thread it says %v, and said %v before", after, before)
	}
}
