package spec

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A Pace decides how a connection's bytes are cut into writes: the size of the next write and the pause after it.
type Pace func() (size int64, pause time.Duration)

// AtOnce writes as much as the kernel takes.
func AtOnce() (int64, time.Duration) { return 1 << 62, 0 }

// Echo sends the next n bytes and reads their echo at the same time, so n may be larger than all buffers together.
func (c *Conn) Echo(n int64) { c.t.EchoAll([]*Conn{c}, n, AtOnce) }

// EchoPaced is Echo with the writes cut by pace.
func (c *Conn) EchoPaced(n int64, pace Pace) { c.t.EchoAll([]*Conn{c}, n, pace) }

// EchoAll echoes n bytes on each of the connections at the same time. It fails the check at the first wrong byte, at an early
// end, and when no connection makes progress for longer than the patience.
func (t *T) EchoAll(conns []*Conn, n int64, pace Pace) {
	x := exchange{t: t, progress: time.Now()}
	for _, c := range conns {
		x.jobs = append(x.jobs, &job{c: c, sendTo: c.sent + n, receiveTo: c.received + n})
	}
	for x.forgetFinished(); len(x.jobs) > 0; x.forgetFinished() {
		x.turn(pace)
	}
	t.echoed(conns, n)
}

func (t *T) echoed(conns []*Conn, n int64) {
	if len(conns) == 1 {
		conns[0].eventf("echoed %s", group(n))
		return
	}
	t.Eventf("echoed %s on %d connections", group(n), len(conns))
}

// An exchange drives any number of connections that send and receive at once.
type exchange struct {
	t        *T
	jobs     []*job
	progress time.Time // when a byte last moved on any of them
}

// A job is one connection's part of an exchange.
type job struct {
	c                 *Conn
	sendTo, receiveTo int64
	piece             int64         // what is left of the current write
	pause             time.Duration // after it
	resume            time.Time     // no write before this
}

// turn waits until some connection can move, and moves each that can.
func (x *exchange) turn(pace Pace) {
	now := time.Now()
	fds := make([]unix.PollFd, len(x.jobs))
	next := now.Add(slice)
	for i, j := range x.jobs {
		fds[i] = unix.PollFd{Fd: int32(j.c.fd), Events: unix.POLLIN}
		switch {
		case j.c.sent >= j.sendTo:
		case now.Before(j.resume):
			next = earlier(next, j.resume)
		default:
			fds[i].Events |= unix.POLLOUT
		}
	}
	if !x.t.poll(fds, next, x.jobs[0].c.wanted(x.jobs[0].receiveTo)) {
		x.stalled(now)
		return
	}
	for i, j := range x.jobs {
		x.move(j, fds[i].Revents, pace)
	}
}

func (x *exchange) move(j *job, ready int16, pace Pace) {
	if ready&(unix.POLLIN|unix.POLLHUP|unix.POLLERR) != 0 {
		j.read(x)
	}
	if ready&unix.POLLOUT != 0 {
		j.write(x, pace)
	}
}

func (j *job) read(x *exchange) {
	due := j.receiveTo - j.c.received
	if j.c.sent == j.receiveTo {
		due++ // nothing else is on its way: one byte more would be a surplus
	}
	got, how, err := j.c.receive(due, 0, "an echo")
	switch how {
	case data:
		j.c.accept(got)
		x.progress = time.Now()
	case fin, reset:
		j.c.short(j.c.wanted(j.receiveTo), how, err)
	}
}

func (j *job) write(x *exchange, pace Pace) {
	if j.piece == 0 {
		j.piece, j.pause = pace()
		j.piece = min(j.piece, j.sendTo-j.c.sent)
	}
	wrote, err := j.c.write(j.piece)
	if err != nil && err != unix.EAGAIN {
		j.c.t.alive(j.c.wanted(j.receiveTo))
		j.c.t.Fatal(j.c.wanted(j.receiveTo), fmt.Sprintf("after %s sent: %v", plural(j.c.sent, "byte", "bytes"), err))
	}
	if wrote > 0 {
		x.progress = time.Now()
	}
	if j.piece -= wrote; j.piece == 0 && j.pause > 0 {
		j.resume = x.progress.Add(j.pause)
	}
}

func (x *exchange) stalled(now time.Time) {
	first := x.jobs[0].c
	x.t.alive(first.wanted(x.jobs[0].receiveTo))
	if now.Sub(x.progress) > x.t.scaled(patience) {
		first.short(first.wanted(x.jobs[0].receiveTo), silence, nil)
	}
}

func (x *exchange) forgetFinished() {
	kept := x.jobs[:0]
	for _, j := range x.jobs {
		if j.c.received < j.receiveTo || j.c.sent < j.sendTo {
			kept = append(kept, j)
		}
	}
	x.jobs = kept
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
