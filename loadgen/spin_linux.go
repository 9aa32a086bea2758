package main

import "runtime"

// A spin makes the epoll engine ask again and again instead of sleeping, so that a request is sent, and its reply read, within a turn
// of when that is due. A thread that sleeps is late by what it takes to wake it, some 20 µs on a virtual machine and by no means always the same,
// and what is uneven about that is in every response time. The price is the whole core: what the client costs is then no figure, and a
// server on the same core would have none either.
//
// What a busy engine is has to be told apart from that: the time of turns in which nothing had come and nothing was due is idle.
type spin struct {
	on     bool
	vain   bool  // the turn that began at turned has found nothing
	turned int64 // clock
}

func newSpinEngine(p Plan) engine {
	e := newEpollEngine(p).(*epollEngine)
	e.spin.on = true
	return e
}

// look takes what is ready. The time since it was last called was idle if nothing was done meanwhile.
func (e *epollEngine) look() (int, error) {
	now := clock()
	if e.spin.vain {
		e.idle += now - e.spin.turned
	}
	e.spin.turned = now
	if !e.keepsP { // there are fewer than others need, and who never sleeps never gives one up
		runtime.Gosched()
	}
	n, err := e.ready(0)
	e.spin.vain = n == 0
	return n, err
}
