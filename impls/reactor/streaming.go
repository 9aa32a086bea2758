package reactor

import (
	"io"
	"iter"
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
// Where src has no more bytes, or dst is full, the code is left as it stands and taken up again by the next call. It runs as a
// coroutine (package iter) in the goroutine of the loop: no lock, no race, no scheduler. It costs a stack, 2 KiB or more. (Whoever locks that
// goroutine to its thread must do so for Base.Close too: the runtime insists on it.) After Finished
// src is at io.EOF. What convert returns is the transform's last answer: for nil that is io.EOF. stop ends the code, whose src
// and dst answer [net.ErrClosed] from then on, and must be called; OnRelease does it.
func Streaming(convert func(dst io.Writer, src io.Reader) error) (t Transform, stop func()) {
	s := new(streaming)
	s.code = func() error { return convert((*streamWriter)(s), (*streamReader)(s)) }
	return s.transform, s.stop
}

// A coroutine is code that may stop in the middle until its turn comes again.
type coroutine struct {
	code  func() error
	next  func() (struct{}, bool) // nil before the first step
	end   func()
	yield func(struct{}) bool // false: it is to end
	err   error               // what it has returned

	running bool // a step is under way
	doomed  bool // stop was called by the code itself
}

// step goes on until the code waits (true) or has returned. The first one begins it, in the goroutine of the loop: the runtime wants a coroutine
// to be used by goroutines that are locked to their threads as its maker was.
func (c *coroutine) step() bool {
	if c.next == nil {
		c.next, c.end = iter.Pull(func(yield func(struct{}) bool) {
			c.yield = yield
			c.err = c.code()
		})
	}
	c.running = true
	_, waits := c.next()
	c.running = false
	if waits && c.doomed {
		c.end()
		return false
	}
	return waits
}

// stop ends code that waits. What closes a bufferevent may be this very code: it ends where it waits next.
func (c *coroutine) stop() {
	switch {
	case c.running:
		c.doomed = true
	case c.next != nil:
		c.end()
	}
}

// wait is the code's own: it returns in a later step.
func (c *coroutine) wait() error {
	if !c.yield(struct{}{}) {
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
	over     bool
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
	s.over = !s.step()
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
