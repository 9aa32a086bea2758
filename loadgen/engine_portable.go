package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A portableEngine is package net with two goroutines a connection, one reading and one writing. It runs wherever Go runs and
// verifies as much, but it costs more than most servers and has no thread of its own whose time could be read: its figures of
// the server are good, its throughput and latency are mostly its own.
type portableEngine struct {
	*accounts
	conns     []net.Conn
	wake      []chan struct{} // tells the writer of a connection that something is due; holds one token at most
	published atomic.Int64

	mu      sync.Mutex    // guards accounts while run is running
	failure chan error    // the first error of any goroutine
	drained chan struct{} // closed when the last request in flight is answered in the draining phase, or every connection is lost
	once    sync.Once     // closes drained
	over    chan struct{} // closed when the writers should end
}

func newPortableEngine(p Plan) engine {
	e := &portableEngine{
		accounts: newAccounts(p),
		failure:  make(chan error, 1),
		drained:  make(chan struct{}),
		over:     make(chan struct{}),
	}
	for range p.Conns {
		e.wake = append(e.wake, make(chan struct{}, 1))
	}
	return e
}

func (e *portableEngine) answered() int64 { return e.published.Load() }

func (e *portableEngine) connect(ctx context.Context) error {
	dialer := net.Dialer{Timeout: e.plan.Patience}
	for i := range e.streams {
		c, err := dialer.DialContext(ctx, e.plan.Network, e.plan.Address)
		if ctx.Err() != nil {
			return errAborted
		}
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", e.plan.First+i, e.plan.First+e.plan.Conns, err)
		}
		e.conns = append(e.conns, c)
	}
	return nil
}

func (e *portableEngine) close() {
	for _, c := range e.conns {
		c.Close()
	}
}

// run starts the goroutines and watches over them. On return all have ended.
func (e *portableEngine) run(c *control) (Tally, error) {
	var running sync.WaitGroup
	for i := range e.streams {
		running.Go(func() { e.report(i, e.write(i)) })
		running.Go(func() { e.report(i, e.receive(i)) })
	}
	err := e.watchOver(c)
	close(e.over)
	for _, c := range e.conns {
		c.SetDeadline(time.Unix(1, 0)) // ends a read or write that waits, and leaves the connection open
	}
	running.Wait()
	if err != nil {
		return Tally{}, err
	}
	return e.finish(clock())
}

// report takes the end of a goroutine of connection i: a fault loses the connection, another error ends the engine.
func (e *portableEngine) report(i int, err error) {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	if err = e.lost(i, err); err == nil {
		return
	}
	select {
	case e.failure <- err:
	default: // the first error is the cause of the others
	}
}

// lost ends connection i if err is a fault; the deadline wakes its other goroutine.
func (e *portableEngine) lost(i int, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.lose(&e.streams[i], err); err != nil {
		return err
	}
	e.conns[i].SetDeadline(time.Unix(1, 0))
	e.signalIfDrained()
	return nil
}

func (e *portableEngine) watchOver(c *control) error {
	e.mu.Lock()
	for i := range e.streams {
		e.issue(&e.streams[i], clock())
		e.wake[i] <- struct{}{}
	}
	e.mu.Unlock()
	look := time.NewTicker(idleWait)
	defer look.Stop()
	for {
		select {
		case err := <-e.failure:
			return err
		case <-e.drained:
			return nil
		case <-look.C:
			if err := e.look(c.now()); err != nil {
				return err
			}
		}
	}
}

// look follows the phase and searches for requests that wait too long.
func (e *portableEngine) look(next phase) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := clock()
	switch {
	case next == aborted:
		return e.calledOff()
	case next == measuring && e.phase == warming:
		e.begin(now)
	case next == draining && e.phase != draining:
		if e.phase == warming {
			e.begin(now)
		}
		e.end(now)
	}
	for i := range e.streams {
		if err := e.overdue(&e.streams[i], now); err != nil {
			e.lose(&e.streams[i], err)
			e.conns[i].SetDeadline(time.Unix(1, 0))
		}
	}
	e.signalIfDrained()
	return nil
}

// signalIfDrained is called with mu held whenever the phase or the number of requests in flight has changed.
func (e *portableEngine) signalIfDrained() {
	if e.accounts.drained(clock()) {
		e.once.Do(func() { close(e.drained) })
	}
}

// write sends what is due on connection i whenever it is woken.
func (e *portableEngine) write(i int) error {
	for {
		select {
		case <-e.over:
			return nil
		case <-e.wake[i]:
			if err := e.writeDue(i); err != nil {
				return err
			}
		}
	}
}

// writeDue accounts before it writes, since the echo may come back before the write returns; a write that fails ends the
// cell anyway.
func (e *portableEngine) writeDue(i int) error {
	s := &e.streams[i]
	for {
		e.mu.Lock()
		piece := s.toSend(e.payload)
		s.wrote(len(piece), clock())
		e.mu.Unlock()
		if len(piece) == 0 {
			return nil
		}
		if _, err := e.conns[i].Write(piece); err != nil {
			return e.ended(s, "write", err)
		}
	}
}

// receive reads and verifies on connection i until the engine ends it.
func (e *portableEngine) receive(i int) error {
	s, buffer := &e.streams[i], make([]byte, min(largestPiece, max(4096, e.plan.Sizes.largest()*e.plan.Schedule.Depth)))
	for {
		n, err := e.conns[i].Read(buffer)
		if n > 0 {
			if err := e.arrived(i, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return e.ended(s, "read", err)
		}
	}
}

// ended names the end of a connection as the other engine does.
func (e *portableEngine) ended(s *stream, call string, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == io.EOF {
		return s.closedEarly()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return s.broken(call, err)
}

func (e *portableEngine) arrived(i int, got []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, now := &e.streams[i], clock()
	if s.lost {
		return nil
	}
	owed := min(len(got), int(s.sent-s.received))
	if err := e.payload.verify(got[:owed], s.number, s.received-s.before, s.receivedPlace); err != nil {
		return err
	}
	before := e.inFlight
	if err := e.read(s, len(got), now); err != nil {
		return err
	}
	e.published.Store(e.total)
	if e.inFlight < before {
		e.signalIfDrained()
	}
	e.issue(s, now)
	if s.sent < s.due {
		select {
		case e.wake[i] <- struct{}{}:
		default: // the writer has a token already
		}
	}
	return nil
}
