package simulated

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A Queue holds the connections of a listening socket that nobody has accepted yet.
type Queue struct {
	Port int

	kernel  *Kernel
	waiting []*End
	limit   int
	closed  bool
	edges   uint32
	notify  func()
}

// OnArrival has call called for each connection that arrives.
func (q *Queue) OnArrival(call func()) { q.notify = call }

// Listen returns a descriptor that listens on a port, or outside of the process (with own being false) a queue without one.
func (k *Kernel) Listen(port, limit int, own bool) (*Queue, int, error) {
	if k.listening(port) != nil {
		return nil, -1, unix.EADDRINUSE
	}
	q := &Queue{Port: port, kernel: k, limit: limit}
	fd := -1
	if own {
		var err error
		if fd, err = k.install(&file{queue: q}); err != nil {
			return nil, -1, err
		}
	}
	k.queues = append(k.queues, q)
	return q, fd, nil
}

func (k *Kernel) listening(port int) *Queue {
	for _, q := range k.queues {
		if q.Port == port {
			return q
		}
	}
	return nil
}

// close resets what was not accepted.
func (q *Queue) close() {
	q.closed = true
	q.kernel.queues = slices.DeleteFunc(q.kernel.queues, func(other *Queue) bool { return other == q })
	for len(q.waiting) > 0 {
		q.lose()
	}
}

// Dial connects from outside to a port of anybody.
func (k *Kernel) Dial(port int) (*End, error) {
	near, far := k.connection()
	if !k.arrange(far, port) {
		return nil, unix.ECONNREFUSED
	}
	return near, nil
}

// arrange lays the far end of a new connection into the queue of a port.
func (k *Kernel) arrange(far *End, port int) bool {
	q := k.listening(port)
	if q == nil || len(q.waiting) >= q.limit {
		k.failed(port, "refused")
		return false
	}
	q.waiting = append(q.waiting, far)
	q.edges++
	k.Progress++
	k.note(Dialed, far.Number, port, len(q.waiting))
	if q.notify != nil {
		q.notify()
	}
	return true
}

// Connect is a socket and a connect(2) that does not block, by the process. The outcome is EINPROGRESS, nil, or what has gone wrong already.
func (k *Kernel) Connect(port int) (fd int, outcome, err error) {
	if k.full() || k.strikes(k.Faults.Descriptor) {
		return -1, nil, unix.EMFILE
	}
	near, far := k.connection()
	fd, err = k.install(&file{end: near})
	if err != nil {
		return -1, nil, err
	}
	if near.direct {
		if !k.arrange(far, port) {
			near.reset, far.closed = true, true
			return fd, unix.ECONNREFUSED, nil
		}
		return fd, nil, nil
	}
	near.connecting = true
	k.After(k.Soon(), func() { k.connected(near, far, port) })
	if k.strikes(k.Faults.Interrupt) {
		return fd, unix.EINTR, nil // goes on all the same
	}
	return fd, unix.EINPROGRESS, nil
}

func (k *Kernel) connected(near, far *End, port int) {
	if near.closed {
		return
	}
	if !k.arrange(far, port) {
		far.closed = true
		near.abort(unix.ECONNREFUSED)
		return
	}
	near.connecting = false
	near.changed(false, true)
}

// acceptErrors are what accept(2) says now and then although the socket was reported ready. Those of the second kind cost the connection.
var acceptErrors = [...]struct {
	errno unix.Errno
	gone  bool
}{
	{unix.EAGAIN, false}, {unix.EINTR, false}, {unix.EMFILE, false}, {unix.ENFILE, false}, {unix.ENOBUFS, false}, {unix.ENOMEM, false},
	{unix.ECONNABORTED, true}, {unix.EPROTO, true}, {unix.ENETUNREACH, true},
}

// Accept is accept4(2): the descriptor of the first connection in the queue.
func (k *Kernel) Accept(fd int) (int, *End, error) {
	f := k.file(fd)
	if f == nil || f.queue == nil {
		return -1, nil, unix.EBADF
	}
	q := f.queue
	if len(q.waiting) == 0 {
		return -1, nil, unix.EAGAIN
	}
	if k.full() {
		k.failed(fd, "accept: no descriptor is left")
		return -1, nil, unix.EMFILE
	}
	if k.strikes(k.Faults.Accept) {
		return -1, nil, q.fail(fd)
	}
	e := q.take()
	n, err := k.install(&file{end: e})
	if err != nil {
		return -1, nil, err
	}
	k.Progress++
	k.note(Accepted, n, e.Number, len(q.waiting))
	return n, e, nil
}

func (q *Queue) fail(fd int) error {
	k := q.kernel
	chosen := acceptErrors[k.choose.Below(len(acceptErrors))]
	k.failed(fd, "accept: "+chosen.errno.Error())
	k.Progress++
	q.edges++
	if chosen.gone {
		q.lose()
	}
	return chosen.errno
}

// lose resets the first connection, as if it had died while it waited.
func (q *Queue) lose() {
	e := q.take()
	e.peer.Lost = true
	e.Abort()
}

// take is also how a queue outside of the process is accepted from.
func (q *Queue) take() *End {
	e := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return e
}

// Accept takes the first connection of a queue outside of the process, nil if there is none.
func (q *Queue) Accept() *End {
	if len(q.waiting) == 0 {
		return nil
	}
	return q.take()
}
