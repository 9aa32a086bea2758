package reactor

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// WithDebug has the base watch for misuse that would otherwise show late, elsewhere or never, and panic with a sentence:
//
//   - a method of the base, or of what belongs to it, called off the goroutine that is looping (only Post may be);
//   - a base that is used after Close, or what belongs to it, for more than tidying up;
//   - a blocking descriptor that is added: one read too many would stop the loop;
//   - a descriptor that was closed before Del, or that two listeners or bufferevents believe to own.
//
// Methods that only return or set a field, or make an event (Now, Err, OnRead, NewTimer and their like), are not watched: the race
// detector is for these. Each call costs some microseconds then. Without this option it costs a comparison with nil.
func WithDebug() Option { return func(c *config) { c.debug = true } }

// debug is what the checks need. All its methods do nothing on nil.
type debug struct {
	looper atomic.Uint64 // the goroutine in Loop; 0: none
}

// enter begins every method that only the loop's goroutine may call.
func (b *Base) enter(call string) {
	if b.debug != nil {
		b.debug.enter(b, call)
	}
}

// closing is what may be done to a base that is closed, by those who tidy up after it.
var closing = map[string]bool{"Event.Del": true, "RemoveTimer": true, "Event.Pending": true, "Stats": true, "Dump": true, "Pending": true,
	"BufferEvents": true, "Events": true, "BufferEvent": true, "Listener": true, "Watcher.Del": true}

func (d *debug) enter(b *Base, call string) {
	if looper := d.looper.Load(); looper != 0 && looper != goroutine() && !takesTurns(goroutine()) {
		panic(fmt.Sprintf("reactor: %s was called by goroutine %d while goroutine %d is looping: hand it in by Post", call, goroutine(), looper))
	}
	if b.closed && !closing[call] {
		panic(fmt.Sprintf("reactor: %s on a base that was closed", call))
	}
}

// turnTakers are the goroutines of coroutines: while one of them runs, the loop waits for it.
var turnTakers sync.Map

func takesTurns(goroutine uint64) bool {
	_, takes := turnTakers.Load(goroutine)
	return takes
}

// loop notes whose loop it is, and returns what forgets it.
func (d *debug) loop() func() {
	if d == nil {
		return func() {}
	}
	d.looper.Store(goroutine())
	return func() { d.looper.Store(0) }
}

// goroutine is the number of this goroutine. Only a printed stack tells it: "goroutine 7 [running]:".
func goroutine() (id uint64) {
	var text [64]byte
	words := bytes.Fields(text[:runtime.Stack(text[:], false)])
	if len(words) > 1 {
		id, _ = strconv.ParseUint(string(words[1]), 10, 64)
	}
	return id
}

func (d *debug) mustNotBlock(fd int) {
	if d == nil {
		return
	}
	var stat unix.Stat_t
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || unix.Fstat(fd, &stat) != nil {
		return // the backend will say so
	}
	if kind := stat.Mode & unix.S_IFMT; flags&unix.O_NONBLOCK == 0 && kind != unix.S_IFREG && kind != unix.S_IFDIR {
		panic(fmt.Sprintf("reactor: descriptor %d was added and is blocking: one read too many would stop the loop (unix.SetNonblock)", fd))
	}
}

func (d *debug) mustBeOpen(fd int) {
	if d == nil {
		return
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
		panic(fmt.Sprintf("reactor: descriptor %d was closed before Del", fd))
	}
}

func (d *debug) mustNotBeReplaced(entry *fdEntry) {
	if d != nil && entry.first != nil {
		panic(fmt.Sprintf("reactor: descriptor %d has two owners, or was closed before Del and names another file now; its event %v",
			entry.first.descriptor, entry.first))
	}
}

// A SlowCallback is one that kept all others waiting.
type SlowCallback struct {
	Took     time.Duration
	Function string // the name of the callback, or the type of what called it
	Event    string // the event as Dump shows it
}

// WithSlowCallback has report called, in the loop, after each callback that took longer than longest, which is above 0. All that was
// posted for one turn is one callback. It costs two readings of the clock a callback. Watchers, and a callback that never returns, are
// not told.
func WithSlowCallback(longest time.Duration, report func(SlowCallback)) Option {
	return func(c *config) {
		if longest <= 0 || report == nil {
			c.refuse("WithSlowCallback(%v): want a time above 0 and a function", longest)
		}
		c.longest, c.report = longest, report
	}
}

type slowCallbacks struct {
	base    *Base
	longest time.Duration
	report  func(SlowCallback)
}

func (s *slowCallbacks) call(e *Event) {
	begun := s.base.clock()
	e.call()
	if took := time.Duration(s.base.clock() - begun); took > s.longest {
		s.report(SlowCallback{took, e.function(), e.source() + " " + e.String()})
	}
}

// function names the callback of e.
func (e *Event) function() string {
	var call any = e.handler
	if h, ok := e.handler.(*signalHandler); ok {
		call = h.call
	}
	if value := reflect.ValueOf(call); value.Kind() == reflect.Func {
		return runtime.FuncForPC(value.Pointer()).Name()
	}
	return fmt.Sprintf("%T", e.handler)
}
