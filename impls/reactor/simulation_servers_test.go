package reactor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/backend/simulated"
)

// A conn is a connection that the base serves by an echo of one kind or another.
type conn struct {
	w      *world
	fd     int
	end    *simulated.End
	client *stream // whoever is at the other end

	bev, far *BufferEvent // far: the connection to the origin, for a proxy
	raw      *rawEcho
	high     int // its output may not grow beyond this and a chunk; 0: no bound

	stolen    bool // the descriptor was closed behind the connection's back,
	successor bool // and names another's file by now: nothing may be called any more
	closing   bool // CloseAfterFlush was called: nothing may be called any more
	over      bool
}

// closeAfterFlush closes the connection, which may have been closed by whoever called.
func (c *conn) closeAfterFlush() {
	c.bev.CloseAfterFlush()
	c.closing = true
}

// servers are the kinds; the last is the ordinary one.
var servers = [...]func(*conn){
	func(c *conn) { newRawEcho(c, ET) }, // the first, because not every method can
	func(c *conn) { newRawEcho(c, 0) },
	(*conn).proxy,
	(*conn).quit,
	(*conn).stash,
	(*conn).toggle,
	(*conn).closeInHalves,
	(*conn).echoInTime,
	(*conn).echo,
}

// enter begins each callback: nothing may be called for a connection that is over.
func (c *conn) enter(callback string) bool {
	c.w.k.Note(c.fd, 0, 0, callback)
	if c.over || c.successor || c.closing {
		c.w.fail("%s of the connection on descriptor %d was called after its end", callback, c.fd)
		return false
	}
	return c.w.failure == ""
}

// open makes the bufferevent, with marks small enough to be met.
func (c *conn) open() *BufferEvent {
	c.bev = c.w.b.NewBufferEvent(c.fd)
	c.bev.SetPriority(c.w.priority())
	if high := []int{0, 100, 700, 2000}[c.w.k.Choose(4)]; high > 0 {
		c.bev.SetWatermark(Write, c.w.k.Choose(100), high)
		c.high = high
	}
	if c.w.is(forgetsTheHighMark) {
		c.bev.SetWatermark(Write, 0, 0)
	}
	return c.bev
}

func (c *conn) echoInput() {
	if c.enter("OnRead") {
		c.bev.Output().Append(c.bev.Input())
	}
}

// echo is the server of echo/main.go.
func (c *conn) echo() {
	bev := c.open()
	bev.OnRead(c.echoInput)
	bev.OnEvent(func(what Outcome) { c.endOn(what, c.closeAfterFlush) })
	bev.Enable(Read)
}

// endOn closes the connection: in the given way for FIN, and at once for everything else.
func (c *conn) endOn(what Outcome, onEOF func()) {
	if !c.enter("OnEvent " + what.String()) {
		return
	}
	if what.Has(EOF) {
		if c.bev.Input().Len() > 0 {
			c.bev.Output().Append(c.bev.Input()) // what was below the low mark
		}
		onEOF()
		return
	}
	if what.Has(Timeout) {
		c.hurt()
	}
	if c.w.k.Choose(4) == 3 {
		c.closeAfterFlush() // if nothing can be written any more that is the same as Close
		return
	}
	c.drop()
}

// drop closes at once, whatever is lost by it.
func (c *conn) drop() {
	if c.over {
		return
	}
	c.over = true
	for _, bev := range []*BufferEvent{c.bev, c.far} {
		if bev != nil {
			bev.Close()
		}
	}
	if c.raw != nil {
		c.raw.close()
	}
}

// hurt tells the client's stream that the echo will not be whole.
func (c *conn) hurt() {
	if c.client != nil {
		c.client.hurt = true
	}
}

// isOver reports whether the base has let go of the connection.
func (c *conn) isOver() bool {
	if c.raw != nil {
		return !c.raw.read.Pending(Read) && !c.raw.write.Pending(Write)
	}
	return c.bev.Closed()
}

// echoInTime has timeouts, which may not come before their time.
func (c *conn) echoInTime() {
	bev, w := c.open(), c.w
	limits := []time.Duration{10 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second}
	timeout := limits[w.k.Choose(len(limits))]
	bev.SetTimeouts(timeout, 2*timeout)
	since := w.b.time()
	bev.OnRead(func() {
		since = w.b.time()
		c.echoInput()
	})
	bev.OnEvent(func(what Outcome) {
		limit := timeout
		if what.Has(Writing) {
			limit, since = 2*timeout, 0
		}
		if now := moment(w.k.Now()) + 1; what.Has(Timeout) && now < since.plus(limit) {
			w.fail("descriptor %d: Timeout after %v, want %v", c.fd, time.Duration(now-since), limit)
		}
		c.endOn(what, func() {
			if timeout < time.Second {
				c.hurt() // from now on a timeout closes without a word
			}
			c.closeAfterFlush()
		})
	})
	bev.Enable(Read)
}

// closeInHalves answers FIN by CloseWrite, and closes later.
func (c *conn) closeInHalves() {
	bev := c.open()
	bev.OnRead(c.echoInput)
	var closing *Event
	closing = c.w.b.NewTimer(func() {
		if c.over || bev.Closed() {
			return
		}
		if bev.flags&outputOver == 0 {
			closing.Add(time.Millisecond)
			return
		}
		c.drop()
	})
	bev.OnEvent(func(what Outcome) {
		c.endOn(what, func() {
			bev.CloseWrite()
			closing.Add(0)
		})
	})
	bev.Enable(Read)
}

// toggle stops reading now and then.
func (c *conn) toggle() {
	bev, w := c.open(), c.w
	again := w.b.NewTimer(func() { bev.Enable(Read | Write) })
	bev.OnRead(func() {
		c.echoInput()
		if w.k.Choose(3) == 2 && !again.Pending(Timeout) {
			bev.Disable([]What{Read, Write, Read | Write}[w.k.Choose(3)])
			again.Add(w.k.Soon())
		}
	})
	bev.OnEvent(func(what Outcome) { c.endOn(what, c.closeAfterFlush) })
	bev.Enable(Read)
}

// stash leaves the input where it is, up to a high mark, and answers later.
func (c *conn) stash() {
	bev, w := c.open(), c.w
	high := 1 + w.k.Choose(400)
	low := w.k.Choose(high)
	if c.client == nil || c.client.patient {
		low = 0 // both would wait
	}
	bev.SetWatermark(Read, low, high)
	var answer *Event
	answer = w.b.NewTimer(func() {
		if !bev.Closed() {
			bev.Output().Append(bev.Input())
		}
	})
	bev.OnRead(func() {
		if bev.Input().Len() < low {
			w.fail("OnRead with %d bytes, the low mark is %d", bev.Input().Len(), low)
		}
		if c.enter("OnRead") && !answer.Pending(Timeout) {
			answer.Add(w.k.Soon())
		}
	})
	bev.OnEvent(func(what Outcome) { c.endOn(what, c.closeAfterFlush) })
	bev.Enable(Read)
	if high > 1 {
		bev.OnWrite(func() {
			if other := w.someConn(); c.enter("OnWrite") && other != nil && other.bev != nil {
				other.bev.Enable(Write) // has another one settle
			}
		})
	}
}

// quit closes by itself after some bytes. All that it has answered must arrive, while the client goes on sending.
func (c *conn) quit() {
	bev, w := c.open(), c.w
	answered, enough := 0, 1+w.k.Choose(1000)
	bev.OnRead(func() {
		answered += bev.Input().Len()
		c.echoInput()
		if answered >= enough && c.client != nil {
			c.client.promised = answered
			c.closeAfterFlush()
		}
	})
	bev.OnEvent(func(what Outcome) { c.endOn(what, c.closeAfterFlush) })
	bev.Enable(Read)
}

// proxy has the echo done by the origin.
func (c *conn) proxy() {
	bev, w := c.open(), c.w
	c.high = 0 // what it gets from the origin it cannot refuse
	c.far = w.b.NewBufferEvent(-1)
	w.proxies = append(w.proxies, c)
	outcomes := 0
	lost := func() {
		c.hurt()
		c.drop()
	}
	bev.OnRead(func() {
		if c.enter("OnRead") {
			c.far.Output().Append(bev.Input())
		}
	})
	bev.OnEvent(func(what Outcome) {
		switch {
		case !c.enter("OnEvent " + what.String()):
		case what.Has(EOF):
			c.far.CloseWrite()
		default:
			lost()
		}
	})
	farther := func(callback string) bool {
		if bev.Closed() { // disowned: its descriptor is another's
			lost()
			return false
		}
		return c.enter(callback)
	}
	c.far.OnRead(func() {
		if farther("OnRead of the far side") {
			bev.Output().Append(c.far.Input())
		}
	})
	c.far.OnEvent(func(what Outcome) {
		if !farther("OnEvent of the far side " + what.String()) {
			return
		}
		switch {
		case what.Has(Connected):
			if outcomes++; outcomes > 1 {
				w.fail("two outcomes of one Connect")
			}
			c.far.Enable(Read)
			bev.Enable(Read)
		case what.Has(EOF):
			c.far.Close()
			bev.CloseAfterFlush()
		default:
			lost()
		}
	})
	if err := c.far.Connect("tcp", fmt.Sprintf("127.0.0.1:%d", simulatedOrigin)); err != nil {
		if !w.excused(err) {
			w.fail("Connect: %v", err)
		}
		lost()
		return
	}
	if end := w.k.End(c.far.FD()); end != nil {
		w.byClient[end] = c.client
	}
}

// A rawEcho is the echo on bare events: what is not written at once waits for one-shot write events.
type rawEcho struct {
	c           *conn
	read, write *Event
	edge        What
	pending     []byte
	full, ended bool
	timeout     time.Duration
	since       moment // when the timeout began to run
}

const rawMost = 600 // bytes pending beyond which nothing is read

func newRawEcho(c *conn, edge What) {
	w := c.w
	r := &rawEcho{c: c, edge: edge, timeout: Forever}
	c.raw = r
	what := Read | Persist | edge
	if w.k.Choose(4) == 3 {
		what |= Closed
	}
	r.read = w.b.NewEvent(c.fd, what, r.readable)
	r.write = w.b.NewEvent(c.fd, Write|edge, r.writable)
	r.read.SetPriority(w.priority())
	r.write.SetPriority(w.priority())
	if w.k.Choose(4) == 3 {
		r.timeout = 50*time.Millisecond + 10*w.k.Soon()
	}
	r.since = w.b.time()
	r.added(r.read.Add(r.timeout))
}

func (r *rawEcho) added(err error) {
	if err == nil {
		return
	}
	if !r.c.w.excused(err) {
		r.c.w.fail("Add: %v", err)
	}
	r.c.hurt()
	r.c.drop()
}

func (r *rawEcho) readable(what What) {
	w := r.c.w
	if !r.c.enter("read event " + what.String()) {
		return
	}
	if r.edge == ET && what.Has(Read|Write) && !what.Has(ET) {
		w.fail("descriptor %d: the edge is not told: %v", r.c.fd, what)
	}
	if what == Timeout {
		if now := moment(w.k.Now()) + 1; now < r.since.plus(r.timeout) {
			w.fail("descriptor %d: Timeout after %v, want %v", r.c.fd, time.Duration(now-r.since), r.timeout)
		}
		r.c.hurt()
		r.c.drop()
		return
	}
	r.since = w.b.time()
	if w.is(doesNotRead) {
		return
	}
	for r.receive() && r.edge == ET && !r.c.over {
	}
	if !r.c.over {
		r.flush()
	}
}

// receive makes one read and reports whether there may be more.
func (r *rawEcho) receive() bool {
	var space [200]byte
	n, err := r.c.w.k.Read(r.c.fd, space[:])
	switch {
	case err == unix.EINTR:
		return true
	case n > 0:
		r.pending = append(r.pending, space[:n]...)
		if len(r.pending) > rawMost {
			r.full = true
			r.read.Del()
			return false
		}
		return true
	case err == nil:
		r.ended = true
		r.read.Del()
	case err != unix.EAGAIN:
		r.c.hurt()
		r.c.drop()
	}
	return false
}

func (r *rawEcho) writable(what What) {
	if r.c.enter("write event " + what.String()) {
		r.flush()
	}
}

// flush writes what is pending, or asks to be told when there is room.
func (r *rawEcho) flush() {
	w := r.c.w
	for len(r.pending) > 0 {
		n, err := w.k.Write(r.c.fd, r.pending)
		r.pending = r.pending[max(0, n):]
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN && w.is(forgetsToAskForRoom):
			return
		case err == unix.EAGAIN:
			r.added(r.write.Add(Forever))
			return
		case err != nil:
			r.c.hurt()
			r.c.drop()
			return
		}
	}
	r.write.Del() // the read event may have been called first
	if r.ended {
		r.c.drop()
		return
	}
	if r.full {
		r.full = false
		r.since = w.b.time()
		r.added(r.read.Add(r.timeout))
	}
}

func (r *rawEcho) close() {
	if r.c.w.is(callsTheDeleted) {
		r.write.Active(Write)
	} else {
		r.write.Del()
	}
	r.read.Del()
	if !r.c.successor {
		r.c.w.close(r.c.fd, "a raw echo")
	}
}

// A dialer is a client on the base itself.
type dialer struct {
	*stream
	bev      *BufferEvent
	outcomes int
	tries    int
	failed   error // of writing: the reset was told there, and reading tells an end
}

func newDialer(s *stream) {
	d := &dialer{stream: s}
	s.waits = func() string { return "a dialer" }
	s.w.k.After(s.w.k.Soon(), func() { s.w.b.Post(d.dial) })
}

func (d *dialer) dial() {
	w := d.w
	d.bev = w.b.NewBufferEvent(-1)
	d.bev.SetPriority(w.priority())
	d.bev.OnRead(d.input)
	d.bev.OnWrite(d.feed)
	d.bev.OnEvent(d.event)
	if w.k.Choose(2) == 1 {
		d.bev.SetWatermark(Read, 0, 1+w.k.Choose(500))
	}
	if err := d.bev.Connect("tcp", fmt.Sprintf("127.0.0.1:%d", simulatedPort)); err != nil {
		if !w.excused(err) {
			w.fail("Connect: %v", err)
		}
		d.bev.Close()
		d.again()
		return
	}
	if end := w.k.End(d.bev.FD()); end != nil {
		w.byClient[end] = d.stream
	}
	w.rules.watch(d.bev)
	d.bev.Enable(Read)
	if w.k.Choose(8) == 7 { // sends what it has as soon as it can, and wants no answer
		d.rude = true
		d.bev.CloseAfterFlush()
		d.finish()
	}
}

func (d *dialer) again() {
	if d.tries++; d.tries > 20 {
		d.finish()
		return
	}
	d.w.b.NewTimer(d.dial).Add(time.Duration(d.tries) * 10 * time.Millisecond)
}

func (d *dialer) input() {
	in := d.bev.Input()
	space := make([]byte, 1+d.w.k.Choose(in.Len()))
	n, _ := in.Read(space)
	d.receive(space[:n])
	for in.Len() > 0 { // the rest at once, so that nothing waits for further bytes
		n, _ := in.Read(space)
		d.receive(space[:n])
	}
}

// feed puts the next piece into the output.
func (d *dialer) feed() {
	var space [400]byte
	if d.finSent || d.done {
		return
	}
	p := d.next(space[:1+d.w.k.Choose(len(space))])
	d.sent += len(p)
	d.bev.Write(p)
	if d.sent == d.total {
		d.finSent = true
		d.bev.CloseWrite()
	}
}

func (d *dialer) event(what Outcome) {
	d.w.k.Note(d.id, 0, 0, "dialer "+what.String())
	if !d.connected || what.Has(Connected) {
		if d.outcomes++; d.outcomes > 1 {
			d.w.fail("Connect has a second outcome, %v", what)
		}
	}
	switch {
	case what.Has(Connected):
		d.connected = true
		d.feed()
	case what.Has(EOF) && (d.failed == nil || d.promised > 0):
		d.bev.Close()
		d.fin()
	case what.Has(Reading) || !d.connected:
		if end := d.w.owned[d.bev.FD()]; end != nil && end.Lost {
			d.hurt = true
		}
		err := errors.Join(d.bev.Err(), d.failed)
		if !d.connected && !d.w.excused(err) && !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ECONNRESET) {
			d.w.fail("Connect failed with %v", err)
		}
		d.bev.Close()
		d.rst(err)
	case d.failed != nil:
		d.w.fail("a failed write was told twice: %v", d.stream)
	default:
		d.failed = d.bev.Err()
	}
}

// steal closes a connection's descriptor behind its back, with a duplicate left over now and then.
func (w *world) steal() {
	c := w.someConn()
	if c == nil || c.stolen || c.bev != nil && c.bev.Closed() || c.raw != nil && w.b.fds.entry(c.fd).interest == 0 {
		return
	}
	if w.k.Exists(c.fd) != nil || w.k.End(c.fd) != c.end || w.k.End(c.fd) == nil {
		return
	}
	w.k.Note(c.fd, 0, 0, "stolen")
	if w.k.Choose(3) == 2 {
		w.keepTwin(c.fd)
	}
	c.stolen = true
	c.hurt()
	w.stolen[c.fd] = c
	w.k.Close(c.fd)
}

// keepTwin keeps a file open for a while. The twin must not take a number that was stolen: nobody adds it to the base, and so the
// number's former owner could never learn that it is another's.
func (w *world) keepTwin(fd int) {
	twin, err := w.k.Dup(fd)
	if err != nil {
		return
	}
	if w.stolen[twin] != nil {
		w.k.Close(twin)
		return
	}
	w.twins = append(w.twins, twin)
	w.k.After(5*w.k.Soon(), func() { w.closeTwin(twin) })
}

func (w *world) closeTwin(twin int) {
	if i := slices.Index(w.twins, twin); i >= 0 {
		w.twins = slices.Delete(w.twins, i, i+1)
		w.k.Close(twin)
	}
}

// someConn is any connection that is not over, and forgets those that are.
func (w *world) someConn() *conn {
	w.conns = slices.DeleteFunc(w.conns, func(c *conn) bool {
		return c.over || c.successor || c.bev != nil && c.bev.Closed() && (c.far == nil || c.far.Closed())
	})
	if len(w.conns) == 0 {
		return nil
	}
	return w.conns[w.k.Choose(len(w.conns))]
}

// refused is told when the backend has refused an interest: whoever has that connection may end it.
func (w *world) refused(fd int) {
	end := w.k.End(fd)
	if end == nil {
		return
	}
	for _, e := range []*simulated.End{end, end.Peer()} {
		if s := w.byClient[e]; s != nil {
			s.hurt = true
		}
	}
}

// watched is the backend of a world's base: it checks the rules between the turns.
type watched struct {
	*simulated.Poller
	w *world
}

func (p *watched) Set(fd int, token backend.Token, old, new What) error {
	if !old.Has(backend.Interest) && new.Has(backend.Interest) {
		p.w.checkToken(fd, token)
	}
	if p.w.is(losesAnInterest) && old.Has(Read) && new.Has(Write) {
		return nil
	}
	err := p.Poller.Set(fd, token, old, new)
	if err != nil {
		p.w.refused(fd)
	}
	return err
}

// checkToken: a token names one owner of a descriptor, and no later one.
func (w *world) checkToken(fd int, token backend.Token) {
	named, end := w.tokens[fd], w.k.End(fd)
	if end != nil && named.end != nil && named.end != end && named.token == token {
		w.fail("descriptor %d has a new owner, and the token of the old one", fd)
	}
	w.tokens[fd] = naming{token, end}
}

func (p *watched) Wait(ready []backend.Ready, timeout time.Duration) (int, error) {
	w := p.w
	if w.is(oversleeps) && timeout > 0 {
		timeout *= 2
	}
	w.rules.check(w, timeout)
	if w.failure != "" {
		return 0, fmt.Errorf("a rule is broken")
	}
	n, err := p.Poller.Wait(ready, timeout)
	w.waits++
	w.reported += n
	return n, err
}
