//go:build darwin || freebsd || openbsd || netbsd || dragonfly

package backend

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernelKqueue is the system's kevent. The fields of its struct have other types on every system: hence the copies.
type kernelKqueue struct {
	fd      int
	changes []unix.Kevent_t
	events  []unix.Kevent_t
}

// The compiler checks here that the flags are what kqueue.go takes them for: any difference makes the array longer than nothing.
var _ [0]struct{} = [(evAdd ^ unix.EV_ADD) | (evDelete ^ unix.EV_DELETE) | (evEnable ^ unix.EV_ENABLE) | (evClear ^ unix.EV_CLEAR) |
	(evEOF ^ unix.EV_EOF) | (noteLowWater ^ unix.NOTE_LOWAT)]struct{}{}

func openKqueue() (Backend, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(fd)
	return &kqueue{kernel: &kernelKqueue{fd: fd}}, nil
}

func (k *kernelKqueue) close() error { return unix.Close(k.fd) }

func (k *kernelKqueue) kevent(changes, events []kevent, timeout time.Duration) (int, error) {
	k.changes = k.changes[:0]
	for i := range changes {
		k.changes = append(k.changes, toKernel(&changes[i]))
	}
	if len(k.events) < len(events) {
		k.events = make([]unix.Kevent_t, len(events))
	}
	var limit *unix.Timespec
	if timeout >= 0 {
		exact := unix.NsecToTimespec(int64(timeout))
		limit = &exact
	}
	n, err := unix.Kevent(k.fd, k.changes, k.events[:len(events)], limit)
	if err != nil {
		return 0, err
	}
	for i := range n {
		events[i] = fromKernel(&k.events[i])
	}
	return n, nil
}

func toKernel(e *kevent) (kernel unix.Kevent_t) {
	number := unix.EVFILT_READ
	if e.filter == writeFilter {
		number = unix.EVFILT_WRITE
	}
	unix.SetKevent(&kernel, e.descriptor, number, int(e.flags))
	kernel.Fflags = e.fflags
	kernel.Data = e.data
	return kernel
}

func fromKernel(kernel *unix.Kevent_t) kevent {
	e := kevent{descriptor: int(kernel.Ident), flags: uint16(kernel.Flags), fflags: kernel.Fflags}
	if int(kernel.Filter) == unix.EVFILT_WRITE {
		e.filter = writeFilter
	}
	return e
}
