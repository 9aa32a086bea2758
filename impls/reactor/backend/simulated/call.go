package simulated

import "golang.org/x/sys/unix"

// Read is read(2) by the process, with the errors that only a descriptor has.
func (k *Kernel) Read(fd int, p []byte) (int, error) {
	e, err := k.enter(fd)
	if err != nil {
		return 0, err
	}
	return e.Read(p)
}

// Write is write(2) by the process.
func (k *Kernel) Write(fd int, p []byte) (int, error) {
	e, err := k.enter(fd)
	if err != nil {
		return 0, err
	}
	return e.Write(p)
}

// enter finds the socket of a call, and what may go wrong with any call.
func (k *Kernel) enter(fd int) (*End, error) {
	f := k.file(fd)
	if f == nil {
		return nil, unix.EBADF
	}
	if f.end == nil {
		return nil, unix.ENOTSOCK
	}
	if k.strikes(k.Faults.Interrupt) {
		k.Progress++
		k.note(Interrupted, fd, 0, 0)
		return nil, unix.EINTR
	}
	if k.strikes(k.Faults.Again) {
		k.Progress++
		f.end.arrivals++ // what was reported has gone, and comes again
		f.end.vacancy++
		k.failed(fd, "EAGAIN although ready")
		return nil, unix.EAGAIN
	}
	return f.end, nil
}
