package main

import (
	"log"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	acceptsPerTurn = 64 // then the connections get their turn: a flood of newcomers must not starve them
	firstPause     = 5 * time.Millisecond
	longestPause   = time.Second
)

// An acceptor takes connections from the listening socket and deals them to the loops in turn. It belongs to the
// first loop. Adding a descriptor to another loop's epoll instance is safe from any thread and is all the
// hand-over there is: the kernel wakes that loop with the first input, not before. (A listening socket for each
// loop, SO_REUSEPORT, would spare the one acceptor; but it deals by a hash of addresses, unevenly when clients
// are few, and lets two servers share one port by mistake.)
type acceptor struct {
	listener listener
	fd       int32 // of the listener
	loops    []*loop
	next     int

	retry   time.Time     // end of the present pause; zero: none
	pause   time.Duration // length of the last one; 0 once a connection has been accepted again
	logged  bool          // that resources are used up; until the queue has been empty again
	highest atomic.Int32  // descriptor accepted so far: bounds every loop's search for its own when it stops
}

func acceptInto(loops []*loop, listener listener) error {
	a := &acceptor{listener: listener, fd: int32(listener.fd), loops: loops}
	for _, l := range loops {
		l.acceptor = a
	}
	loops[0].owner = true
	return loops[0].control(unix.EPOLL_CTL_ADD, a.fd, unix.EPOLLIN)
}

// accept takes a batch of the waiting connections.
func (a *acceptor) accept() {
	for range acceptsPerTurn {
		// A raw system call, as in read: the socket does not block. Nobody asks for the client's address.
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(a.fd), 0, 0,
			unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch verdict(errno) {
		case accepted:
			a.pause = 0
			a.give(int32(fd))
		case queueEmpty:
			a.logged = false
			return
		case lost:
		case exhausted:
			a.rest(errno)
			return
		}
	}
}

// give hands the connection to the next loop. If epoll has no memory for it, this one connection ends.
func (a *acceptor) give(fd int32) {
	a.highest.Store(max(a.highest.Load(), fd))
	l := a.loops[a.next]
	a.next = (a.next + 1) % len(a.loops)
	if l.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil {
		unix.Close(int(fd))
	}
}

type acceptVerdict int

const (
	accepted   acceptVerdict = iota
	queueEmpty               // nobody is waiting
	lost                     // this one broke while it waited; the next one may be sound
	exhausted                // a resource is used up: trying again at once would only fail again
)

// verdict sorts the errors of accept(2). An error that the list does not name is waited out too: no error of
// accept is a reason for a server to die.
func verdict(errno unix.Errno) acceptVerdict {
	switch errno {
	case 0:
		return accepted
	case unix.EAGAIN:
		return queueEmpty
	case unix.EINTR, unix.ECONNABORTED, unix.EPERM, // the manual page has TCP report pending network errors here
		unix.EPROTO, unix.ENETDOWN, unix.ENOPROTOOPT, unix.EHOSTDOWN, unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH:
		return lost
	default: // EMFILE, ENFILE, ENOBUFS, ENOMEM
		return exhausted
	}
}

// rest stops watching the listener for a while. It would stay readable, and the loop would spin on it. Pauses
// double up to a second; the log hears of the trouble once, not of every attempt.
func (a *acceptor) rest(reason unix.Errno) {
	if !a.logged {
		log.Printf("accept: %v; pausing", reason)
		a.logged = true
	}
	a.pause = min(max(firstPause, 2*a.pause), longestPause)
	a.retry = time.Now().Add(a.pause)
	a.watch(0)
}

func (a *acceptor) paused() bool { return !a.retry.IsZero() }

func (a *acceptor) resumeWhenDue() {
	if time.Now().After(a.retry) {
		a.retry = time.Time{}
		a.watch(unix.EPOLLIN)
	}
}

func (a *acceptor) watch(events uint32) {
	if err := a.loops[0].control(unix.EPOLL_CTL_MOD, a.fd, events); err != nil {
		log.Fatal(err) // a listener that nobody watches is a server that only looks alive
	}
}

// close ends accepting for good, and only then tells the other loops: so none is given a connection after it has
// looked for its own.
func (a *acceptor) close() {
	a.listener.close()
	a.retry = time.Time{}
	for _, l := range a.loops[1:] {
		l.wakeUp()
	}
}
