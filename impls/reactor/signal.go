package reactor

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// NewSignal returns an event that calls each time the signal comes, until Del. Signals that come before the loop
// gets to the callback are one, as the kernel itself merges them.
//
// The runtime of Go owns the signals, so they reach the loop by a channel, a goroutine and Post; the goroutine
// exists only while the event is added. Several events, in several bases too, may wait for one signal: each is called. Add refuses what
// cannot be caught with unix.EINVAL.
func (b *Base) NewSignal(sig os.Signal, call func()) *Event {
	if call == nil {
		panic("reactor: NewSignal without a callback")
	}
	h := &signalHandler{signal: sig, call: call}
	h.event.init(b, -1, Signal|Persist, h)
	return &h.event
}

// A signalHandler is the event of one signal and the way from the runtime to it.
type signalHandler struct {
	event  Event
	signal os.Signal
	call   func()
	caught chan os.Signal // nil while not added
}

func (h *signalHandler) ready(what What) { h.call() }

// mayStart refuses what the kernel would never deliver, and package os/signal would wait for without a word.
func (h *signalHandler) mayStart() error {
	if number, ok := h.signal.(unix.Signal); ok && (number < 1 || number > highestSignal || number == unix.SIGKILL || number == unix.SIGSTOP) {
		return unix.EINVAL
	}
	return nil
}

// highestSignal is beyond the last of every system: Linux has 64, FreeBSD 128.
const highestSignal = 128

func (h *signalHandler) start() {
	caught := make(chan os.Signal, 1)
	h.caught = caught
	h.event.base.signals[h] = true
	signal.Notify(caught, h.signal)
	go h.forward(caught)
}

// stop ends the goroutine. What it has posted already finds another channel and does nothing.
func (h *signalHandler) stop() {
	delete(h.event.base.signals, h)
	signal.Stop(h.caught)
	close(h.caught)
	h.caught = nil
}

// forward runs in a goroutine of its own and touches nothing of the loop but Post.
func (h *signalHandler) forward(caught chan os.Signal) {
	for range caught {
		h.event.base.Post(func() {
			if h.caught == caught {
				h.event.Active(Signal)
			}
		})
	}
}
