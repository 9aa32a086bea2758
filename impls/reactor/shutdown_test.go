package reactor

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// Shutdown owes all that was read from the kernel, also what a ring has received for a bufferevent that is not reading, and what is under a
// filter: the client takes no answers, and begins to when Shutdown was called.
func TestShutdownEchoesWhatWasRead(t *testing.T) {
	for _, method := range backend.Methods() {
		for kind, over := range stacks {
			t.Run(method+"/"+kind, func(t *testing.T) {
				g, err := NewGroup(1, WithBackend(method), WithoutEnv())
				if errors.Is(err, backend.ErrUnavailable) {
					t.Skip(err)
				}
				check(t, err)
				socket, peer := owned(t, g.Base(0))
				p := pauseBehind(t, over(socket), peer)
				check(t, g.Shutdown(soon))
				check(t, g.Start())
				p.wantEcho(t, toTheEnd(t, peer))
				check(t, unix.Shutdown(peer, unix.SHUT_WR))
				check(t, g.Wait())
				check(t, g.Close())
			})
		}
	}
}

// stacks are what may be over a socket. A filter takes little at a time, so that the socket has read more than it has taken.
var stacks = map[string]func(*BufferEvent) *BufferEvent{
	"socket":      func(socket *BufferEvent) *BufferEvent { return socket },
	"filter":      slowFilter,
	"two filters": func(socket *BufferEvent) *BufferEvent { return slowFilter(slowFilter(socket)) },
}

func slowFilter(under *BufferEvent) *BufferEvent {
	under.SetWatermark(Write, 0, 1000)
	bev := NewFilter(under, nil, nil)
	bev.SetMaxSingle(1000, 0)
	return bev
}

// A pausedEcho is a bufferevent that has stopped reading, because its peer does not read.
type pausedEcho struct {
	bev     *BufferEvent
	blocked int    // the first so many bytes that come back to the peer are no echo
	sent    []byte // by the peer
	taken   int    // of these are not in the kernel any more
}

func pauseBehind(t *testing.T, bev *BufferEvent, peer int) *pausedEcho {
	t.Helper()
	p := &pausedEcho{bev: bev, sent: bytes.Repeat([]byte("0123456789abcdef!"), 9000)}
	echo(bev)
	bev.SetWatermark(Write, 0, 1000)
	turns(t, bev.Base(), 1)
	p.blocked = fill(bev.FD())
	n, err := unix.Write(peer, p.sent)
	check(t, err)
	p.sent = p.sent[:n]
	until(t, bev.Base(), "paused", func() bool { return bev.flags&paused != 0 })
	unread, _, err := unix.Recvfrom(bev.FD(), make([]byte, n), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != unix.EAGAIN {
		check(t, err)
	}
	p.taken = n - max(0, unread)
	echoed := 0
	for each := bev; each != nil; each = each.Underlying() {
		echoed += each.unwritten()
	}
	if p.taken <= echoed && (bev.Base().completion != nil || bev.filter() != nil) {
		t.Fatalf("%d bytes were read, and of %d there is an echo: nothing is at stake", p.taken, echoed)
	}
	return p
}

// wantEcho is told all that has come back.
func (p *pausedEcho) wantEcho(t *testing.T, got []byte) {
	t.Helper()
	got = got[min(p.blocked, len(got)):]
	if len(got) < p.taken || !bytes.HasPrefix(p.sent, got) {
		t.Errorf("%d bytes came back, in order: %v; %d were read", len(got), bytes.HasPrefix(p.sent, got), p.taken)
	}
}

// takeAll is the peer, which reads from now on, until the bufferevent has sent its FIN or is closed.
func (p *pausedEcho) takeAll(t *testing.T, peer int) []byte {
	t.Helper()
	var got []byte
	until(t, p.bev.Base(), "all output is written", func() bool {
		got = append(got, content(peer)...)
		return p.bev.state >= lingering
	})
	return append(got, content(peer)...)
}

// What the peer sends after Shutdown is left to the kernel: a peer that sends for ever does not keep the bufferevent.
func TestShutdownTakesNoMore(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) { // in which no silence ends lingering
		bev, peer := owned(t, b)
		p := pauseBehind(t, bev, peer)
		bev.Shutdown()
		turns(t, b, 3)
		if c := b.completion; c != nil && c.connections[bev.FD()].receiving {
			until(t, b, "receiving is called off", func() bool { return !c.connections[bev.FD()].receiving })
		}
		more := fill(peer)
		equal(t, "more was sent", more > 0, true)
		equal(t, "another descriptor", bev.SetFD(-1), ErrClosed)
		p.wantEcho(t, p.takeAll(t, peer))
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		until(t, b, "closed", bev.Closed)
	})
}

// A bufferevent that has nothing closes, one with a rate limit takes its time, and the end of the stream behind what was read is no obstacle.
func TestShutdownOfOthers(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, bev *BufferEvent, peer int){
		"after FIN": func(t *testing.T, _ *BufferEvent, peer int) { check(t, unix.Shutdown(peer, unix.SHUT_WR)) },
		"with a rate limit": func(t *testing.T, bev *BufferEvent, _ int) {
			check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 50_000}}))
		},
		"writing disabled": func(_ *testing.T, bev *BufferEvent, _ int) { bev.Disable(Write) },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) {
				bev, peer := owned(t, b)
				p := pauseBehind(t, bev, peer)
				prepare(t, bev, peer)
				turns(t, b, 2)
				bev.Shutdown()
				var got []byte
				onTime := b.NewTicker(func() { got = append(got, content(peer)...) })
				onTime.Add(10 * ms)
				until(t, b, "FIN", func() bool {
					loop(t, b, Once, Passed)
					return bev.state >= lingering
				})
				p.wantEcho(t, append(got, content(peer)...))
				onTime.Del()
				bev.Close()
			})
		})
	}
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, _ := owned(t, b)
		echo(bev)
		turns(t, b, 1)
		bev.Shutdown()
		until(t, b, "closed", bev.Closed)
		bev.Shutdown()
		equal(t, "closed", bev.Closed(), true)
	})
}

// Where the last echo is on its way the peer's FIN is waited for, and heard.
func TestShutdownHearsTheEnd(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) { // in which no silence ends lingering
		bev, peer := owned(t, b)
		echo(bev)
		turns(t, b, 1)
		write(t, peer, "hello")
		turns(t, b, 3)
		bev.Shutdown()
		until(t, b, "FIN", func() bool { return bev.state >= lingering })
		equal(t, "echo", read(t, peer), "hello")
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		until(t, b, "closed", bev.Closed)
	})
}

// What is under a filter that keeps it goes on, and a filter that comes in the midst of Shutdown is part of it.
func TestShutdownOfFilters(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) {
		under, peer := owned(t, b)
		bev := NewFilter(under, nil, nil, KeepUnderlying())
		bev.Enable(Read)
		turns(t, b, 2)
		bev.Shutdown()
		until(t, b, "closed", bev.Closed)
		got := take(under)
		write(t, peer, "hello")
		until(t, b, "what comes then", func() bool { return got.Len() > 0 })
		under.Close()

		under, peer = owned(t, b)
		p := pauseBehind(t, under, peer)
		under.Shutdown()
		p.bev = slowFilter(under)
		echo(p.bev)
		until(t, b, "closed", func() bool {
			drain(peer)
			return p.bev.Closed() && under.state >= lingering
		})
		under.Close()
	})
}

// What the user does not take is not waited for, and CloseAfterFlush passes on nothing more.
func TestShutdownPassesOnOnlyWhatIsWanted(t *testing.T) {
	for name, end := range map[string]func(*BufferEvent){
		"reading disabled": func(bev *BufferEvent) { bev.Disable(Read); bev.Shutdown() },
		"full input":       func(bev *BufferEvent) { bev.SetWatermark(Read, 0, 1); bev.Input().Write([]byte("x")); bev.Shutdown() },
		"CloseAfterFlush":  (*BufferEvent).CloseAfterFlush,
		"both":             func(bev *BufferEvent) { bev.Shutdown(); bev.CloseAfterFlush() },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				bev, peer := owned(t, b)
				p := pauseBehind(t, bev, peer)
				echoed := bev.unwritten()
				bev.OnRead(func() { t.Error("OnRead was called") })
				end(bev)
				equal(t, "came back", len(p.takeAll(t, peer)), p.blocked+echoed)
				bev.Close()
			})
		})
	}
}

// A pause is no silence: nothing that a paused bufferevent has received is lost by a read timeout, nor by the peer's FIN.
func TestTimeoutAndFINWhilePaused(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		bev.SetTimeouts(10*ms, 0)
		p := pauseBehind(t, bev, peer)
		v.pass(time.Hour)
		turns(t, b, 3)
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		v.pass(time.Hour)
		turns(t, b, 3)
		p.taken = len(p.sent)
		p.wantEcho(t, p.takeAll(t, peer))
		equal(t, "closed", bev.Closed(), true)
	})
}

// toTheEnd reads until FIN.
func toTheEnd(t *testing.T, fd int) []byte {
	t.Helper()
	check(t, unix.SetNonblock(fd, false))
	tv := unix.NsecToTimeval(int64(soon))
	check(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	again, err := unix.Dup(fd)
	check(t, err)
	file := os.NewFile(uintptr(again), "peer")
	defer file.Close()
	all, err := io.ReadAll(file)
	check(t, err)
	return all
}
