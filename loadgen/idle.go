package main

import (
	"context"
	"errors"
	"time"

	"reactorbench/results"
)

// idle is a cell of the idle loop: it opens connections, lets each echo one request, and weighs the server before and after.
//
// The first connection comes before the first weighing and stays: what a server allocates once, on its first request, is not
// the cost of a connection. The weight is PSS, user memory alone; what the kernel has charged to the server's sockets is told beside it.
func (b *bench) idle(ctx context.Context, c cell, server subject, r *results.Record) error {
	plan := b.plan(c, server)
	first, rest := plan, plan
	first.Conns = 1
	rest.First = 1
	e, err := b.echoOnce(ctx, first)
	if err != nil {
		return err
	}
	defer e.close()
	before, err := weigh(server)
	if err != nil {
		return err
	}
	sockets, unknown := socketMemory(server.Network(), server.Addr())
	e, err = b.echoOnce(ctx, rest)
	if err != nil {
		return err
	}
	defer e.close()
	after, err := weigh(server)
	if err != nil {
		return err
	}
	r.IdleConns = plan.Conns
	r.BytesPerIdleConn = new(float64(after-before) / float64(plan.Conns))
	if all, err := socketMemory(server.Network(), server.Addr()); err == nil && unknown == nil {
		r.SocketBytesPerIdleConn = all.perConn(sockets, plan.Conns)
	}
	return b.describeIdle(server, r)
}

// memoryOfSockets is a sum over sockets.
type memoryOfSockets struct {
	sockets int
	bytes   int64
}

// perConn is the growth since before for each of so many connections. It is nil, not known, where fewer sockets have come: the server then
// keeps its own elsewhere, in another network namespace for example.
func (m memoryOfSockets) perConn(before memoryOfSockets, conns int) *float64 {
	if m.sockets-before.sockets < conns {
		return nil
	}
	return new(float64(m.bytes-before.bytes) / float64(conns))
}

// echoOnce connects, sends one request on each connection, reads all echoes and leaves the connections open.
func (b *bench) echoOnce(ctx context.Context, p Plan) (engine, error) {
	e := b.engine(p)
	if err := e.connect(ctx); err != nil {
		e.close()
		return nil, err
	}
	c := new(control)
	c.enter(draining) // the first requests go out in any phase, and no others in this one
	stop := context.AfterFunc(ctx, func() { c.enter(aborted) })
	defer stop()
	ended := make(chan error)
	go func() {
		_, err := e.run(c)
		ended <- err
	}()
	if err := <-ended; err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// weigh reads the PSS until two readings in a row agree to 1 %, since a server may still be busy with its last echoes,
// and at most ten times.
func weigh(server subject) (int64, error) {
	var last int64
	for range 10 {
		usage, err := server.Usage()
		if err != nil {
			return 0, err
		}
		if usage.PSSBytes == 0 {
			return 0, errors.New("the memory of the server cannot be read here")
		}
		if difference := usage.PSSBytes - last; last > 0 && difference*100 < last && -difference*100 < last {
			return usage.PSSBytes, nil
		}
		last = usage.PSSBytes
		time.Sleep(10 * time.Millisecond)
	}
	return last, nil
}

func (b *bench) describeIdle(server subject, r *results.Record) error {
	usage, err := server.Usage()
	if err != nil {
		return err
	}
	r.ServerPeakBytes, r.ServerPSSBytes = usage.PeakBytes, usage.PSSBytes
	r.ServerThreads, r.ServerDescriptors = usage.Threads, usage.Descriptors
	return nil
}
