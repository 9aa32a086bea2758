package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is an io_uring: two queues in memory that this process and the kernel share. Work goes into one as submissions, what became
// of it comes back in the other as completions, and one system call, enter, hands over the first and waits for the second (io_uring(7)).
//
// It is bound to the thread that enables it: only that thread may enter, and the kernel finishes work only while it does
// (SINGLE_ISSUER with DEFER_TASKRUN). So completions come in enter and at no other time.
//
// The reactor's ring is another, and not used here: what measures a server shares no code with it.
type ring struct {
	fd      int
	memory  []byte // both queues
	entries []byte // the submissions themselves

	submissions           []submission
	submitMask            uint32
	submitted, submitTail *uint32 // shared: how far the kernel has taken them, how far it may
	tail                  uint32  // how far they are filled in; enter publishes it

	completions                []completion
	completeMask               uint32
	completeHead, completeTail *uint32 // shared: how far they were looked at, how far there are any

	argument waitArgument // of a wait; here, not on the stack, because a stack may move
	until    [2]int64     // struct __kernel_timespec
}

// A submission is struct io_uring_sqe.
type submission struct {
	code      uint8
	flags     uint8
	priority  uint16 // for sockets: flags of the operation
	fd        int32
	offset    uint64
	address   uint64
	length    uint32
	operation uint32 // MSG_ flags
	data      uint64 // comes back with each completion
	group     uint16 // which provided buffers
	_         uint16
	_         uint32
	_         [2]uint64
}

// A completion is struct io_uring_cqe.
type completion struct {
	data   uint64
	result int32 // below 0 the negated error number
	flags  uint32
}

// ringParameters is struct io_uring_params.
type ringParameters struct {
	submissions, completions       uint32
	flags                          uint32
	threadCPU, threadIdle          uint32
	features                       uint32
	workers                        uint32
	_                              [3]uint32
	submitOffsets, completeOffsets ringOffsets
}

// ringOffsets is struct io_sqring_offsets and, with other names for the last four, struct io_cqring_offsets.
type ringOffsets struct {
	head, tail, mask, count uint32
	flags, dropped, array   uint32 // completions: overflow, completions, flags
	_                       uint32
	_                       uint64
}

// waitArgument is struct io_uring_getevents_arg.
type waitArgument struct {
	signals     uint64
	signalBytes uint32
	_           uint32
	until       uint64
}

// Numbers of the interface, from linux/io_uring.h; the remarks say since when.
const (
	setupCompletions  = 1 << 3 // the number of completions is given
	setupDisabled     = 1 << 6 // until it is enabled by the thread that will use it
	setupSubmitAll    = 1 << 7 // a bad submission does not hold up those behind it (5.18)
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13 // (6.1)

	enterGetEvents = 1 << 0
	enterArgument  = 1 << 3
	enterAbsolute  = 1 << 5 // the wait ends at a time, not after one (6.12)

	registerEnable = 12

	offsetEntries = 0x10000000
)

// Sizes of a ring. More submissions than fit cost a further enter. Completions all have to fit: the kernel takes no more work while some do not.
const (
	ringSubmissions = 4096
	mostCompletions = 65536 // that the kernel allows
)

// openRing makes a ring that is still to be enabled, for at most so many completions that are not looked at. The error of a kernel that refuses
// says what to do about it.
func openRing(completions int) (*ring, error) {
	p := ringParameters{
		flags:       setupCompletions | setupDisabled | setupSubmitAll | setupSingleIssuer | setupDeferTaskrun,
		completions: uint32(max(completions, ringSubmissions)), // the kernel takes the next power of two
	}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, ringSubmissions, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, refusal(errno)
	}
	r := &ring{fd: int(fd)}
	if err := r.mapQueues(&p); err != nil {
		return nil, errors.Join(os.NewSyscallError("mmap of a ring", err), r.close())
	}
	if errno := r.call(0, 0, enterAbsolute); errno != unix.EBADFD { // the answer of a ring that is not enabled, after a look at the flags
		return nil, errors.Join(refusal(unix.EINVAL), r.close())
	}
	return r, nil
}

// refusal says why there is no ring.
func refusal(errno syscall.Errno) error {
	reason := "the kernel gives no ring"
	switch errno {
	case unix.ENOSYS, unix.EINVAL:
		reason = "this kernel's io_uring is too old, or there is none; 6.12 has what is needed here"
	case unix.EPERM, unix.EACCES:
		reason = "io_uring is forbidden to this process, by /proc/sys/kernel/io_uring_disabled or by a seccomp filter, as containers have one"
	case unix.ENOMEM:
		reason = "no memory for a ring; raise the limit of locked memory (ulimit -l)"
	}
	return fmt.Errorf("the io_uring engine cannot run: io_uring_setup: %w: %s; -engine epoll needs nothing of it", errno, reason)
}

func (r *ring) mapQueues(p *ringParameters) (err error) {
	size := max(int(p.submitOffsets.array+p.submissions*4), int(p.completeOffsets.dropped+p.completions*uint32(unsafe.Sizeof(completion{}))))
	if r.memory, err = unix.Mmap(r.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return err
	}
	size = int(p.submissions) * int(unsafe.Sizeof(submission{}))
	if r.entries, err = unix.Mmap(r.fd, offsetEntries, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return err
	}
	word := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.memory[offset])) }
	s, c := &p.submitOffsets, &p.completeOffsets
	r.submissions = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.submissions)
	r.submitted, r.submitTail, r.submitMask = word(s.head), word(s.tail), *word(s.mask)
	r.completions = unsafe.Slice((*completion)(unsafe.Pointer(&r.memory[c.dropped])), p.completions)
	r.completeHead, r.completeTail, r.completeMask = word(c.head), word(c.tail), *word(c.mask)
	places := unsafe.Slice(word(s.array), p.submissions)
	for i := range places {
		places[i] = uint32(i) // the queue is one of indices; here the i-th place always has the i-th submission
	}
	return nil
}

// enable binds the ring to the calling thread.
func (r *ring) enable() error {
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerEnable, 0, 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("io_uring_register(ENABLE_RINGS): %w", errno)
	}
	return nil
}

// close gives the ring back; the kernel cancels what is under way.
func (r *ring) close() error {
	for _, memory := range [][]byte{r.memory, r.entries} {
		if memory != nil {
			unix.Munmap(memory)
		}
	}
	r.memory, r.entries = nil, nil
	return os.NewSyscallError("close", unix.Close(r.fd))
}

// isFull reports whether the next submission has to wait for an enter.
func (r *ring) isFull() bool { return r.waiting() == len(r.submissions) }

// waiting is the number of submissions that the kernel has not taken yet.
func (r *ring) waiting() int { return int(r.tail - atomic.LoadUint32(r.submitted)) }

// next returns a blank submission of a ring that is not full. It is handed over by the next enter.
func (r *ring) next() *submission {
	s := &r.submissions[r.tail&r.submitMask]
	r.tail++
	*s = submission{}
	return s
}

// enter hands over what was filled in and takes in what has finished, without sleeping.
func (r *ring) enter() syscall.Errno { return r.call(r.waiting(), 0, enterGetEvents) }

// sleep is enter that waits for a completion until CLOCK_MONOTONIC shows so many nanoseconds. raw leaves Go's scheduler out of it.
func (r *ring) sleep(until int64, raw bool) syscall.Errno {
	r.until = [2]int64{until / 1e9, until % 1e9}
	r.argument.until = uint64(uintptr(unsafe.Pointer(&r.until)))
	atomic.StoreUint32(r.submitTail, r.tail)
	call := syscall.Syscall6
	if raw {
		call = syscall.RawSyscall6
	}
	_, _, errno := call(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.waiting()), 1, enterGetEvents|enterArgument|enterAbsolute,
		uintptr(unsafe.Pointer(&r.argument)), unsafe.Sizeof(r.argument))
	return errno
}

func (r *ring) call(submit, least int, flags uintptr) syscall.Errno {
	atomic.StoreUint32(r.submitTail, r.tail)
	_, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), uintptr(least), flags, 0, 0)
	return errno
}

// finished is how many completions there are.
func (r *ring) finished() int { return int(atomic.LoadUint32(r.completeTail) - *r.completeHead) }

// pop takes the next completion, of which there must be one.
func (r *ring) pop() completion {
	head := *r.completeHead
	c := r.completions[head&r.completeMask]
	atomic.StoreUint32(r.completeHead, head+1)
	return c
}
