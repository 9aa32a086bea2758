package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

const defaultEngine = "epoll"

// An epollEngine is a reactor itself, the cheapest client that a thread can be: one locked and pinned thread, one epoll
// instance, one read buffer for all connections, no allocation and no epoll_ctl once it runs.
//
// Reading, sending and verifying take turns on each connection in the order
//
//	read → look at the clock → account → write the requests that became due → verify what was read
//
// so that a single clock reading serves as the end of one request and the start of the next. A latency is therefore
// too long by the accounting between that reading and the write, some 30 ns, and never too short.
type epollEngine struct {
	threadEngine
	family  int
	peer    unix.Sockaddr
	fds     []int32
	blocked []bool // connections that wait for EPOLLOUT, because the kernel took less than was due
	epoll   int
	events  []unix.EpollEvent
	buffer  []byte
	alarm   alarm
	spin    spin
	stamps  stamps
	stalled stalledReaders
	storm   storm
}

func newEpollEngine(p Plan) engine {
	return &epollEngine{
		threadEngine: threadEngine{accounts: newAccounts(p)},
		blocked:      make([]bool, p.Conns),
		epoll:        -1,
		events:       make([]unix.EpollEvent, 256),
		buffer:       make([]byte, largestPiece),
		stamps:       stamps{on: p.Stamps},
	}
}

func engines() map[string]func(Plan) engine {
	return map[string]func(Plan) engine{"epoll": newEpollEngine, "io_uring": newUringEngine, "portable": newPortableEngine, spinning: newSpinEngine}
}

// refused is why this system does not let an engine run that it has.
func refused(engine string) error {
	if engine == "io_uring" {
		return refusesUring()
	}
	return nil
}

// connect makes the connections one after the other: on loopback each takes some 20 µs, and the server's queue never fills.
func (e *epollEngine) connect(ctx context.Context) (err error) {
	if e.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	if e.isOpen() {
		if err = e.alarm.open(e.epoll); err != nil {
			return err
		}
	}
	if e.family, e.peer, err = resolve(e.plan.Network, e.plan.Address); err != nil {
		return err
	}
	if e.plan.Storm {
		e.fds = slices.Repeat([]int32{-1}, len(e.streams))
		return e.stall()
	}
	pace := newPace(e.plan.ConnectsPerS)
	for i := range e.streams {
		pace.wait()
		if ctx.Err() != nil {
			return errAborted
		}
		fd, err := dial(e.plan.Network, e.plan.Address, e.plan.source(e.plan.First+i), e.plan.Patience)
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", e.plan.First+i, e.plan.First+e.plan.Conns, err)
		}
		e.fds = append(e.fds, int32(fd))
		if err := e.stamps.ask(fd); err != nil {
			return err
		}
		if err := e.watch(unix.EPOLL_CTL_ADD, i, unix.EPOLLIN); err != nil {
			return err
		}
	}
	return e.stall()
}

// watch sets what to wait for on connection i. The event carries i, not the descriptor.
func (e *epollEngine) watch(op, i int, events uint32) error {
	err := unix.EpollCtl(e.epoll, op, int(e.fds[i]), &unix.EpollEvent{Events: events, Fd: int32(i)})
	if err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (e *epollEngine) close() {
	for _, fd := range e.fds {
		if fd >= 0 {
			unix.Close(int(fd))
		}
	}
	e.fds = nil
	e.alarm.close()
	e.stalled.close()
	if e.epoll >= 0 {
		unix.Close(e.epoll)
		e.epoll = -1
	}
}

// run must have a goroutine of its own, whose thread ends with it.
func (e *epollEngine) run(c *control) (Tally, error) { return e.runOn(e, c) }

// start sends the first requests of the closed loop, or begins the plan of the open one. A storm begins with the first turn.
func (e *epollEngine) start() error {
	switch {
	case e.isOpen():
		e.startPlan(clock())
		return nil
	case e.plan.Storm:
		return nil
	}
	for i := range e.streams {
		now := clock()
		e.issue(&e.streams[i], now)
		if err := e.attempt(i, now); err != nil {
			return err
		}
	}
	return nil
}

// turn waits once and handles what is ready.
func (e *epollEngine) turn() error {
	n, err := e.wait()
	if err != nil {
		return err
	}
	for _, event := range e.events[:n] {
		if err := e.handle(event); err != nil {
			return err
		}
	}
	return nil
}

// launch begins what no reply begins: requests of a plan, and storms.
func (e *epollEngine) launch(c *control, now int64) error {
	switch {
	case e.isOpen():
		return e.keepToPlan(c, now)
	case e.isStormDue():
		return e.rise()
	}
	return nil
}

// keepToPlan sends what is planned until now. Each write is preceded by a look at the clock of its own, since the one before it has
// taken more than a microsecond.
func (e *epollEngine) keepToPlan(c *control, now int64) error {
	for _, i := range e.dueUntil(c, now) {
		e.spin.vain = false
		if err := e.attempt(i, clock()); err != nil {
			return err
		}
	}
	return nil
}

func (e *epollEngine) lateness(s *stream, now int64) error { return e.overdue(s, now) }

// attempt sends on connection i and drops it if that shows a fault.
func (e *epollEngine) attempt(i int, now int64) error { return e.drop(i, e.send(i, now)) }

// drop ends connection i by the fault err and leaves the others alone; an error that is no fault comes back.
func (e *epollEngine) drop(i int, err error) error {
	if err == nil {
		return nil
	}
	if err := e.lose(&e.streams[i], err); err != nil {
		return err
	}
	e.hangUp(i)
	return nil
}

// hangUp closes connection i, if it is open.
func (e *epollEngine) hangUp(i int) {
	if e.fds[i] < 0 {
		return
	}
	unix.Close(int(e.fds[i]))
	e.fds[i] = -1
	e.storm.up--
}

func (e *epollEngine) handle(event unix.EpollEvent) error {
	i := int(event.Fd)
	if i == alarmNumber { // the plan is looked at in every turn
		return nil
	}
	if i >= len(e.streams) {
		e.stalled.feed(e.payload, i-len(e.streams))
		return nil
	}
	if e.fds[i] < 0 { // dropped in this turn
		return nil
	}
	if event.Events&unix.EPOLLOUT != 0 {
		if err := e.attempt(i, clock()); err != nil || e.fds[i] < 0 {
			return err
		}
	}
	if event.Events&^unix.EPOLLOUT != 0 { // EPOLLIN, or EPOLLERR and EPOLLHUP, which read tells apart
		return e.drop(i, e.receive(i))
	}
	return nil
}

// receive reads once. If there is more the level-triggered epoll says so again.
func (e *epollEngine) receive(i int) error {
	s := &e.streams[i]
	n, errno := e.take(e.fds[i])
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return broken(s, "read", errno)
	case n == 0:
		return s.closedEarly()
	}
	now := clock()
	number, offset, place := s.number, s.received-s.before, s.receivedPlace
	if err := e.read(s, n, now); err != nil { // more than was sent; what was owed may be wrong besides
		owed := n - int(s.received-s.sent)
		return errors.Join(e.payload.verify(e.buffer[:owed], number, offset, place), err)
	}
	if s.isSpent() {
		if err := e.replace(i, now); err != nil {
			return err
		}
	}
	e.issue(s, now)
	if err := e.send(i, now); err != nil {
		return err
	}
	return e.payload.verify(e.buffer[:n], number, offset, place)
}

// send writes all that is due on connection i in as few writes as possible. What the kernel does not take waits for EPOLLOUT.
func (e *epollEngine) send(i int, now int64) error {
	s := &e.streams[i]
	for s.sent < s.due {
		piece := s.toSend(e.payload)
		n, errno := rawIO(unix.SYS_WRITE, e.fds[i], piece)
		if errno == unix.EAGAIN || errno == unix.EINTR {
			break
		}
		if errno != 0 {
			return broken(s, "write", errno)
		}
		s.wrote(n, now)
		if n < len(piece) {
			break
		}
	}
	return e.block(i, s.sent < s.due, now)
}

// block starts or stops waiting for room on connection i.
func (e *epollEngine) block(i int, blocked bool, now int64) error {
	if blocked == e.blocked[i] {
		return nil
	}
	e.blocked[i] = blocked
	events := uint32(unix.EPOLLIN)
	if blocked {
		events |= unix.EPOLLOUT
		e.streams[i].movedAt = now
	}
	return e.watch(unix.EPOLL_CTL_MOD, i, events)
}

// silent checks that no connection holds a byte more when all is answered.
func (e *epollEngine) silent() error {
	e.tally.StalledLost = e.stalled.lost
	for i := range e.streams {
		if e.fds[i] < 0 || e.streams[i].inFlight() > 0 {
			continue
		}
		if err := e.drop(i, e.silence(i)); err != nil {
			return err
		}
	}
	return nil
}

func (e *epollEngine) silence(i int) error {
	n, errno := rawIO(unix.SYS_READ, e.fds[i], e.buffer)
	switch s := &e.streams[i]; {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return broken(s, "read", errno)
	case n == 0:
		return s.closedEarly()
	default:
		return s.talkative(n)
	}
}
