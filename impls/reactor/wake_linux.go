package reactor

import (
	"os"

	"golang.org/x/sys/unix"
)

// wakeTarget is an eventfd: a counter in the kernel, readable while it is not zero.
type wakeTarget struct{ fd int }

func (t *wakeTarget) open() (err error) {
	t.fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return os.NewSyscallError("eventfd", err)
}

func (t *wakeTarget) readFD() int  { return t.fd }
func (t *wakeTarget) close() error { return unix.Close(t.fd) }

var one = []byte{1, 0, 0, 0, 0, 0, 0, 1} // eight bytes that are not zero in any byte order

// ring may find the counter full (EAGAIN): then the loop will wake as it is.
func (t *wakeTarget) ring() error {
	_, err := unix.Write(t.fd, one)
	if err == unix.EAGAIN {
		err = nil
	}
	return os.NewSyscallError("write eventfd", err)
}

func (t *wakeTarget) silence() {
	var count [8]byte
	unix.Read(t.fd, count[:])
}
