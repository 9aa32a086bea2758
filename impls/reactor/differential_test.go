package reactor

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/backend/simulated"
)

// One schedule is run on every method of this system, over real sockets, and on the simulation in every style. What each connection lives
// through must be the same everywhere: what came, and in which order its ends were told. Only steps whose outcome is determined are in
// a schedule, and after each of them the run waits for that outcome, so nothing depends on how fast a kernel is.

// A ground is where a schedule is run.
type ground interface {
	base() *Base
	address(name string) (network, address string) // to listen at
	dial(l *Listener) (party, error)
	listenOutside() (network, address string, accept func() party)
	pass() // lets a little time pass
}

// A party is the other end of a connection of the base, outside of it.
type party interface {
	Write(p []byte) (int, error)
	Read(p []byte) (int, error) // (0, nil) is FIN
	Unread() int                // above 0 if something has come that was not read: closing then resets the connection
	CloseWrite() error
	Abort()
	Close()
}

// A step of a schedule.
type step struct {
	verb   string
	client int
	n      int
}

// schedule makes the steps of a seed. Without resets it is one for unix sockets too.
func schedule(random *rand.Rand, resets bool) (steps []step) {
	const clients = 4
	type state struct{ open, paused, full, unread bool }
	states := [clients]state{}
	add := func(verb string, client, n int) { steps = append(steps, step{verb, client, n}) }
	for range 30 + random.IntN(30) {
		i := random.IntN(clients)
		s := &states[i]
		if !s.open {
			if random.IntN(6) == 0 {
				add([]string{"connect out", "connect out to nobody"}[random.IntN(2)], i, 0)
				continue
			}
			*s = state{open: true}
			add("connect", i, random.IntN(2))
			continue
		}
		switch verb := random.IntN(12); {
		case verb < 4 && !s.full:
			add("send", i, 1+random.IntN(4000))
			s.unread, s.full = true, s.paused // more than that does not fit into every network
		case verb < 6 && !s.paused:
			add("receive", i, 0)
			s.unread = false
		case verb == 6:
			s.paused, s.full = !s.paused, false
			add([]string{"resume", "pause"}[bit(s.paused)], i, 0)
		case verb == 7 && !s.paused:
			add("half-close", i, 0)
			*s = state{}
		case verb == 8 && !s.paused && !s.unread:
			add("close", i, 0)
			*s = state{}
		case verb == 9 && !s.paused && s.unread:
			add("close with unread input", i, 0)
			*s = state{}
		case verb == 10 && !s.paused && resets:
			add("reset", i, 0)
			*s = state{}
		case verb == 11 && s.paused:
			add("half-close while paused", i, 0)
			*s = state{}
		}
	}
	for i, s := range states {
		if s.open {
			add([]string{"half-close", "half-close while paused"}[bit(s.paused)], i, 0)
		}
	}
	return steps
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A history is what one connection has lived through.
type history struct {
	lines []string
	data  int // at the end of lines
}

func (h *history) add(format string, args ...any) {
	h.data = 0
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

// came notes bytes, however many reads they took.
func (h *history) came(n int) {
	if h.data > 0 {
		h.lines = h.lines[:len(h.lines)-1]
	}
	n += h.data
	h.add("%d bytes", n)
	h.data = n
}

// A performance is one run of a schedule.
type performance struct {
	t         *testing.T
	g         ground
	b         *Base
	listener  *Listener
	marked    bool // the next connection gets a high mark
	histories []*history
	latest    *served // the connection that was accepted last
	clients   map[int]*actor
}

// An actor is a client of the schedule.
type actor struct {
	party
	served    *served
	sent, got int
}

// served is a connection on the base.
type served struct {
	*history
	bev      *BufferEvent
	received int
	ended    bool
}

func perform(t *testing.T, g ground, steps []step) []*history {
	p := &performance{t: t, g: g, b: g.base(), clients: map[int]*actor{}}
	network, address := g.address("listener")
	l, err := p.b.Listen(network, address, p.accept)
	check(t, err)
	p.listener = l
	for _, s := range steps {
		p.step(s)
	}
	l.Close()
	p.until("the end", func() bool { return p.b.Pending() == 0 })
	return p.histories
}

// until lets the loop turn until something is so.
func (p *performance) until(what string, so func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(soon)
	for !so() {
		if _, err := p.b.Loop(NonBlock); err != nil {
			p.t.Fatalf("waiting for %s: %v", what, err)
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %v for %s", soon, what)
		}
		p.g.pass()
	}
}

func (p *performance) history() *history {
	h := &history{}
	p.histories = append(p.histories, h)
	return h
}

func (p *performance) accept(fd int, _ netip.AddrPort) {
	s := &served{history: p.history()}
	p.latest = s
	s.bev = p.b.NewBufferEvent(fd)
	if p.marked {
		s.bev.SetWatermark(Read, 0, 100)
	}
	s.bev.OnRead(func() {
		n := s.bev.Input().Len()
		s.received += n
		s.came(n)
		s.bev.Output().Append(s.bev.Input())
	})
	s.bev.OnEvent(func(what Outcome) { s.event(what) })
	s.bev.Enable(Read)
}

func (s *served) event(what Outcome) {
	s.add("%v %v", what, s.bev.Err())
	s.ended = true
	if what.Has(EOF) {
		s.bev.CloseAfterFlush()
	} else {
		s.bev.Close()
	}
}

func (p *performance) step(s step) {
	c := p.clients[s.client]
	what := fmt.Sprintf("%s of client %d", s.verb, s.client)
	switch s.verb {
	case "connect":
		p.connect(s, what)
	case "connect out":
		p.connectOut(what)
	case "connect out to nobody":
		p.connectToNobody(what)
	case "send":
		p.send(c, s.n, what)
	case "receive":
		p.receive(c, what)
	case "pause":
		c.served.bev.Disable(Read)
		p.b.Loop(NonBlock)
	case "resume":
		c.served.bev.Enable(Read)
		p.until(what, func() bool { return c.served.received == c.sent })
	case "half-close":
		p.endOfStream(c, what)
	case "half-close while paused":
		check(p.t, c.CloseWrite())
		p.b.Loop(NonBlock)
		c.served.bev.Enable(Read)
		p.endOfStream(c, what)
	case "close":
		c.Close()
		p.until(what, func() bool { return c.served.ended && c.served.bev.Closed() })
	case "close with unread input":
		p.until(what, func() bool { return c.served.received == c.sent && c.served.bev.output.Len() == 0 && c.Unread() > 0 })
		c.Close()
		p.until(what, func() bool { return c.served.ended && c.served.bev.Closed() })
	case "reset":
		p.until(what, func() bool { return c.served.received == c.sent })
		c.Abort()
		p.until(what, func() bool { return c.served.ended && c.served.bev.Closed() })
	}
}

func (p *performance) connect(s step, what string) {
	p.marked, p.latest = s.n == 1, nil
	var end party
	p.until(what, func() (connected bool) {
		if end == nil {
			end, _ = p.g.dial(p.listener)
		}
		return end != nil
	})
	p.until(what, func() bool { return p.latest != nil })
	p.clients[s.client] = &actor{party: end, served: p.latest}
}

func (p *performance) send(c *actor, n int, what string) {
	payload := make([]byte, n)
	for i := range payload {
		payload[i] = byte(31 * (c.sent + i) >> 3)
	}
	p.until(what, func() bool {
		put, err := c.Write(payload)
		if err != nil && err != unix.EAGAIN {
			p.t.Fatalf("%s: %v", what, err)
		}
		c.sent += max(0, put)
		payload = payload[max(0, put):]
		if len(payload) > 0 {
			p.collect(c, 1<<20, what) // what comes back would fill the buffers of a small network
		}
		return len(payload) == 0 || !c.served.bev.Enabled().Has(Read) && err != nil
	})
	p.until(what, func() bool {
		p.collect(c, c.sent-1-c.got, what) // at least one byte stays, for those who close with unread input
		return c.served.received == c.sent || !c.served.bev.Enabled().Has(Read)
	})
}

// collect reads up to most bytes of what has come back, and holds it against what was sent.
func (p *performance) collect(c *actor, most int, what string) (ended bool) {
	var space [2000]byte
	for most > 0 {
		n, err := c.Read(space[:min(most, len(space))])
		if err == unix.EAGAIN {
			return false
		}
		if err != nil {
			p.t.Fatalf("%s: reading: %v", what, err)
		}
		if n == 0 {
			return true
		}
		for _, got := range space[:n] {
			if got != byte(31*c.got>>3) {
				p.t.Fatalf("%s: byte %d is wrong", what, c.got)
			}
			c.got++
		}
		most -= n
	}
	return false
}

func (p *performance) receive(c *actor, what string) {
	p.until(what, func() bool {
		p.collect(c, c.sent-c.got, what)
		return c.got == c.sent
	})
}

// endOfStream sends FIN, and wants all that is due and then FIN.
func (p *performance) endOfStream(c *actor, what string) {
	c.CloseWrite()
	p.until(what, func() bool { return p.collect(c, 1<<20, what) })
	equal(p.t, what+": echoed", c.got, c.sent)
	c.served.add("FIN after %d bytes", c.got)
	c.Close()
	p.until(what, func() bool { return c.served.bev.Closed() })
}

// connectOut has the base connect to a server outside, which closes at once.
func (p *performance) connectOut(what string) {
	network, address, accept := p.g.listenOutside()
	h, bev := p.dialOut(network, address)
	var end party
	p.until(what, func() bool {
		if end == nil {
			end = accept()
		}
		return end != nil && len(h.lines) > 0
	})
	end.Close()
	p.until(what, func() bool { return bev.Closed() })
}

func (p *performance) connectToNobody(what string) {
	network, address := p.g.address("nobody")
	_, bev := p.dialOut(network, address)
	p.until(what, func() bool { return bev.Closed() })
}

func (p *performance) dialOut(network, address string) (*history, *BufferEvent) {
	h := p.history()
	bev := p.b.NewBufferEvent(-1)
	bev.OnEvent(func(what Outcome) {
		err := "failed" // with ENOENT for a unix socket
		if bev.Err() == nil {
			err = "fine"
		}
		h.add("%v %s", what, err)
		if !what.Has(Connected) {
			bev.Close()
		}
	})
	bev.Enable(Read)
	check(p.t, bev.Connect(network, address))
	return h, bev
}

// The real ground has sockets of this system.
type realGround struct {
	t    *testing.T
	b    *Base
	unix bool
	dir  string
	outs int

	passes int
}

func (g *realGround) base() *Base { return g.b }

// pass mostly just lets the loop look again: over loopback what was sent has arrived by then.
func (g *realGround) pass() {
	if g.passes++; g.passes%16 == 0 {
		time.Sleep(50 * time.Microsecond)
	}
}

func (g *realGround) address(name string) (network, address string) {
	if g.unix {
		return "unix", filepath.Join(g.dir, name)
	}
	if name == "nobody" {
		return "tcp", "127.0.0.1:1" // tcpmux: nobody has served it for decades
	}
	return "tcp", "127.0.0.1:0"
}

func (g *realGround) dial(l *Listener) (party, error) {
	network, _ := g.address("")
	where, err := resolve(network, l.Addr())
	check(g.t, err)
	fd, err := newSocket(where.family)
	check(g.t, err)
	if !g.unix {
		check(g.t, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)) // else pieces wait 40 ms for each other
	}
	if err := unix.Connect(fd, where.raw); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, err
	}
	return realParty(fd), nil
}

func (g *realGround) listenOutside() (network, address string, accept func() party) {
	g.outs++
	network, address = g.address(fmt.Sprint("outside", g.outs))
	where, err := resolve(network, address)
	check(g.t, err)
	fd, err := newSocket(where.family)
	check(g.t, err)
	check(g.t, unix.Bind(fd, where.raw))
	check(g.t, unix.Listen(fd, 5))
	if !g.unix {
		bound, err := unix.Getsockname(fd)
		check(g.t, err)
		address = addrPort(bound).String()
	}
	g.t.Cleanup(func() { unix.Close(fd) })
	return network, address, func() party {
		n, _, err := unix.Accept(fd)
		if err != nil {
			return nil
		}
		check(g.t, unix.SetNonblock(n, true))
		return realParty(n)
	}
}

// A realParty is a descriptor.
type realParty int

func (p realParty) Write(b []byte) (int, error) { return unix.Write(int(p), b) }
func (p realParty) Read(b []byte) (int, error)  { return unix.Read(int(p), b) }
func (p realParty) CloseWrite() error           { return unix.Shutdown(int(p), unix.SHUT_WR) }
func (p realParty) Close()                      { unix.Close(int(p)) }

func (p realParty) Unread() int {
	var one [1]byte
	n, _, _ := unix.Recvfrom(int(p), one[:], unix.MSG_PEEK)
	return n
}

func (p realParty) Abort() {
	unix.SetsockoptLinger(int(p), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(int(p))
}

// The simulated ground has short reads and writes, interruptions and spurious wake-ups, none of which may show.
type simulatedGround struct{ *world }

func newSimulatedGround(seed uint64, style simulated.Style) *simulatedGround {
	w := &world{
		k:        simulated.New(simulated.Seeded(seed)),
		style:    style,
		byClient: map[*simulated.End]*stream{},
		owned:    map[int]*simulated.End{},
		stolen:   map[int]*conn{},
		tokens:   map[int]naming{},
		full:     map[int]bool{},
	}
	w.nowhere = w.k.Unconnected()
	w.open()
	w.k.Buffers = []int{8192, 16384}
	w.k.Faults = simulated.Faults{Interrupt: 10, Spurious: 10, Few: 40, Late: 20, Short: 40, Again: 10}
	return &simulatedGround{w}
}

func (g *simulatedGround) base() *Base { return g.b }
func (g *simulatedGround) pass()       { g.k.Pass(time.Millisecond) }

func (g *simulatedGround) address(name string) (network, address string) {
	return "tcp", map[string]string{"listener": simulatedAddress(simulatedPort), "nobody": simulatedAddress(9)}[name]
}

func (g *simulatedGround) dial(*Listener) (party, error) {
	end, err := g.k.Dial(simulatedPort)
	if err != nil {
		return nil, err
	}
	return simulatedParty{end}, nil
}

func (g *simulatedGround) listenOutside() (network, address string, accept func() party) {
	port := 1000 + g.waits
	q, _, _ := g.k.Listen(port, 5, false)
	return "tcp", simulatedAddress(port), func() party {
		if end := q.Accept(); end != nil {
			return simulatedParty{end}
		}
		return nil
	}
}

type simulatedParty struct{ *simulated.End }

// differentialSeeds are run in an ordinary test; -seeds for more.
const differentialSeeds = 24

func TestDifferential(t *testing.T) {
	first, last := uint64(1), uint64(*seedsFlag)
	if *seedFlag != 0 {
		first, last = *seedFlag, *seedFlag
	}
	for seed := first; seed <= last; seed++ {
		unixSockets := seed%4 == 0
		steps := schedule(rand.New(rand.NewPCG(seed, 1)), !unixSockets)
		var want []*history
		for _, style := range []simulated.Style{simulated.Epoll, simulated.Kqueue, simulated.Poll, simulated.Select} {
			g := newSimulatedGround(seed, style)
			got := perform(t, g, steps)
			if g.failure != "" {
				t.Fatalf("seed %d, simulated %s: %s", seed, style.Name, g.failure)
			}
			want = agree(t, seed, "simulated "+style.Name, steps, got, want)
			check(t, g.b.Close())
		}
		for _, method := range backend.Methods() {
			b, err := New(WithBackend(method), WithoutEnv())
			check(t, err)
			got := perform(t, &realGround{t: t, b: b, unix: unixSockets, dir: t.TempDir()}, steps)
			agree(t, seed, method, steps, got, want)
			check(t, b.Close())
		}
	}
}

// agree holds a run's histories against those of the first run.
func agree(t *testing.T, seed uint64, where string, steps []step, got, want []*history) []*history {
	t.Helper()
	if want == nil {
		return got
	}
	for i := range max(len(got), len(want)) {
		var g, w []string
		if i < len(got) {
			g = got[i].lines
		}
		if i < len(want) {
			w = want[i].lines
		}
		if !slices.Equal(g, w) {
			t.Fatalf("seed %d on %s: connection %d has lived through\n\t%s\nelsewhere it was\n\t%s\nof the schedule %v\nagain: go test ./impls/reactor -run TestDifferential -seed %d",
				seed, where, i, strings.Join(g, "\n\t"), strings.Join(w, "\n\t"), steps, seed)
		}
	}
	return want
}
