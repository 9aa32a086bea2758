package reactor

import (
	"errors"
	"io"
	"net"

	"reactorbench/impls/reactor/evbuffer"
)

// Streaming makes a [Transform] of code that reads and writes as if it could wait, such as a decompressor of the standard library:
//
//	in, stop := reactor.Streaming(func(dst io.Writer, src io.Reader) error {
//		_, err := io.Copy(dst, flate.NewReader(src))
//		return err
//	})
//	bev := reactor.NewFilter(conn, in, out, reactor.OnRelease(stop))
//
// Where src has no more bytes, or dst is full, the code is left as it stands and taken up again by the next call. It runs in a
// goroutine of its own and only while the loop waits for it: no lock, no race. It costs a stack, 2 KiB or more. After Finished
// src is at io.EOF. What convert returns is the transform's last answer: for nil that is io.EOF. stop ends the code, whose src
// and dst answer [net.ErrClosed] from then on, and must be called; OnRelease does it.
func Streaming(convert func(dst io.Writer, src io.Reader) error) (t Transform, stop func()) {
	s := new(streaming)
	s.code = func() error { return convert((*streamWriter)(s), (*streamReader)(s)) }
	return s.transform, s.stop
}

// A coroutine is code that may stop in the middle until its turn comes again. It has a goroutine of its own, and exactly one of the two
// runs at any time: so it needs no lock, and the loop does not go on before the code waits or has returned.
//
// Package iter has coroutines that switch faster, but ends the program if the goroutine was bound to its thread at one switch and not
// at another, which a Loop on io_uring, or its caller, may do.
type coroutine struct {
	code   func() error
	resume chan bool // to the code; false: it is to end. nil before the first step
	waits  chan bool // from the code; false: it has returned
	err    error     // what it has returned

	failed any // what it has panicked with

	running bool // a step is under way
	over    bool // it has returned, or will never begin
	doomed  bool // stop was called by the code itself
	ending  bool // the code's own: it was told to end
}

// step goes on until the code waits (true) or has returned.
func (c *coroutine) step() bool {
	if c.over {
		return false
	}
	c.running = true
	if c.resume == nil {
		c.begin()
	} else {
		c.resume <- true
	}
	c.await()
	if c.doomed {
		c.stop()
	}
	return !c.over
}

// await lets the code run. A panic of it is one of the loop's, as that of any other callback.
func (c *coroutine) await() {
	c.over = !<-c.waits
	c.running = false
	if failed := c.failed; failed != nil {
		c.failed = nil
		panic(failed)
	}
}

// errGone is the error of code that has ended its goroutine (runtime.Goexit) instead of returning.
var errGone = errors.New("the code of a stream has ended its goroutine")

func (c *coroutine) begin() {
	c.resume, c.waits = make(chan bool), make(chan bool)
	go func() {
		id := goroutine()
		turnTakers.Store(id, true)
		c.err = errGone
		defer func() {
			c.failed = recover()
			turnTakers.Delete(id)
			c.waits <- false
		}()
		c.err = c.code()
	}()
}

// stop has the code end, whose waits fail from now on, and waits for that. What closes a bufferevent may be this very code: it ends
// where it waits next.
func (c *coroutine) stop() {
	switch {
	case c.running:
		c.doomed = true
	case c.over:
	case c.resume != nil:
		c.running = true // and so may call stop itself
		c.resume <- false
		c.await()
	}
	c.over = c.over || !c.running
}

// wait is the code's own: it returns in a later step.
func (c *coroutine) wait() error {
	if !c.ending {
		c.waits <- true
		c.ending = !<-c.resume
	}
	if c.ending {
		return net.ErrClosed
	}
	return nil
}

// streaming is a coroutine between two buffers.
type streaming struct {
	coroutine
	dst, src *evbuffer.Buffer // of this step
	limit    int              // the length of dst at which to wait; 0: none
	finished bool
}

func (s *streaming) transform(dst, src *evbuffer.Buffer, most int, flush FlushMode) error {
	if s.over {
		return s.answer()
	}
	s.dst, s.src, s.limit = dst, src, 0
	if most > 0 {
		s.limit = dst.Len() + most
	}
	s.finished = flush == Finished
	had, held := src.Len(), dst.Len()
	s.step()
	switch {
	case src.Len() != had || dst.Len() != held:
		return nil
	case s.over:
		return s.answer()
	}
	return ErrNeedMore
}

func (s *streaming) answer() error {
	if s.err == nil {
		return io.EOF
	}
	return s.err
}

type streamReader streaming

func (r *streamReader) Read(p []byte) (int, error) {
	for r.src.Len() == 0 {
		if r.finished {
			return 0, io.EOF
		}
		if err := r.wait(); err != nil {
			return 0, err
		}
	}
	return r.src.Read(p)
}

type streamWriter streaming

func (w *streamWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		room := len(p)
		if w.limit > 0 {
			room = min(room, w.limit-w.dst.Len())
		}
		if room > 0 {
			m, err := w.dst.Write(p[:room])
			if n += m; err != nil {
				return n, err
			}
			p = p[room:]
			continue
		}
		if err := w.wait(); err != nil {
			return n, err
		}
	}
	return n, nil
}
