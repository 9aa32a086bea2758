package simulated

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A Kernel is one process's view of a world: its table of descriptors, the sockets behind them and everywhere else, and the time.
type Kernel struct {
	Faults Faults
	Limit  int // descriptors that the process may have; EMFILE beyond
	Trace  Trace

	// Progress counts whatever a turn of a loop can be good for: bytes moved, connections made, ends told, odd things done. A loop
	// that turns again and again while it stands still is spinning.
	Progress int

	choose  Choices
	now     time.Duration
	agenda  agenda
	table   []*file // by descriptor; nil is free
	queues  []*Queue
	pollers []*Poller
	ends    int // made so far
}

// A file is what one or several descriptors name.
type file struct {
	descriptors int
	end         *End   // a socket,
	queue       *Queue // or a listening one,
	bell        *Bell  // or a counter
}

// New returns a kernel without faults.
func New(choose Choices) *Kernel { return &Kernel{choose: choose, Limit: 200} }

// Choose draws from the kernel's choices, so that its user's are part of the same seed.
func (k *Kernel) Choose(n int) int { return k.choose.Below(n) }

// Now is the time since the kernel began.
func (k *Kernel) Now() time.Duration { return k.now }

// Pass lets time go by while a callback runs.
func (k *Kernel) Pass(d time.Duration) { k.now += d }

// install gives the file the lowest free descriptor.
func (k *Kernel) install(f *file) (int, error) {
	fd := slices.Index(k.table, nil)
	if fd < 0 {
		fd = len(k.table)
		k.table = append(k.table, nil)
	}
	if fd >= k.Limit {
		return -1, unix.EMFILE
	}
	k.table[fd] = f
	f.descriptors++
	k.note(Opened, fd, 0, 0)
	return fd, nil
}

// full reports whether the next descriptor would be one too many.
func (k *Kernel) full() bool { return k.Open() >= k.Limit }

// Open is the number of descriptors in use.
func (k *Kernel) Open() (n int) {
	for _, f := range k.table {
		if f != nil {
			n++
		}
	}
	return n
}

func (k *Kernel) file(fd int) *file {
	if fd < 0 || fd >= len(k.table) {
		return nil
	}
	return k.table[fd]
}

// Exists is nil if fd is a descriptor, else EBADF.
func (k *Kernel) Exists(fd int) error {
	if k.file(fd) == nil {
		return unix.EBADF
	}
	return nil
}

// End is the socket that fd names, or nil.
func (k *Kernel) End(fd int) *End {
	if f := k.file(fd); f != nil {
		return f.end
	}
	return nil
}

// Dup gives the file of fd another descriptor.
func (k *Kernel) Dup(fd int) (int, error) {
	f := k.file(fd)
	if f == nil {
		return -1, unix.EBADF
	}
	return k.install(f)
}

// Close frees the number. With the file's last descriptor the file ends.
func (k *Kernel) Close(fd int) error {
	f := k.file(fd)
	if f == nil {
		return unix.EBADF
	}
	k.note(Closed, fd, f.descriptors, 0)
	k.Progress++
	k.table[fd] = nil
	f.descriptors--
	for _, p := range k.pollers {
		p.closed(fd, f)
	}
	if f.descriptors > 0 {
		return nil
	}
	switch {
	case f.end != nil:
		f.end.Close()
	case f.queue != nil:
		f.queue.close()
	}
	return nil
}

// A Bell is a descriptor that is readable from Ring to Silence.
type Bell struct {
	kernel *Kernel
	rung   bool
	edges  uint32
}

// NewBell returns a bell and its descriptor.
func (k *Kernel) NewBell() (*Bell, int, error) {
	b := &Bell{kernel: k}
	fd, err := k.install(&file{bell: b})
	return b, fd, err
}

// Ring may be called by the world outside.
func (b *Bell) Ring() {
	b.kernel.note(Rang, 0, 0, 0)
	b.rung = true
	b.edges++
}

// Silence ends the readiness.
func (b *Bell) Silence() {
	b.rung = false
	b.kernel.Progress++
}

// Numbers is one more than the highest descriptor that ever was.
func (k *Kernel) Numbers() int { return len(k.table) }
