package reactor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/backend/simulated"
)

const (
	simulatedPort   = 80 // of the base's listener
	simulatedOrigin = 81 // of a server elsewhere, for those who connect to it
	simulatedChunk  = 512
)

// A world is a base over a simulated kernel, the servers and clients on the base, and the peers outside. All of it is chosen by a seed.
type world struct {
	k       *simulated.Kernel
	b       *Base
	style   simulated.Style
	wrong   wrong // what is wrong on purpose, see simulation_wrong_test.go
	failure string

	listener *Listener
	origin   *simulated.Queue
	conns    []*conn // the connections that the base serves
	proxies  []*conn
	streams  []*stream // of all clients
	byClient map[*simulated.End]*stream
	owned    map[int]*simulated.End // by descriptor, as it was when it was opened
	stolen   map[int]*conn          // descriptors that were closed behind the back of their connection
	tokens   map[int]naming         // by descriptor
	twins    []int                  // duplicates to close
	nowhere  *simulated.End         // an end that belongs to nobody

	noise   noise
	rules   rules
	running int  // clients that are not done
	ending  bool // all is done, and the base is to come to its end

	waits, reported, fills, flushes, accepted int
}

// A naming is what a token was last used for.
type naming struct {
	token backend.Token
	end   *simulated.End
}

// extent is how large a world is. A failure is looked for in smaller ones.
type extent struct {
	clients int
	bytes   int // most that a client sends
	noise   int // timers, posts and mischief
	faults  bool
}

var ordinary = extent{clients: 10, bytes: 3000, noise: 150, faults: true}

func newWorld(choose simulated.Choices, size extent, wrong wrong) *world {
	w := &world{
		k:        simulated.New(choose),
		wrong:    wrong,
		byClient: map[*simulated.End]*stream{},
		owned:    map[int]*simulated.End{},
		stolen:   map[int]*conn{},
		tokens:   map[int]naming{},
	}
	w.nowhere = simulated.New(simulated.Bytes(nil)).Unconnected()
	styles := [...]simulated.Style{simulated.Epoll, simulated.Kqueue, simulated.Poll, simulated.Select}
	w.style = styles[w.k.Choose(len(styles))]
	w.open()
	if size.faults {
		w.chooseFaults()
	}
	w.populate(size)
	return w
}

// open makes the base, before anything can go wrong with it.
func (w *world) open() {
	priorities := []int{1, 1, 3, 7}[w.k.Choose(4)]
	options := []Option{WithPriorities(priorities), WithPatience(1 + w.k.Choose(8)), WithChunkBytes(simulatedChunk)}
	if w.k.Choose(4) == 3 {
		options = append(options, WithTurnLimit(1+w.k.Choose(3), 0, w.k.Choose(priorities)))
	}
	b, err := New(append(options, WithoutEnv(), func(c *config) {
		c.inject = func() (backend.Backend, error) {
			if w.b != nil && w.k.Choose(4) == 3 {
				return nil, unix.EMFILE
			}
			return &watched{w.k.NewPoller(w.style), w}, nil
		}
		c.clock = w.clock
		c.socket = &simulatedSockets{w: w}
		c.bell = &simulatedBell{w: w}
		c.exists = w.k.Exists
	})...)
	if err != nil {
		w.fail("New: %v", err)
		return
	}
	w.b = b
	b.ready = make([]backend.Ready, []int{128, 4, 1}[w.k.Choose(3)])
}

func (w *world) clock() moment {
	now := moment(w.k.Now()) + 1
	if w.is(firesEarly) {
		now += moment(time.Millisecond)
	}
	return now
}

// chooseFaults gives each kind of fault a rate of its own, most of them none.
func (w *world) chooseFaults() {
	rate := func() int { return []int{0, 0, 4, 40}[w.k.Choose(4)] }
	w.k.Faults = simulated.Faults{
		Interrupt: rate(), Spurious: rate(), Few: 2 * rate(), Late: rate(), Short: 2 * rate(), Again: rate(),
		Refuse: rate() / 2, Accept: rate(), Descriptor: rate(),
	}
	if w.k.Choose(4) == 3 {
		w.k.Limit = 5 + w.k.Choose(10)
	}
}

func (w *world) populate(size extent) {
	var err error
	w.origin, _, err = w.k.Listen(simulatedOrigin, 2+w.k.Choose(10), false)
	if err == nil {
		w.listener, err = w.b.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", simulatedPort), w.serve, WithBacklog(2+w.k.Choose(20)))
	}
	if err != nil {
		if !w.excused(err) {
			w.fail("Listen: %v", err)
		}
		w.origin = nil
		return
	}
	w.listener.io.SetPriority(w.priority())
	w.openOrigin()
	scarce := w.k.Limit < 50
	for range 1 + w.k.Choose(size.clients) {
		s := &stream{w: w, id: len(w.streams), total: w.k.Choose(size.bytes)}
		w.streams = append(w.streams, s)
		w.running++
		if w.k.Choose(4) == 3 && !scarce { // dialers would wait for descriptors that they have themselves
			newDialer(s)
		} else {
			newPeer(s)
		}
	}
	w.noise.begin(w, size.noise)
}

// excused reports whether err is a fault that the kernel made on purpose.
func (w *world) excused(err error) bool {
	for _, errno := range []unix.Errno{unix.ENOMEM, unix.ENOSPC, unix.EMFILE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (w *world) priority() int { return w.k.Choose(len(w.b.levels)) }

func (w *world) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
	}
}

// run loops until all that was begun has come to its end, and then checks that nothing is left.
func (w *world) run() {
	if w.listener != nil {
		w.loopUntilEmpty()
	}
	if w.failure == "" {
		w.checkTheEnd()
	}
	if err := w.b.Close(); err != nil && w.failure == "" {
		w.fail("Close: %v", err)
	}
	for _, fd := range w.twins {
		w.k.Close(fd)
	}
	if n := w.k.Open(); n != 0 && w.failure == "" {
		w.fail("%d descriptors are left after Close of the base", n)
	}
}

// mostTurns is beyond what any world takes.
const mostTurns = 20_000

func (w *world) loopUntilEmpty() {
	for w.failure == "" {
		flags := []Flags{0, Once, NonBlock, KeepAlive}[w.k.Choose(4)]
		if w.ending {
			flags = 0
		}
		end, err := w.b.Loop(flags)
		switch {
		case w.failure != "":
		case err != nil:
			w.fail("the loop: %v\n%s", err, w.unfinished())
		case end == Empty && w.ending:
			return
		case end == Empty:
			w.fail("the loop believes to be at its end\n%s", w.unfinished())
		case end == Broken && !w.noise.toldTo(&w.noise.broke), end == Exited && !w.noise.toldTo(&w.noise.exited):
			w.fail("the loop ended %v and was not told to", end)
		case end == Passed && flags&(Once|NonBlock) == 0:
			w.fail("the loop ended %v", end)
		}
	}
}

// unfinished names the clients that still wait.
func (w *world) unfinished() (text string) {
	for _, s := range w.streams {
		if !s.done {
			text += s.String() + "\n"
		}
	}
	return text
}

// clientDone ends the world with its last client. The base learns it by a Post, as from another goroutine.
func (w *world) clientDone() {
	if w.running--; w.running > 0 {
		return
	}
	w.b.Post(func() {
		w.ending = true
		w.noise.end()
		w.listener.Close()
		for _, c := range slices.Clone(w.conns) {
			if c.stolen {
				c.drop()
			}
		}
		for _, c := range w.proxies { // one half of which may be gone
			c.drop()
		}
		w.b.Break() // the loop may have been told to keep alive
		w.noise.broke = true
	})
}

// own notes what a descriptor names.
func (w *world) own(fd int) {
	w.owned[fd] = w.k.End(fd)
	if c := w.stolen[fd]; c != nil {
		c.successor = true
	}
	delete(w.stolen, fd)
}

// close closes a descriptor for its owner, and no other's.
func (w *world) close(fd int, who string) {
	stolen := w.stolen[fd] != nil
	delete(w.stolen, fd)
	if w.k.Exists(fd) == nil && w.k.End(fd) != w.owned[fd] {
		w.fail("%s closed descriptor %d, which is another's by now", who, fd)
		return
	}
	if err := w.k.Close(fd); err != nil && !stolen {
		w.fail("%s closed descriptor %d: %v", who, fd, err)
	}
}

// serve is the callback of the listener: the connection gets a server of one kind or another.
func (w *world) serve(fd int, _ netip.AddrPort) {
	w.k.Note(fd, 0, 0, "accepted")
	if !w.listener.listening() {
		w.fail("the listener accepts although it is disabled")
	}
	c := &conn{w: w, fd: fd, end: w.k.End(fd), client: w.byClient[w.k.End(fd).Peer()]}
	w.conns = append(w.conns, c)
	before := w.predecessor(fd)
	kinds := servers[:]
	if !w.b.Features().Has(backend.EdgeTriggered) {
		kinds = servers[1:]
	}
	if before != nil && w.b.fds.entry(fd).interest == 0 {
		kinds = kinds[len(kinds)-1:] // the base can know only if both are owners
	}
	kinds[len(kinds)-1-w.k.Choose(len(kinds))](c)
	if w.k.Choose(16) == 15 {
		w.noise.rest()
	}
	if before != nil && !before.isOver() {
		w.fail("descriptor %d has a new owner, and the old one is not over", fd)
	}
}

// predecessor is the connection that had the number and does not know yet that it was closed.
func (w *world) predecessor(fd int) *conn {
	for _, c := range w.conns {
		if c.fd == fd && c.successor {
			return c
		}
	}
	return nil
}
