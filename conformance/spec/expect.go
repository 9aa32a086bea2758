package spec

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// An arrival is what a read brought.
type arrival int

const (
	data    arrival = iota
	silence         // nothing came in the time given
	fin             // the orderly end of the stream
	reset           // RST, or any other broken end
)

// after says in words what came instead of bytes.
func (a arrival) after(waited time.Duration) string {
	switch a {
	case silence:
		return "nothing for " + seconds(waited)
	case fin:
		return "FIN"
	case reset:
		return "RST"
	}
	return "bytes"
}

// End is how a connection ended: FIN or RST.
type End string

// The two ends of a connection.
const (
	FIN End = "FIN"
	RST End = "RST"
)

// receive reads at most max bytes into the shared buffer, waiting for the first.
func (c *Conn) receive(max int64, wait time.Duration, what string) ([]byte, arrival, error) {
	p := c.t.buffer[:min(max, int64(len(c.t.buffer)))]
	until := time.Now().Add(wait)
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.Read(c.fd, p) })
		switch {
		case n > 0:
			c.t.progressed()
			c.t.wire.moved(c.number, "←", c.received, int64(n))
			return p[:n], data, nil
		case err == nil:
			c.t.wire.note(c.number, "← FIN")
			c.event("FIN")
			return nil, fin, nil
		case err != unix.EAGAIN:
			c.t.wire.note(c.number, fmt.Sprintf("← RST (%v)", err))
			c.eventf("RST (%v)", err)
			return nil, reset, err
		case !c.t.poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, until, what):
			return nil, silence, nil
		}
	}
}

// ExpectEcho reads the next n bytes and compares each with what was sent. It fails the check at the first wrong byte,
// at an early end, and when nothing comes for longer than the patience.
func (c *Conn) ExpectEcho(n int64) {
	goal := c.received + n
	want := c.wanted(goal)
	for c.received < goal {
		got, how, err := c.receive(goal-c.received, c.t.scaled(patience), want)
		if how != data {
			c.short(want, how, err)
		}
		c.accept(got)
	}
	c.eventf("got %s", group(n))
}

// wanted says what a connection still has to bring.
func (c *Conn) wanted(goal int64) string {
	if c.finSent {
		return plural(goal, "byte", "bytes") + ", then FIN"
	}
	return plural(goal, "byte", "bytes")
}

// short fails the check because the stream ended or stalled early.
func (c *Conn) short(want string, how arrival, err error) {
	c.t.alive(want)
	came := plural(c.received, "byte", "bytes")
	switch how {
	case silence:
		c.t.Fatal(want, fmt.Sprintf("%s, then nothing for %s: the tail is missing, what came is intact",
			came, seconds(c.t.scaled(patience))), c.peer())
	case reset:
		c.t.Fatal(want, fmt.Sprintf("%s, then RST (%v): the tail is missing, what came is intact", came, err))
	case fin:
		c.t.Fatal(want, came+", then FIN: the tail is missing, what came is intact")
	}
}

// accept compares received bytes with the stream and counts them.
func (c *Conn) accept(got []byte) {
	if extra := c.received + int64(len(got)) - c.sent; extra > 0 {
		c.verify(got[:int64(len(got))-extra])
		c.surplus(got[int64(len(got))-extra:])
	}
	c.verify(got)
}

func (c *Conn) verify(got []byte) {
	want := c.t.expected[:len(got)]
	c.stream.Fill(want, c.received)
	if bytes.Equal(got, want) {
		c.received += int64(len(got))
		return
	}
	at := 0
	for got[at] == want[at] {
		at++
	}
	c.received += int64(at)
	c.wrong(got[at:])
}

// either is how many bytes a failure shows on each side of the first wrong one.
const either = 16

// wrong fails the check at a wrong byte.
func (c *Conn) wrong(got []byte) {
	f := c.wrongBytes(got)
	c.t.Fatal(f.Want, f.Got, f.Detail...)
}

// wrongBytes says what is wrong from the first wrong byte on, after reading on a little to tell what happened.
func (c *Conn) wrongBytes(got []byte) Failure {
	got = c.readOn(bytes.Clone(got))
	v := view{stream: c.stream, offset: c.received, got: got, sent: c.t.sentBy}
	before := min(c.received, either)
	context := make([]byte, before+either)
	c.stream.Fill(context, c.received-before)
	came := append(bytes.Clone(context[:before]), got[:min(len(got), either)]...)
	return Failure{"every byte as it was sent",
		fmt.Sprintf("%s intact, then from offset %s on %s", plural(c.received, "byte", "bytes"), group(c.received), v.diagnose()),
		[]string{
			fmt.Sprintf("sent, from offset %s: %s", group(c.received-before), hexLine(context)),
			fmt.Sprintf("came, from offset %s: %s", group(c.received-before), hexLine(came)),
		}}
}

// surplus fails the check because more came than was sent.
func (c *Conn) surplus(got []byte) {
	f := c.surplusBytes(got)
	c.t.Fatal(f.Want, f.Got, f.Detail...)
}

// surplusBytes says what the bytes are that came behind everything that was sent.
func (c *Conn) surplusBytes(got []byte) Failure {
	got = c.readOn(bytes.Clone(got))
	what := "bytes that no connection sent"
	v := view{stream: c.stream, offset: c.received, got: got, sent: c.t.sentBy}
	if connection, from, _, ok := v.locate(); ok && connection == c.number {
		what = "the bytes of offset " + group(from) + " again"
	} else if ok {
		what = fmt.Sprintf("the bytes of another client: connection %d, offset %s", connection, group(from))
	}
	return Failure{plural(c.sent, "byte", "bytes") + " in all, as many as were sent",
		fmt.Sprintf("%s, then %s: %s", plural(c.received, "byte", "bytes"), plural(int64(len(got)), "byte more", "bytes more"), what),
		[]string{hexLine(got[:min(len(got), 2*either)])}}
}

// readOn collects what comes next, for a tenth of a second and up to 256 KiB: enough to find a reordered block.
func (c *Conn) readOn(got []byte) []byte {
	until := time.Now().Add(100 * time.Millisecond)
	for len(got) < 256<<10 {
		more, how, _ := c.receive(int64(len(c.t.buffer)), time.Until(until), "the bytes after a wrong one")
		if how != data {
			break
		}
		got = append(got, more...)
	}
	return got
}

func (t *T) sentBy(connection int) int64 {
	for _, c := range t.conns {
		if c.number == connection {
			return c.sent
		}
	}
	return 0
}

// ExpectFIN demands the orderly end of the stream next: no byte more, no RST.
func (c *Conn) ExpectFIN() {
	const want = "FIN, and nothing before it"
	got, how, err := c.receive(int64(len(c.t.buffer)), c.t.scaled(patience), want)
	switch how {
	case data:
		c.accept(got)
		c.t.Fatal(want, fmt.Sprintf("%s more", plural(int64(len(got)), "byte", "bytes")))
	case reset:
		c.t.Fatal(c.wanted(c.received), fmt.Sprintf("%s, then RST (%v)", plural(c.received, "byte", "bytes"), err))
	case silence:
		c.t.alive(want)
		c.t.Fatal(c.wanted(c.received), fmt.Sprintf("%s, then nothing for %s: the connection stays open",
			plural(c.received, "byte", "bytes"), seconds(c.t.scaled(patience))), c.peer())
	}
}

// ExpectResetOrFIN demands that the connection ends, either way. What still comes before is compared.
func (c *Conn) ExpectResetOrFIN() End {
	_, how := c.ReadToEnd()
	return how
}

// ReadToEnd reads and compares until the connection ends, and returns how many bytes came and how it ended. It fails
// the check if nothing comes for longer than the patience.
func (c *Conn) ReadToEnd() (int64, End) {
	began := c.received
	for {
		got, how, _ := c.receive(int64(len(c.t.buffer)), c.t.scaled(patience), "the end of the connection")
		switch how {
		case data:
			c.accept(got)
		case fin:
			return c.received - began, FIN
		case reset:
			return c.received - began, RST
		default:
			c.t.alive("the end of the connection")
			c.t.Fatal("the end of the connection", fmt.Sprintf("%s, then nothing for %s: it stays open",
				plural(c.received, "byte", "bytes"), seconds(c.t.scaled(patience))), c.peer())
		}
	}
}

// ReadAtMost reads and compares up to n bytes that come within d, and returns how many did: fewer than n if the
// time ran out or the connection ended.
func (c *Conn) ReadAtMost(n int64, d time.Duration) int64 {
	began, until := c.received, time.Now().Add(d)
	for c.received-began < n {
		got, how, _ := c.receive(n-(c.received-began), time.Until(until), "some bytes")
		if how != data {
			break
		}
		c.accept(got)
	}
	c.eventf("got %s", group(c.received-began))
	return c.received - began
}

// EchoRaw sends bytes that are not the stream's and compares what comes back, at the same time.
func (c *Conn) EchoRaw(b []byte) {
	sent, came := 0, 0
	for came < len(b) {
		events := int16(unix.POLLIN)
		if sent < len(b) {
			events |= unix.POLLOUT
		}
		if !c.waitFor(events, c.t.scaled(patience), "an echo") {
			c.received = int64(came) // so that the failure counts these
			c.short(plural(int64(len(b)), "byte", "bytes"), silence, nil)
		}
		if n, err := ignoringEINTR(func() (int, error) { return unix.Write(c.fd, b[sent:]) }); err == nil {
			sent += n
		}
		came += c.receiveRaw(b, came)
	}
	c.eventf("echoed %s", group(int64(len(b))))
}

// receiveRaw compares what has come with b from an offset on, and returns how much it was.
func (c *Conn) receiveRaw(b []byte, at int) int {
	got, how, err := c.receive(int64(len(b)-at), 0, "an echo")
	if how == fin || how == reset {
		c.received = int64(at)
		c.short(plural(int64(len(b)), "byte", "bytes"), how, err)
	}
	for i := range got {
		if got[i] != b[at+i] {
			c.wrongRaw(b, at+i, got[i:])
		}
	}
	return len(got)
}

func (c *Conn) wrongRaw(want []byte, at int, got []byte) {
	before := want[max(0, at-either):at]
	c.t.Fatal("every byte as it was sent",
		fmt.Sprintf("0x%02x where 0x%02x was sent, at offset %s", got[0], want[at], group(int64(at))),
		"sent "+hexLine(want[at-len(before):min(len(want), at+either)]),
		"came "+hexLine(append(bytes.Clone(before), got[:min(len(got), either)]...)))
}

// Ping sends eight bytes and waits for their echo, and returns how long that took.
func (c *Conn) Ping() time.Duration {
	took := c.ping()
	c.eventf("ping %.1f ms", float64(took.Microseconds())/1000)
	return took
}

func (c *Conn) ping() time.Duration {
	quiet := c.quiet
	c.quiet = true
	began := time.Now()
	c.Send(8)
	c.ExpectEcho(8)
	c.quiet = quiet
	return time.Since(began)
}
