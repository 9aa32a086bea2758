package backend

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is an io_uring: two queues in memory that this process and the kernel share. Work goes into one as submissions, what became of it
// comes back in the other as completions, and one system call, enter, hands over the first and waits for the second (io_uring(7)).
//
// # Threads
//
// The kernel finishes a piece of work in the context of the thread that submitted it. Its cheapest mode (SINGLE_ISSUER with
// DEFER_TASKRUN) makes that a rule: another thread's enter fails. Go moves a goroutine from thread to thread, a Base may be made by
// one goroutine and looped by the next, and a ring that is bound to a thread cannot follow without losing what is under way. So
// the ring is open to all threads, and asks only not to be interrupted for a completion (COOP_TASKRUN). CPU time of the server's thread
// for an echo over 64 loopback connections, median of five runs: bound 4.56 µs, open 4.64, open without COOP_TASKRUN
// 5.05, epoll 5.08.
//
// What a move costs is that the old thread is woken for what it had submitted, and the new one hears of it a little later; who
// stays on one thread ([OneThread]) avoids it. And if a thread ends, the kernel cancels its work: who gets ECANCELED without
// having asked for it has to submit again.
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

	argument waitArgument // of a wait with a limit; here, not on the stack, because a stack may move
	limit    kernelTimespec
	scratch  scratch
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
	operation uint32 // flags of the operation: events, MSG_ flags, ...
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
	limit       uint64
}

// Numbers of the interface, from linux/io_uring.h; the remarks say since when.
const (
	setupCompletions = 1 << 3 // the number of completions is given
	setupClamp       = 1 << 4
	setupSubmitAll   = 1 << 7 // a bad submission does not hold up those behind it (5.18)
	setupCooperative = 1 << 8 // no interrupt for a completion (5.19)

	featureSingleMap    = 1 << 0
	featureNoDrop       = 1 << 1
	featureStable       = 1 << 2  // what a submission points to has to live until enter only
	featureWaitArgument = 1 << 8  // (5.11)
	featureSkip         = 1 << 11 // quiet is known (5.17)

	enterGetEvents = 1 << 0
	enterArgument  = 1 << 3

	quiet = 1 << 6 // flag of a submission: no completion for success

	completionBuffer = 1 << 0 // the upper half of flags is the number of a provided buffer
	completionMore   = 1 << 1 // the operation goes on

	offsetEntries = 0x10000000
)

// Sizes of a ring: 256 KiB of submissions and as much of completions. More submissions than fit cost a further enter; more
// completions than fit wait in the kernel, which ends multishot operations then.
const (
	ringSubmissions = 4096
	ringCompletions = 16384
)

const neededFeatures = featureSingleMap | featureNoDrop | featureStable | featureWaitArgument | featureSkip

// openRing asks kernel for a ring.
func openRing(method string, kernel ringKernel) (*ring, error) {
	p := ringParameters{
		flags:       setupCompletions | setupClamp | setupSubmitAll | setupCooperative,
		completions: ringCompletions,
	}
	fd, errno := kernel.setup(ringSubmissions, &p)
	if errno != 0 {
		return nil, refusedSetup(method, errno)
	}
	r := &ring{fd: fd, scratch: newScratch()}
	if p.features&neededFeatures != neededFeatures {
		return nil, errors.Join(tooOld(method, "waiting with a time limit, or submissions without completion", "5.19"), r.close())
	}
	if err := r.mapQueues(&p); err != nil {
		return nil, errors.Join(os.NewSyscallError("mmap of a ring", err), r.close())
	}
	return r, nil
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

// close gives the ring back; the kernel cancels what is under way.
func (r *ring) close() error {
	if r.fd < 0 {
		return nil
	}
	for _, memory := range [][]byte{r.memory, r.entries} {
		if memory != nil {
			unix.Munmap(memory)
		}
	}
	r.memory, r.entries = nil, nil
	fd := r.fd
	r.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

// next returns a blank submission to fill in. It is handed over by the next enter, or here, if there is no other room.
func (r *ring) next() (*submission, error) {
	if r.waiting() == len(r.submissions) {
		if errno := r.ask(); errno != 0 && r.waiting() == len(r.submissions) {
			return nil, os.NewSyscallError("io_uring_enter", errno)
		}
	}
	s := &r.submissions[r.tail&r.submitMask]
	r.tail++
	*s = submission{}
	return s, nil
}

// waiting is the number of submissions that the kernel has not taken yet.
func (r *ring) waiting() int { return int(r.tail - atomic.LoadUint32(r.submitted)) }

// ask hands over what was filled in and runs what the kernel has to finish on this thread. Neither can block, so
// the scheduler need not hear of it (RawSyscall).
func (r *ring) ask() unix.Errno {
	atomic.StoreUint32(r.submitTail, r.tail)
	_, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.waiting()), 0, enterGetEvents, 0, 0)
	r.handedOver()
	return errno
}

// block is ask, and then sleep until there is a completion, for at most timeout (for ever below 0).
func (r *ring) block(timeout time.Duration) unix.Errno {
	atomic.StoreUint32(r.submitTail, r.tail)
	r.argument.limit = 0
	if timeout >= 0 {
		r.limit = kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		r.argument.limit = uint64(uintptr(unsafe.Pointer(&r.limit)))
	}
	_, _, errno := syscall.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.waiting()), 1, enterGetEvents|enterArgument,
		uintptr(unsafe.Pointer(&r.argument)), unsafe.Sizeof(r.argument))
	r.handedOver()
	return errno
}

// handedOver frees what submissions have pointed to.
func (r *ring) handedOver() {
	if r.waiting() == 0 {
		r.scratch.clear()
	}
}

// some reports whether there are completions.
func (r *ring) some() bool { return *r.completeHead != atomic.LoadUint32(r.completeTail) }

// pop takes the next completion; false if there is none.
func (r *ring) pop() (c completion, ok bool) {
	head := *r.completeHead
	if head == atomic.LoadUint32(r.completeTail) {
		return completion{}, false
	}
	c = r.completions[head&r.completeMask]
	atomic.StoreUint32(r.completeHead, head+1)
	return c, true
}
