package backend

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// operations knows the Ops that are under way. The kernel has no pointer to them, which the garbage collector could not see, but
// their places in a table.
type operations struct {
	*ring
	buffers  ringBuffers
	table    []*Op
	free     []uint32 // places in table
	sequence uint32   // tells the users of a place apart: a late cancellation must not hit the next
	underWay int

	restarts []*Op // the kernel has ended them and their owners have not
	hungry   []*Op // of these, receives that found no buffer: they wait for one to come back
	ended    []*Op // cancelled while the kernel did not have them
	moving   bool  // receives were called off, and are to get buffers of another size
	credit   int   // what may be spent on moving receives to lesser buffers: messages that fitted, less what was spent
}

// begin enters op and returns a submission for it, filled in as far as all operations are the same.
func (o *operations) begin(op *Op, kind opKind, fd int) (*submission, error) {
	if op.stage != atOwner {
		return nil, ErrUnderWay
	}
	if o.scratch.full() {
		if errno := o.ask(); o.scratch.full() {
			return nil, os.NewSyscallError("io_uring_enter", errno)
		}
	}
	s, err := o.next()
	if err != nil {
		return nil, err
	}
	op.kind, op.fd, op.cancelled = kind, int32(fd), false
	op.place = o.enter(op)
	o.underWay++
	o.submit(s, op)
	return s, nil
}

func (o *operations) enter(op *Op) uint32 {
	if n := len(o.free); n > 0 {
		place := o.free[n-1]
		o.free = o.free[:n-1]
		o.table[place] = op
		return place
	}
	o.table = append(o.table, op)
	return uint32(len(o.table) - 1)
}

func (o *operations) leave(op *Op) {
	op.stage = atOwner
	o.table[op.place] = nil
	o.free = append(o.free, op.place)
	o.underWay--
}

// submit fills in what all operations have, and all that a multishot one has.
func (o *operations) submit(s *submission, op *Op) {
	o.sequence++
	op.sequence = o.sequence & sequenceMask
	op.stage = atKernel
	s.fd, s.data = op.fd, op.data()
	switch op.kind {
	case accepting:
		s.code, s.priority, s.operation = codeAccept, acceptMultishot, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC
	case receiving:
		stock := o.buffers.stockOf(op)
		if len(stock.memory) == 0 {
			stock.enlarge()
		}
		s.code, s.priority, s.flags, s.group = codeReceive, receiveMultishot, selectBuffer, stock.group()
	}
}

func (op *Op) data() uint64 { return forWork | uint64(op.sequence)<<32 | uint64(op.place) }

// restart submits what the kernel has ended and its owner has not.
func (o *operations) restart() error {
	for i, op := range o.restarts {
		s, err := o.next()
		if err != nil {
			o.restarts = slices.Delete(o.restarts, 0, i)
			return err
		}
		o.submit(s, op)
	}
	clear(o.restarts)
	o.restarts = o.restarts[:0]
	return nil
}

// cancel asks for op back.
func (o *operations) cancel(op *Op) error {
	switch {
	case op.cancelled || op.stage == atOwner:
		return nil
	case op.stage == parked:
		op.cancelled = true
		itself := func(other *Op) bool { return other == op }
		o.restarts, o.hungry = slices.DeleteFunc(o.restarts, itself), slices.DeleteFunc(o.hungry, itself)
		o.ended = append(o.ended, op)
		return nil
	}
	if err := o.callOff(op); err != nil {
		return err
	}
	op.cancelled = true
	return nil
}

// callOff has the kernel end what it has of op.
func (o *operations) callOff(op *Op) error {
	s, err := o.next()
	if err != nil {
		return err
	}
	s.code, s.fd, s.flags, s.address, s.data = codeCancel, -1, quiet, op.data(), forNobody
	return nil
}

// reapEnded reports those that were cancelled while the kernel did not have them.
func (o *operations) reapEnded(ready []Ready) (n int) {
	for n < len(ready) && len(o.ended) > 0 {
		last := len(o.ended) - 1
		op := o.ended[last]
		o.ended[last], o.ended = nil, o.ended[:last]
		ready[n] = Ready{Op: op, N: -int(unix.ECANCELED)}
		o.leave(op)
		n++
	}
	return n
}

// completed takes in what became of an operation, and reports whether its owner is to hear of it.
func (o *operations) completed(c completion, ready *Ready) bool {
	op := o.table[uint32(c.data)]
	*ready = Ready{Op: op, N: int(c.result), More: true}
	if c.flags&completionBuffer != 0 {
		ready.Buffer = uint16(c.flags >> 16)
		o.taken(op, ready.Buffer, c)
	}
	if c.flags&completionMore != 0 {
		return true
	}
	if op.interrupted(c.result) {
		ready.N = -int(unix.ECANCELED) // the owner asked for an end, and this is one
	}
	if !op.cancelled && o.goesOn(op, c.result) {
		return c.result >= 0
	}
	ready.More = false
	o.leave(op)
	return true
}

// taken notes that the kernel has filled a buffer, and into which size the receive is to go when it is begun again. What has filled one of
// a lesser size is called off for that; if there is no room for it, the next full buffer is another occasion. Until it has come back, what it
// still brings in buffers of the old size says nothing.
func (o *operations) taken(op *Op, number uint16, c completion) {
	size, fits := sizeOf(number), fitting(int(c.result))
	o.buffers[size].out++
	goesOn := c.flags&completionMore != 0
	switch {
	case op.buffers != untold && op.buffers < size:
	case fits < size && (!goesOn || o.callOff(op) == nil):
		op.buffers, o.moving = size-1, true
		o.credit -= outgrowCost
	case fits < size:
	case o.credit < 0:
		o.credit++
		op.buffers = size
	default:
		o.credit = min(o.credit+1, outgrowCost)
		op.buffers = fits
		if fits > size && goesOn && o.credit >= moveCost && o.callOff(op) == nil {
			o.moving = true
			o.credit -= moveCost
		}
	}
}

// To receive into lesser buffers has to pay for the moves. A receive is moved there, without having starved, for one in moveCost messages that fit:
// a connection of a few messages is not worth it. And where a large message comes to small buffers it fills many of them before it has its receive
// moved back; that is to happen once in outgrowCost messages at most. At 64 instead of both, 64 connections with 10 % of messages of 64 KiB
// cost a quarter more.
const (
	moveCost    = 64
	outgrowCost = 4096
)

// again submits what need not wait for the owners' turn, and reports whether there is something for the kernel.
func (o *operations) again() bool {
	o.feed(false)
	some := o.moving || len(o.restarts) > 0
	o.moving = false
	return some && o.restart() == nil
}

// interrupted reports whether a multishot operation has ended for a reason that is not its own: its thread has ended (or it was
// cancelled), or there was no buffer.
func (op *Op) interrupted(result int32) bool {
	errno := unix.Errno(max(0, -result))
	return op.kind <= receiving && (errno == unix.ECANCELED || errno == unix.EINTR) || op.kind == receiving && errno == unix.ENOBUFS
}

// goesOn parks a multishot operation that has ended and need not have.
func (o *operations) goesOn(op *Op, result int32) bool {
	more := op.kind == accepting && result >= 0 || op.kind == receiving && result > 0
	if !more && !op.interrupted(result) {
		return false
	}
	op.stage = parked
	if result == -int32(unix.ENOBUFS) {
		o.hungry = append(o.hungry, op)
	} else {
		o.restarts = append(o.restarts, op)
	}
	return true
}

// feed begins receives again that have found no buffer, as many as there are buffers now, the longest hungry first. A single one may just have
// taken all that it could get, and will find what its owner gives back; a stock is too small if it has less than several starve for, or
// if owners keep all of it.
func (o *operations) feed(ownersHadTheirTurn bool) {
	if len(o.hungry) == 0 {
		return
	}
	var starving, left [sizes]int
	for _, op := range o.hungry {
		starving[op.buffers]++
	}
	for size := large; size < sizes; size++ {
		s := &o.buffers[size]
		told := starving[size]
		if size == large && (len(s.memory) < mostForUntold || ownersHadTheirTurn && s.left() <= 0) {
			told += starving[untold]
		}
		if told > s.left() && (told > 1 || ownersHadTheirTurn || len(s.memory) == 0) {
			s.enlarge()
		}
		left[size] = s.left()
	}
	o.hungry = slices.DeleteFunc(o.hungry, func(op *Op) bool {
		size := max(op.buffers, large)
		if left[size] <= 0 {
			return false
		}
		left[size]--
		o.restarts = append(o.restarts, op)
		return true
	})
}

// abandon calls all operations back; those that the kernel has come as completions.
func (o *operations) abandon() {
	for _, op := range o.table {
		switch {
		case op == nil:
		case op.stage == parked:
			o.leave(op)
		default:
			op.cancelled = true
		}
	}
	o.restarts, o.hungry, o.ended = nil, nil, nil
}
