package reactor

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A Group is several bases, each looping in a goroutine of its own, that serve one address together.
//
//	loops := runtime.GOMAXPROCS(0)
//	runtime.GOMAXPROCS(loops + 1) // see below
//	group, err := reactor.NewGroup(loops)
//	...
//	_, err = group.Listen("tcp", "127.0.0.1:7007", reactor.ReusePort, serve) // serve(base, fd, peer)
//	...
//	err = group.Run() // until Stop, Shutdown, or the error of one of them
//
// A base that waits for events sleeps in a system call, and keeps its P meanwhile (GOMAXPROCS is their number). While another is idle, Go's
// scheduler leaves it alone; otherwise it takes the P away after 20 µs and the base has to get one back, which costs more than an echo
// (PERFORMANCE.md, "One P more than loops"). So give Go one more than there are bases, or use one base less.
//
// A connection belongs to one base for good, and with it everything that was said of a Base holds: its goroutine alone
// touches it. The methods of a Group may be called from any goroutine; those that wait for
// the loops (Run, Wait, Stats) not from a callback, where they would wait for themselves.
type Group struct {
	bases   []*Base
	loops   []groupLoop
	closing atomic.Bool  // Shutdown was called
	grace   atomic.Int64 // what it was told

	mu      sync.Mutex
	started bool // guarded by mu
}

// A groupLoop is what the group knows of one of its bases.
type groupLoop struct {
	listeners []*Listener   // the loop's, once it is started
	drained   bool          // the loop's: drain was called
	arriving  atomic.Int64  // connections handed to it that it has not yet taken
	ended     chan struct{} // closed when its loop is over
	err       error         // why; to be read when ended is closed
}

// NewGroup makes n bases, 1 or more, each with the options of New. If one cannot be made, none is left open.
func NewGroup(n int, options ...Option) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("NewGroup(%d): at least one base", n)
	}
	g := &Group{loops: make([]groupLoop, n)}
	for i := range n {
		b, err := New(options...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("base %d: %w", i, err), g.Close())
		}
		g.bases = append(g.bases, b)
		g.loops[i].ended = make(chan struct{})
	}
	return g, nil
}

// Len is the number of bases.
func (g *Group) Len() int { return len(g.bases) }

// Base returns a base, 0 being the first. Until Start it is the caller's, and from then on its own goroutine's: what is to be done
// with it is handed in by its Post.
func (g *Group) Base(i int) *Base { return g.bases[i] }

// Run is Start and Wait.
func (g *Group) Run() error {
	if err := g.Start(); err != nil {
		return err
	}
	return g.Wait()
}

// Start has each base loop in a goroutine of its own, also while it has nothing to wait for. A group starts once: after that
// it returns [ErrLooping].
func (g *Group) Start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started {
		return fmt.Errorf("Start of a group: %w", ErrLooping)
	}
	g.started = true
	for i := range g.bases {
		go g.loop(i)
	}
	return nil
}

// loop is the goroutine of one base. An error ends them all; after Shutdown the loop goes on for as long as something is pending.
func (g *Group) loop(i int) {
	b, member := g.bases[i], &g.loops[i]
	defer close(member.ended)
	_, err := b.Loop(KeepAlive)
	if err == nil && member.drained {
		if grace := time.Duration(g.grace.Load()); grace != Forever {
			b.Exit(grace)
		}
		_, err = b.Loop(0)
	}
	if err != nil {
		member.err = fmt.Errorf("loop %d: %w", i, err)
		g.Stop()
	}
	if i == 0 && g.closing.Load() {
		g.drainAll() // Shutdown may have counted on a loop that was just ending
	}
}

// Wait returns when all loops have ended, and the errors of those that did by one. The first error of one ends them all.
func (g *Group) Wait() error {
	var err error
	for i := range g.loops {
		<-g.loops[i].ended
		err = errors.Join(err, g.loops[i].err)
	}
	return err
}

// Post has every loop call f with its base, see [Base.Post]: f runs once in each, at the same time in several. A loop that has ended
// does not call it.
func (g *Group) Post(f func(b *Base)) error {
	var err error
	for _, b := range g.bases {
		err = errors.Join(err, b.Post(func() { f(b) }))
	}
	return err
}

// Stop ends all loops, each after the callback that runs there, and before Start as soon as they begin. Connections stay open until
// Close, which drops what they have not written; Shutdown does not.
func (g *Group) Stop() error { return g.Post((*Base).Break) }

// Shutdown ends the group in order: no connection is accepted any more, every bufferevent passes on what it has taken from the kernel, delivers
// what is in its output and closes (see [BufferEvent.Shutdown]), and a loop ends when nothing is pending in it, or when grace is over, which may be [Forever]. What else is pending there, a
// timer, a signal, is to be deleted first, or it is waited for. Shutdown itself does not wait, [Group.Wait] does. A negative grace is
// refused by [ErrTimeout].
//
// The first base begins, because it is the one that hands connections to the others: whatever it has handed over reaches them before
// this does.
func (g *Group) Shutdown(grace time.Duration) error {
	if grace < 0 && grace != Forever {
		return fmt.Errorf("Shutdown(%v): %w", grace, ErrTimeout)
	}
	g.grace.Store(int64(grace))
	g.closing.Store(true)
	select {
	case <-g.loops[0].ended:
		return g.drainAll()
	default:
	}
	return g.bases[0].Post(func() {
		g.closeListeners(0)
		g.drainAll()
	})
}

func (g *Group) drainAll() error {
	var err error
	for i, b := range g.bases {
		err = errors.Join(err, b.Post(func() { g.drain(i) }))
	}
	return err
}

// drain is called in the loop of base i.
func (g *Group) drain(i int) {
	if g.loops[i].drained {
		return
	}
	g.loops[i].drained = true
	g.closeListeners(i)
	for bev := range g.bases[i].BufferEvents() {
		bev.Shutdown()
	}
	g.bases[i].Break()
}

func (g *Group) closeListeners(i int) {
	for _, l := range g.loops[i].listeners {
		l.Close()
	}
	g.loops[i].listeners = nil
}

// Stats returns the sums of the counters of all bases, of the peaks too. It waits for every loop that runs to come to it, so it
// must not be called from a callback.
func (g *Group) Stats() Stats {
	var sum Stats
	for i, b := range g.bases {
		s := g.statsOf(i, b)
		sum.add(&s)
	}
	return sum
}

func (g *Group) statsOf(i int, b *Base) Stats {
	g.mu.Lock()
	started := g.started
	g.mu.Unlock()
	if !started {
		return b.Stats()
	}
	told := make(chan Stats, 1)
	if b.Post(func() { told <- b.Stats() }) == nil {
		select {
		case s := <-told:
			return s
		case <-g.loops[i].ended:
		}
	} else {
		<-g.loops[i].ended
	}
	return b.Stats() // nobody else touches it any more
}

// Close closes all bases, see [Base.Close]. After Start it is for when all loops have ended: before, it is refused by [ErrLooping].
func (g *Group) Close() error {
	if g.runs() {
		return fmt.Errorf("Close of a group: %w: Stop and Wait first", ErrLooping)
	}
	var err error
	for _, b := range g.bases {
		err = errors.Join(err, b.Close())
	}
	return err
}

// runs reports whether a loop was started and is not over.
func (g *Group) runs() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.bases {
		select {
		case <-g.loops[i].ended:
		default:
			return g.started
		}
	}
	return false
}

// An AcceptFunc is called for each connection, by the goroutine of the base that is to have it. The descriptor is non-blocking,
// without Nagle's delay, and from then on the function's to close. peer is the zero value for unix.
type AcceptFunc func(b *Base, fd int, peer netip.AddrPort)
