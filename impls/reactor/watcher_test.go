package reactor

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Prepare watchers run right before the wait and see how long it may be, check watchers right after it and before every callback,
// both in the order in which they were made.
func TestL1Watchers(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		var order []string
		note := func(text string) { order = append(order, text) }
		var waits []time.Duration
		b.NewCheck(func() { note("check 1") })
		b.NewPrepare(func(wait time.Duration) { note("prepare 1"); waits = append(waits, wait) })
		b.NewPrepare(func(time.Duration) { note("prepare 2"); v.pass(ms) })
		b.NewCheck(func() { note("check 2") })
		check(t, b.NewTimer(func() { note("timer") }).Add(time.Second))
		begun := v.now
		loop(t, b, 0, Empty)
		same(t, "order", order, []string{"prepare 1", "prepare 2", "check 1", "check 2", "timer"})
		same(t, "planned waits", waits, []time.Duration{time.Second})
		equal(t, "time passed, what the watcher took included", time.Duration(v.now-begun), time.Second)

		waits = nil
		b.NewEvent(-1, 0, func(What) {}).Active(Read)
		loop(t, b, Once, Passed)
		same(t, "planned waits with something active", waits, []time.Duration{0})
	})
}

// Without a deadline the planned wait is Forever; and watchers alone keep no loop going.
func TestL1WatchersWithoutADeadline(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		var waits []time.Duration
		b.NewPrepare(func(wait time.Duration) { waits = append(waits, wait) })
		loop(t, b, 0, Empty)
		check(t, b.NewEvent(a, Read, func(What) {}).Add(Forever))
		write(t, peer, "x")
		if end, err := b.Loop(0); end != Empty || err != nil {
			t.Fatal(end, err)
		}
		same(t, "planned waits", waits, []time.Duration{Forever})
	})
}

// What a prepare watcher brings about counts for the wait that follows: it does not sleep over it.
func TestPrepareShortensTheWait(t *testing.T) {
	for name, change := range map[string]func(b *Base, done func()){
		"a timer":       func(b *Base, done func()) { b.NewTimer(done).Add(ms) },
		"an activation": func(b *Base, done func()) { b.NewEvent(-1, 0, func(What) { done() }).Active(Read) },
		"a deferral":    func(b *Base, done func()) { b.NewEvent(-1, 0, func(What) { done() }).ActiveLater(Read) },
		"a post":        func(b *Base, done func()) { b.Post(done) },
		"a break":       func(b *Base, done func()) { b.Break() },
		"an exit":       func(b *Base, done func()) { b.Exit(0) },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
				check(t, b.NewTimer(func() { t.Error("slept for an hour") }).Add(time.Hour))
				once := b.NewPrepare(inTheFirstTurn(func() { change(b, b.Break) }))
				end, err := b.Loop(0)
				once.Del()
				if err != nil || end == Empty || v.now > moment(time.Minute) {
					t.Errorf("ended %v, %v at %v", end, err, v.now)
				}
			})
		})
	}
}

// inTheFirstTurn makes a watcher that acts in its first turn only.
func inTheFirstTurn(act func()) func(time.Duration) {
	acted := false
	return func(time.Duration) {
		if !acted {
			acted = true
			act()
		}
	}
}

// A Break in a watcher ends the loop before any further callback.
func TestL4BreakInAWatcher(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		called := false
		b.NewEvent(-1, 0, func(What) { called = true }).Active(Read)
		watcher := b.NewCheck(b.Break)
		loop(t, b, 0, Broken)
		equal(t, "called", called, false)
		watcher.Del()
		loop(t, b, 0, Empty)
		equal(t, "called", called, true)
	})
}

// A watcher may delete itself, and others before and behind it, from its own callback; one that is made there begins in the next turn.
func TestWatchersDeleteEachOther(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var order []int
		var watchers [4]*Watcher
		for i := range watchers {
			watchers[i] = b.NewCheck(func() {
				order = append(order, i)
				if i == 1 {
					for _, w := range watchers[:3] {
						w.Del()
					}
					b.NewCheck(func() { order = append(order, 4) })
				}
			})
		}
		check(t, b.NewTicker(func() {}).Add(time.Nanosecond))
		turns(t, b, 2)
		same(t, "order", order, []int{0, 1, 3, 3, 4})
		watchers[0].Del()
	})
}

// What a check watcher closes is closed, also if the end of its work has been reported and not yet been passed on: whoever is next
// to use a connection has it alone.
func TestCheckClosesWhatHasJustEnded(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		ended, peer := owned(t, b)
		ended.OnEvent(func(Outcome) { t.Error("a closed bufferevent was called") })
		ended.Enable(Read)
		ended.Write([]byte("x"))
		turns(t, b, 2)
		ended.Write([]byte("x"))
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		turns := func(n int) { turns(t, b, n) }
		var watcher *Watcher
		watcher = b.NewCheck(func() { ended.Close(); watcher.Del() })
		turns(1)
		var got [2]string
		var peers [2]int
		for i := range got {
			var bev *BufferEvent
			bev, peers[i] = owned(t, b)
			bev.OnRead(func() {
				got[i] += string(bev.Input().Pullup(bev.Input().Len()))
				bev.Output().Append(bev.Input())
			})
			bev.OnEvent(func(what Outcome) { t.Errorf("bufferevent %d was told %v", i, what) })
			bev.Enable(Read)
			defer bev.Close()
		}
		turns(2)
		write(t, peers[0], "first")
		write(t, peers[1], "second")
		turns(3)
		equal(t, "came to the first", got[0], "first")
		equal(t, "came to the second", got[1], "second")
		equal(t, "answer of the first", content(peers[0]), "first")
		equal(t, "answer of the second", content(peers[1]), "second")
	})
}
