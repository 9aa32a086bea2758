package reactor

import (
	"slices"
	"time"
)

// A Watcher is called in every turn, right before or right after the wait: to see how long the loop is idle, or to have
// another library do its work there. It does not keep the loop going. One that is made by a watcher of the same kind is called from the
// next turn on.
type Watcher struct {
	base    *Base
	prepare func(wait time.Duration)
	check   func()
	gone    bool
}

// NewPrepare has call called right before each wait, after those that were made earlier. wait is how long the loop may sleep: until the
// earliest deadline, [Forever] without one, 0 if there is something to do. What call brings about, an
// earlier timer, an activation, a Break, shortens the wait.
func (b *Base) NewPrepare(call func(wait time.Duration)) *Watcher {
	if call == nil {
		panic("reactor: NewPrepare without a callback")
	}
	b.enter("NewPrepare")
	w := &Watcher{base: b, prepare: call}
	b.prepares = append(b.prepares, w)
	return w
}

// NewCheck has call called right after each wait, before the callback of any event, and after the checks that were made earlier.
func (b *Base) NewCheck(call func()) *Watcher {
	if call == nil {
		panic("reactor: NewCheck without a callback")
	}
	b.enter("NewCheck")
	w := &Watcher{base: b, check: call}
	b.checks = append(b.checks, w)
	return w
}

// Del ends the watcher: it is not called again. Any callback may do so, its own too.
func (w *Watcher) Del() {
	w.base.enter("Watcher.Del")
	w.gone = true
	list := &w.base.checks
	if w.prepare != nil {
		list = &w.base.prepares
	}
	if at := slices.Index(*list, w); at >= 0 {
		*list = slices.Concat((*list)[:at], (*list)[at+1:]) // a copy: somebody may be walking over the list
	}
}

// prepare returns how long to wait after the watchers have been told.
func (b *Base) prepare(limit time.Duration, flags Flags) time.Duration {
	for _, w := range b.prepares {
		if !w.gone {
			w.prepare(limit)
		}
	}
	return b.waitLimit(flags)
}

func (b *Base) check() {
	for _, w := range b.checks {
		if !w.gone {
			w.check()
		}
	}
}
