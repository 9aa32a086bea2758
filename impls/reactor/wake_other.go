//go:build unix && !linux

package reactor

import (
	"os"

	"golang.org/x/sys/unix"
)

// wakeTarget is a pipe to oneself.
type wakeTarget struct{ read, write int }

func (t *wakeTarget) open() error {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return os.NewSyscallError("pipe", err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		unix.SetNonblock(fd, true)
	}
	t.read, t.write = fds[0], fds[1]
	return nil
}

func (t *wakeTarget) readFD() int { return t.read }

func (t *wakeTarget) close() error {
	unix.Close(t.write)
	return unix.Close(t.read)
}

// ring may find the pipe full (EAGAIN): then the loop will wake as it is.
func (t *wakeTarget) ring() error {
	_, err := unix.Write(t.write, []byte{1})
	if err == unix.EAGAIN {
		err = nil
	}
	return os.NewSyscallError("write pipe", err)
}

// silence empties the pipe, which holds one byte, or a few if the loop was about to wake.
func (t *wakeTarget) silence() {
	var some [64]byte
	unix.Read(t.read, some[:])
}
