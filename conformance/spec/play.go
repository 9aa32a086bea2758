package spec

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/conformance/schedule"
)

// A play carries out one schedule on a running server and records what is done and seen. It judges nothing: that is left to
// schedule.Judge, after the end. So no verb here may end the check because of what the server does.
type play struct {
	t        *T
	server   *Server
	base     int           // what the numbers of its connections begin after
	patience time.Duration // without any progress, before a silence is one

	script  schedule.Schedule
	step    int
	conns   [schedule.MaxConns + 1]*client
	history schedule.History
	facts   []string // of the server, if it was this play's own
}

// A client is a connection of a play. Once it is done nothing more is asked of it: it has ended, or has broken a promise.
type client struct {
	*Conn
	name int // in the schedule
	done bool
}

func (t *T) newPlay(s *Server, script schedule.Schedule, base int) *play {
	return &play{t: t, server: s, base: base, script: script, patience: t.scaled(patience)}
}

// finished reports whether every command has been carried out.
func (p *play) finished() bool { return p.step >= len(p.script) }

// next carries out one command.
func (p *play) next() {
	p.do(p.script[p.step])
	p.step++
}

// all carries out the commands and the common end.
func (p *play) all() {
	for !p.finished() {
		p.next()
	}
	p.heal()
}

func (p *play) note(c *client, kind schedule.Kind, n int64, text string) {
	e := schedule.Event{Step: p.step, At: time.Since(p.t.began), Kind: kind, N: n, Text: text}
	if c != nil {
		e.Conn = c.name
	}
	p.history = append(p.history, e)
}

func (p *play) do(command schedule.Command) {
	c := p.conns[command.Conn]
	if c != nil && c.done {
		return
	}
	switch command.Verb {
	case schedule.Connect:
		p.connect(command)
	case schedule.Send:
		p.send(c, command.N)
	case schedule.Read:
		p.read(c, command.N)
	case schedule.Shutdown:
		p.shutdown(c)
	case schedule.Close:
		p.note(c, schedule.DidClose, 0, "")
		c.Close()
		c.done = true
	case schedule.Reset:
		p.note(c, schedule.DidReset, 0, "")
		c.Reset()
		c.done = true
	case schedule.Pause:
		p.t.Sleep(command.For)
	case schedule.Stop:
		p.server.Stop()
		p.note(nil, schedule.DidStop, 0, "")
	case schedule.Cont:
		p.server.Continue()
		p.note(nil, schedule.DidCont, 0, "")
	}
}

func (p *play) connect(command schedule.Command) {
	c := &client{name: command.Conn}
	p.conns[command.Conn] = c
	conn, err := p.t.tryDial(p.server, []DialOption{WithReceiveBuffer(int(command.N)), numbered(p.base + command.Conn)})
	if err != nil {
		p.note(c, schedule.Refused, 0, err.Error())
		c.done = true
		return
	}
	c.Conn = conn
	p.note(c, schedule.DidConnect, 0, "")
}

// send offers bytes until the server is seen to take no more.
func (p *play) send(c *client, n int64) {
	began, watch := c.sent, p.t.watchStall()
	goal := began + n
	for c.sent < goal {
		wrote, err := c.write(goal - c.sent)
		switch {
		case wrote > 0:
			watch.moved()
		case err != unix.EAGAIN:
			p.sent(c, began)
			p.broke(c, err)
			return
		case p.full(c, watch):
			p.sent(c, began)
			return
		}
	}
	p.sent(c, began)
}

func (p *play) sent(c *client, began int64) {
	p.note(c, schedule.DidSend, c.sent-began, "")
	c.eventf("sent %s", group(c.sent-began))
}

// full reports whether the server has stopped reading. Where its end cannot be seen, a while without room must do.
func (p *play) full(c *client, watch *stall) bool {
	if c.addresses.server.IsValid() {
		if watch.reached([]*Conn{c.Conn}) {
			return true
		}
		p.t.roomComes([]*Conn{c.Conn})
		return false
	}
	return !c.waitFor(unix.POLLOUT, p.t.scaled(blockedAfterUnseen), "room to send")
}

// broke notes a connection that the server has reset.
func (p *play) broke(c *client, err error) {
	p.note(c, schedule.SawRST, 0, err.Error())
	c.done = true
}

// read takes n bytes, or what is owed, or, when everything has been said, the end. From a stopped server it takes what is there.
func (p *play) read(c *client, n int64) {
	began := c.received
	goal := int64(math.MaxInt64)
	if n < goal-began {
		goal = began + n
	}
	for c.received < goal && !c.done && (c.received < c.sent || c.finSent) {
		if !p.take(c, goal-c.received) {
			break
		}
	}
	if c.received > began {
		c.eventf("got %s", group(c.received-began))
	}
}

// take makes one read, and reports whether there may be more.
func (p *play) take(c *client, most int64) bool {
	wait := p.patience
	if p.server.stopped {
		wait = 0
	}
	if p.arrive(c, most, wait) == silence {
		p.quiet(c)
		return false
	}
	return true
}

// arrive makes one read and notes what it brings, if that is anything.
func (p *play) arrive(c *client, most int64, wait time.Duration) arrival {
	got, how, err := c.receive(most, wait, "bytes or the end of connection c"+strconv.Itoa(c.name))
	switch how {
	case data:
		p.accept(c, got)
	case fin:
		p.note(c, schedule.SawFIN, 0, "")
		c.done = true
	case reset:
		p.broke(c, err)
	}
	return how
}

// quiet notes that nothing comes although the server runs. Nothing more is asked of the connection then: to wait again
// would only take as long.
func (p *play) quiet(c *client) {
	if p.server.stopped {
		return
	}
	p.note(c, schedule.Silence, 0, "waited for "+seconds(p.patience)+"; "+c.peer())
	c.event("silence")
	c.done = true
}

// accept compares what has come with what was sent.
func (p *play) accept(c *client, got []byte) {
	expected := got[:min(int64(len(got)), c.sent-c.received)]
	want := p.t.expected[:len(expected)]
	c.stream.Fill(want, c.received)
	if right := samePrefix(expected, want); right < len(expected) {
		p.came(c, int64(right))
		p.wrong(c, schedule.Wrong, c.wrongBytes(got[right:]))
		return
	}
	p.came(c, int64(len(expected)))
	if len(got) > len(expected) {
		p.wrong(c, schedule.Surplus, c.surplusBytes(got[len(expected):]))
	}
}

func (p *play) came(c *client, n int64) {
	c.received += n
	if n > 0 {
		p.note(c, schedule.Came, n, "")
	}
}

func (p *play) wrong(c *client, kind schedule.Kind, f Failure) {
	text := f.Got
	for _, line := range f.Detail {
		text += "\n" + line
	}
	p.note(c, kind, 0, text)
	c.done = true
}

func samePrefix(a, b []byte) int {
	if bytes.Equal(a, b) {
		return len(a)
	}
	n := 0
	for a[n] == b[n] {
		n++
	}
	return n
}

func (p *play) shutdown(c *client) {
	if err := unix.Shutdown(c.fd, unix.SHUT_WR); err != nil {
		p.broke(c, err)
		return
	}
	c.finSent = true
	c.t.wire.note(c.number, "→ FIN")
	c.event("shutdown(WR)")
	p.note(c, schedule.DidShutdown, 0, "")
}

// heal is the common end of every schedule: the server runs, and each connection that is open gets what it is owed, is seen to
// live, and ends.
func (p *play) heal() {
	if p.server.stopped {
		p.do(schedule.Command{Verb: schedule.Cont})
	}
	for _, c := range p.conns {
		if c == nil || c.done || c.finSent {
			continue
		}
		p.read(c, math.MaxInt64)
		if !c.done {
			p.arrive(c, 1, 0) // nothing should
		}
		if !c.done {
			p.send(c, 8)
			p.read(c, math.MaxInt64)
		}
	}
	for _, c := range p.conns {
		if c != nil && !c.done && !c.finSent {
			p.shutdown(c)
		}
		if c != nil && !c.done {
			p.read(c, math.MaxInt64)
		}
	}
	p.release()
}

// release closes what is open, so that a play leaves nothing behind for the next one.
func (p *play) release() {
	for _, c := range p.conns {
		if c != nil && c.Conn != nil {
			c.Conn.release()
		}
	}
}
