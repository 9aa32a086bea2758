package evbuffer

import (
	"golang.org/x/sys/unix"
)

// socketpair returns two connected non-blocking stream sockets that are closed with the test.
func socketpair(t failer) [2]int {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatalf("%v", err)
		}
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds
}
