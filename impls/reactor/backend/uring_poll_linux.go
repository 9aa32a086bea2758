package backend

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// uringPoll asks for readiness by io_uring: one poll operation for each descriptor.
//
// A level is a poll for once, submitted again by the wait after the one that told of it: if the descriptor is still
// ready, that completes at once, in the same system call that waits. (A multishot poll, also one that the kernel calls level-triggered,
// speaks up only when something changes.) An edge is a multishot poll. So a turn costs one enter, whatever has changed in
// between, and Set none, except to look at the file.
//
// The kernel reports the end of the stream (EPOLLRDHUP) unasked, and a level of it would end each wait at once. Where that is all
// that a poll for once has to say, a multishot poll takes its place, which says it once, until there is something that was asked for.
//
// A poll keeps its file open. A withdrawal is therefore handed over at once: what is closed next has to be closed really. And a
// descriptor that is closed while registered keeps its file, and a socket its connection, until the registration
// goes, by Set or by the next descriptor with that number.
type uringPoll struct {
	*ring
	watches pages[watch] // by descriptor
	again   []int32      // descriptors to submit a poll for

	// lively is the guess about the next Wait: true if the last one found several completions.
	lively bool

	work *operations // of a uring; otherwise nil
	timeslice
}

// A watch is what is known about a descriptor: polls know only numbers.
type watch struct {
	token    Token
	file     fileID
	sequence uint32 // of its last poll: what an earlier one has to say is not heard
	what     What   // 0: not registered
	armed    bool   // that poll is the kernel's
	changes  bool   // that poll is to be multishot, or is: only changes are told
	queued   bool   // is in again
}

var _ Backend = (*uringPoll)(nil)

// Operations of the kernel, and their flags.
const (
	codePoll   = 6
	codeCancel = 14

	cancelAll = 1 << 0 // these two in operation
	cancelAny = 1 << 2

	pollMultishot = 1 << 0 // in length
)

var pollNeeds = []operationNeed{{codePoll, "polling", "5.1"}, {codeCancel, "cancellation", "5.5"}}

func openUringPoll() (Backend, error) {
	p, err := newUringPoll("io_uring-poll", systemRings)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func newUringPoll(method string, kernel ringKernel) (*uringPoll, error) {
	r, err := openRing(method, kernel)
	if err != nil {
		return nil, err
	}
	if err := r.probe(method, kernel, pollNeeds); err != nil {
		r.close()
		return nil, err
	}
	return &uringPoll{ring: r}, nil
}

func (p *uringPoll) Name() string       { return "io_uring-poll" }
func (p *uringPoll) Features() Features { return EdgeTriggered | ConstantTime | EarlyClose | OneThread }

// Close calls back what is under way and waits for it. Closing the ring would have the same effect, but a little later: until then
// sockets that are closed by now would not be closed for their peers.
func (p *uringPoll) Close() error {
	if p.fd < 0 {
		return nil
	}
	for fd := range p.watches.len() {
		w := p.watches.at(fd)
		w.what, w.armed = 0, false
	}
	if s, err := p.next(); err == nil {
		s.code, s.fd, s.operation, s.data = codeCancel, -1, cancelAll|cancelAny, forNobody
		p.awaitAll()
	}
	return p.ring.close()
}

// awaitAll hands over what is to be submitted, and takes operations back until there are none.
func (p *uringPoll) awaitAll() {
	err := p.Flush()
	for ready := make([]Ready, 64); err == nil && p.work != nil && p.work.underWay > 0; {
		_, err = p.sleep(ready, -1)
	}
}

func (p *uringPoll) Set(fd int, token Token, old, new What) error {
	switch old, new = old&(Interest|ET), new&(Interest|ET); {
	case old&Interest == 0 && new&Interest == 0:
		return nil
	case old&Interest == 0:
		return p.add(fd, token, new)
	case new&Interest == 0:
		return p.remove(fd)
	default:
		return p.modify(fd, token, new)
	}
}

func (p *uringPoll) add(fd int, token Token, what What) error {
	file, err := identify(fd)
	if err != nil {
		return fmt.Errorf("io_uring poll of descriptor %d: %w", fd, err)
	}
	p.watches.grow(fd)
	if err := p.disarm(fd); err != nil { // whatever had this number before is gone
		return err
	}
	w := p.watches.at(fd)
	w.token, w.file = token, file
	p.want(fd, what)
	return nil
}

func (p *uringPoll) modify(fd int, token Token, what What) error {
	if fd >= p.watches.len() || p.watches.at(fd).what == 0 {
		return ErrReplaced
	}
	if file, err := identify(fd); err != nil || file != p.watches.at(fd).file {
		p.remove(fd)
		return ErrReplaced
	}
	if err := p.disarm(fd); err != nil {
		return err
	}
	p.watches.at(fd).token = token
	p.want(fd, what)
	return nil
}

// want has the next wait submit a poll.
func (p *uringPoll) want(fd int, what What) {
	w := p.watches.at(fd)
	w.what, w.changes = what, what.Has(ET)
	p.queue(fd)
}

// remove hands the withdrawal over at once, for the sake of the file.
func (p *uringPoll) remove(fd int) error {
	if fd >= p.watches.len() {
		return nil
	}
	p.watches.at(fd).what = 0
	if !p.watches.at(fd).armed {
		return nil
	}
	if err := p.disarm(fd); err != nil {
		return err
	}
	return p.Flush()
}

// disarm withdraws the poll of a descriptor. The operation that is named for it, poll removal, fails with EALREADY where something has just
// come and the kernel has still to tell of it: a multishot poll would live on, and with it the file. A cancellation marks that one too.
func (p *uringPoll) disarm(fd int) error {
	w := p.watches.at(fd)
	if !w.armed {
		return nil
	}
	s, err := p.next()
	if err != nil {
		return err
	}
	s.code, s.fd, s.flags = codeCancel, -1, quiet
	s.address, s.data = pollData(fd, w.sequence), forNobody
	w.armed, w.changes = false, w.what.Has(ET)
	return nil
}

func (p *uringPoll) queue(fd int) {
	if w := p.watches.at(fd); !w.queued {
		w.queued = true
		p.again = append(p.again, int32(fd))
	}
}

// arm submits the polls that are due.
func (p *uringPoll) arm() error {
	for i, fd := range p.again {
		w := p.watches.at(int(fd))
		if w.what != 0 && !w.armed {
			s, err := p.next()
			if err != nil {
				p.again = append(p.again[:0], p.again[i:]...)
				return err
			}
			w.sequence++
			s.code, s.fd, s.operation = codePoll, fd, pollEvents(w.what)
			if w.changes {
				s.length = pollMultishot
			}
			s.data = pollData(int(fd), w.sequence)
			w.armed = true
		}
		w.queued = false
	}
	p.again = p.again[:0]
	return nil
}

// What a completion is about stands in its data: the two highest bits say which kind, the lowest 32 which one, and those between which
// use of it.
const (
	forNobody = 0 << 62 // a withdrawal that found nothing
	forPoll   = 1 << 62 // of a descriptor
	forWork   = 2 << 62 // of an operation

	sequenceMask = 1<<30 - 1
)

func pollData(fd int, sequence uint32) uint64 {
	return forPoll | uint64(sequence&sequenceMask)<<32 | uint64(uint32(fd))
}

// polled takes in what a poll has to say, and reports whether it is of interest.
func (p *uringPoll) polled(c completion, ready *Ready) bool {
	fd := int(uint32(c.data))
	w := p.watches.at(fd)
	if !w.armed || pollData(fd, w.sequence) != c.data {
		return false
	}
	if c.flags&completionMore == 0 {
		w.armed = false
		p.queue(fd)
	}
	if c.result < 0 {
		p.pollFailed(w, unix.Errno(-c.result))
		return false
	}
	told := uint32(c.result) & (epollMask(w.what) | unix.EPOLLERR | unix.EPOLLHUP)
	if told == 0 {
		w.changes = true
		return false
	}
	if w.changes && !w.what.Has(ET) {
		p.disarm(fd) // if there is no room for that, the poll stays as it is
		p.queue(fd)
	}
	*ready = Ready{Token: w.token, What: epollWhat(told)}
	return true
}

// pollFailed forgets what was closed while registered (EBADF). Unasked, ECANCELED says that the thread has ended which had submitted the
// poll, and is as good a reason to try again as want of memory.
func (p *uringPoll) pollFailed(w *watch, errno unix.Errno) {
	if errno != unix.ECANCELED && errno != unix.ENOMEM {
		w.what = 0
	}
}

// Wait hands over all that is to be submitted, and waits if there are no completions. As with epoll, it first asks without blocking
// where the last turn was lively, and otherwise makes one system call of it.
func (p *uringPoll) Wait(ready []Ready, timeout time.Duration) (int, error) {
	n, err := p.look(ready, timeout)
	if n == 0 && err == nil && timeout != 0 {
		n, err = p.sleep(ready, timeout)
	}
	p.lively = n > 1
	return n, err
}

// look does what can be done without blocking, if there is reason to.
func (p *uringPoll) look(ready []Ready, timeout time.Duration) (int, error) {
	if err := p.begin(); err != nil {
		return 0, err
	}
	some := p.some() || p.work != nil && len(p.work.ended) > 0
	if some && p.waiting() == 0 {
		if n := p.reap(ready); n > 0 {
			return n, nil // what is there costs no system call
		}
	}
	if !some && !p.lively && timeout != 0 {
		return 0, nil
	}
	if err := p.enter(); err != nil {
		return 0, err
	}
	return p.reap(ready), nil
}

// sleep blocks until something of interest comes, or the time is over, or a signal interrupts.
func (p *uringPoll) sleep(ready []Ready, timeout time.Duration) (int, error) {
	var begun time.Time
	if timeout > 0 {
		begun = time.Now()
	}
	for left := timeout; ; {
		if err := p.begin(); err != nil { // what was looked at and was of no interest may go on
			return 0, err
		}
		p.yieldWhenDue()
		errno := p.block(left)
		if n := p.reap(ready); n > 0 || errno == unix.EINTR || errno == unix.ETIME {
			return n, nil
		}
		if errno != 0 && errno != unix.EBUSY {
			return 0, os.NewSyscallError("io_uring_enter", errno)
		}
		if timeout > 0 {
			if left = timeout - time.Since(begun); left <= 0 {
				return 0, nil
			}
		}
	}
}

// begin submits what is due.
func (p *uringPoll) begin() error {
	if err := p.arm(); err != nil || p.work == nil {
		return err
	}
	p.work.feed(true)
	return p.work.restart()
}

// Flush hands over what is to be submitted, without waiting.
func (p *uringPoll) Flush() error {
	if p.waiting() == 0 {
		return nil
	}
	return p.enter()
}

func (p *uringPoll) enter() error {
	switch errno := p.ask(); errno {
	case 0, unix.EINTR, unix.EBUSY: // EBUSY: completions that were not looked at are in the way
		return nil
	default:
		return os.NewSyscallError("io_uring_enter", errno)
	}
}

// reap fills ready from the completions. What is to begin again does so at once, as far as it can: a receive that has found no buffer should
// not have to wait for those that have had theirs, and one that goes on with buffers of another size not for a turn each.
func (p *uringPoll) reap(ready []Ready) (n int) {
	n = p.reapOnce(ready)
	for range mostAgain {
		if p.work == nil || n == len(ready) || !p.work.again() || p.enter() != nil {
			break
		}
		n += p.reapOnce(ready[n:])
	}
	return n
}

// mostAgain bounds how often a wait begins again: each other size of buffers takes two steps, to call off and to begin.
const mostAgain = 2 * int(sizes)

func (p *uringPoll) reapOnce(ready []Ready) (n int) {
	if p.work != nil {
		n = p.work.reapEnded(ready)
	}
	for n < len(ready) {
		c, ok := p.pop()
		if !ok {
			break
		}
		switch {
		case c.data>>62 == forPoll>>62:
			if p.polled(c, &ready[n]) {
				n++
			}
		case c.data>>62 == forWork>>62:
			if p.work.completed(c, &ready[n]) {
				n++
			}
		}
	}
	return n
}

func pollEvents(what What) uint32 {
	events := epollMask(what &^ ET)
	if bigEndian {
		events = events<<16 | events>>16
	}
	return events
}

// bigEndian: there the kernel wants the halves of the events swapped.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1
