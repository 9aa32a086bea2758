package reactor

import (
	"sync"
)

// wake is the door for other goroutines: a queue of functions, and a descriptor whose readiness ends the loop's wait.
//
// The descriptor is written only when the queue was empty: however many functions are posted before the loop comes to them, they cost
// one system call.
type wake struct {
	event  Event
	target bell

	mu     sync.Mutex
	queue  []func() // guarded by mu
	closed bool     // guarded by mu

	running []func() // the loop's: what it took from queue
}

// A bell is what ends the wait: a descriptor that is readable from a ring until it is silenced. Any goroutine may ring it, and
// the rest is the loop's.
type bell interface {
	open() error
	readFD() int
	ring() error
	silence()
	close() error
}

// Post has the loop call f, in the order of the Posts and in its next turn. It may be called by any goroutine, the loop's own
// too, and is the only method of a Base that may.
//
// A loop does not end while something waits to be called, but one that has ended is not begun by a Post: f waits for the next Loop, and is
// dropped by Close. After that Post returns [ErrClosed].
func (b *Base) Post(f func()) error {
	if f == nil {
		panic("reactor: Post without a function")
	}
	w := &b.wake
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	w.queue = append(w.queue, f)
	if len(w.queue) == 1 {
		return w.target.ring() // under the lock, so that close cannot come in between
	}
	return nil
}

func (w *wake) open(b *Base) error {
	if err := w.target.open(); err != nil {
		return err
	}
	w.event.init(b, w.target.readFD(), Read|Persist, w)
	w.event.marks |= internal
	w.event.priority = 0
	return w.event.Add(Forever)
}

// ready calls what was posted. What is posted meanwhile, perhaps by these very functions, has its turn in the next one.
func (w *wake) ready(What) {
	b := w.event.base
	b.stats.Wakes++
	w.target.silence()
	w.mu.Lock()
	w.queue, w.running = w.running[:0], w.queue
	w.mu.Unlock()
	for i, f := range w.running {
		w.running[i] = nil
		b.stats.Posts++
		f()
	}
}

// posted reports whether something waits to be called.
func (w *wake) posted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) > 0
}

func (w *wake) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.queue = nil
	w.event.Del()
	return w.target.close()
}
