package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// reconnect closes the spent connection i and begins another in its place, without waiting for the handshake: until it is done a
// write finds no room, as on any connection that is full, and epoll tells when it is.
func (e *epollEngine) reconnect(i int, now int64) error {
	unix.Close(int(e.fds[i]))
	e.fds[i] = -1
	fd, err := beginDial(e.family, e.peer)
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return errors.New("the local ports are used up: closed connections keep theirs for a second or more; take a lower rate or a larger requests_per_conn")
	}
	if err != nil {
		return fmt.Errorf("a new connection in place of %d: %w", e.streams[i].number, err)
	}
	e.fds[i] = int32(fd)
	if err := e.stamps.ask(fd); err != nil {
		return err
	}
	e.connects++
	s := &e.streams[i]
	s.renew(e.plan, e.payload)
	e.blocked[i], s.movedAt = true, now
	return e.watch(unix.EPOLL_CTL_ADD, i, unix.EPOLLIN|unix.EPOLLOUT)
}

// beginDial starts a connection and leaves its handshake to the kernel.
func beginDial(family int, peer unix.Sockaddr) (fd int, err error) {
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err = noDelay(fd, family); err == nil {
		err = unix.Connect(fd, peer)
	}
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// A pace spaces connections evenly in time.
type pace struct {
	gap, next int64 // ns; a gap of 0 does not wait
}

func newPace(perSecond float64) pace {
	if perSecond == 0 {
		return pace{}
	}
	return pace{gap: int64(1e9 / perSecond), next: clock()}
}

// wait lasts until the next connection is due. One that is late does not move those behind it.
func (p *pace) wait() {
	if p.gap == 0 {
		return
	}
	for left := p.next - clock(); left > 0; left = p.next - clock() {
		pause := unix.NsecToTimespec(left)
		unix.Nanosleep(&pause, nil)
	}
	p.next += p.gap
}

// mostStalled is how much each stalled reader sends at most, so that a server without backpressure, which keeps it all, costs 4 MiB of
// memory for each and not all there is.
const mostStalled = 4 << 20

// stalledReaders are connections that send and never read. What a server does with the echo that it cannot deliver, and whether the
// other connections feel it, is the question.
type stalledReaders struct {
	fds  []int32
	sent []int
	lost int64
}

// stall opens the plan's stalled readers. Their epoll events carry the numbers behind those of the streams.
func (e *epollEngine) stall() error {
	for i := range e.plan.Stalled {
		fd, err := dial(e.plan.Network, e.plan.Address, e.plan.Patience)
		if err != nil {
			return fmt.Errorf("stalled reader %d of %d: %w", i, e.plan.Stalled, err)
		}
		e.stalled.fds = append(e.stalled.fds, int32(fd))
		e.stalled.sent = append(e.stalled.sent, 0)
		event := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLET&0xffffffff, Fd: int32(len(e.streams) + i)}
		if err := unix.EpollCtl(e.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return fmt.Errorf("epoll_ctl: %w", err)
		}
	}
	return nil
}

// feed writes on stalled reader i until there is no room.
func (r *stalledReaders) feed(load *payload, i int) {
	for r.fds[i] >= 0 && r.sent[i] < mostStalled {
		n, errno := rawIO(unix.SYS_WRITE, r.fds[i], load.piece(0, 64<<10))
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0:
			unix.Close(int(r.fds[i]))
			r.fds[i] = -1
			r.lost++
			return
		}
		r.sent[i] += n
	}
}

func (r *stalledReaders) close() {
	for _, fd := range r.fds {
		if fd >= 0 {
			unix.Close(int(fd))
		}
	}
	r.fds = nil
}
