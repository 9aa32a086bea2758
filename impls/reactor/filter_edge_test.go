package reactor

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// Ends that meet between a filter and what is under it.

// Timeouts of the underlying bufferevent are the filter's to tell, and Enable goes on in both.
func TestC5TimeoutsFromBelow(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		under, peer := owned(t, b)
		bev := framed(under)
		under.SetTimeouts(100*ms, 200*ms)
		begun := v.now
		var told []string
		bev.OnEvent(func(what Outcome) {
			told = append(told, fmt.Sprint(what, " at ", (v.now-begun)/moment(ms)))
		})
		got := take(bev)
		fill(under.FD())
		bev.Write([]byte("delayed"))
		pass(t, b, 1000*ms)
		same(t, "told", told, []string{"Timeout|Reading at 100", "Timeout|Writing at 200"})
		equal(t, "enabled", bev.Enabled(), 0)

		sent := content(peer) // of what was given to the kernel nothing is taken back
		bev.Enable(Read | Write)
		bev.Write([]byte(" output"))
		write(t, peer, "\x00\x02in")
		calm(t, b)
		equal(t, "received", got.String(), "in")
		sent += content(peer)
		equal(t, "sent", strings.TrimLeft(sent, "\x00"), "\x07delayed\x00\x07 output")
		bev.Close()
	})
}

// A reset comes through as what it is.
func TestC12ResetFromBelow(t *testing.T) {
	wrap := map[string]func(*BufferEvent) *BufferEvent{
		"filter": framed,
		"TLS":    func(under *BufferEvent) *BufferEvent { return NewTLSServer(under, serverConfig(t)) },
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				client, server := tcpPair(t)
				bev := wrap(b.NewBufferEvent(server))
				told := outcomes(bev)
				bev.Enable(Read)
				turns(t, b, 2)
				check(t, unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
				check(t, unix.Close(client))
				loop(t, b, 0, Empty)
				want := Error | Reading
				if name == "TLS" {
					want |= Writing // the handshake has failed
				}
				same(t, "told", *told, []Outcome{want})
				if !errors.Is(bev.Err(), unix.ECONNRESET) {
					t.Errorf("error %v", bev.Err())
				}
				bev.Close()
			})
		})
	}
}

// A callback of the configuration runs in the middle of the handshake, and may close the connection there; before, it can ask who calls.
func TestC9CloseFromACallbackOfTLS(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		before := runtime.NumGoroutine()
		var bev *BufferEvent
		var address net.Addr
		config := serverConfig(t)
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			address = hello.Conn.RemoteAddr()
			bev.Close()
			return nil, nil
		}
		client, server := tcpPair(t)
		bev = NewTLSServer(b.NewBufferEvent(server), config)
		bev.OnEvent(func(what Outcome) { t.Errorf("%v after Close", what) })
		peer := NewTLSClient(b.NewBufferEvent(client), clientConfig(t))
		told := outcomes(peer)
		peer.Enable(Read)
		loop(t, b, 0, Empty)
		equal(t, "closed", bev.Closed(), true)
		equal(t, "descriptor open", isOpen(server), false)
		if len(*told) != 1 || !(*told)[0].Has(Error) {
			t.Errorf("the peer was told %v", *told)
		}
		if _, ok := address.(*net.TCPAddr); !ok {
			t.Errorf("address %v", address)
		}
		peer.Close()
		goroutinesEnd(t, before)
	})
}

// The same for a transform that waits: it ends where it waits next.
func TestC9CloseFromWithinATransform(t *testing.T) {
	for name, direct := range map[string]bool{"called": true, "streaming": false} {
		t.Run(name, func(t *testing.T) {
			b := newBase(t)
			one, other := b.NewPair()
			var bev *BufferEvent
			released := 0
			in := func(dst, src *evbuffer.Buffer, _ int, _ FlushMode) error {
				if src.Len() == 0 {
					return ErrNeedMore
				}
				bev.Close()
				return dst.Append(src)
			}
			stop := func() {}
			if !direct {
				in, stop = Streaming(func(dst io.Writer, src io.Reader) error {
					p := make([]byte, 1)
					for {
						if _, err := src.Read(p); err != nil {
							return err
						}
						bev.Close()
					}
				})
			}
			bev = NewFilter(one, in, nil, OnRelease(stop), OnRelease(func() { released++ }))
			bev.OnRead(func() { t.Error("OnRead after Close") })
			bev.OnEvent(func(what Outcome) { t.Errorf("%v after Close", what) })
			bev.Enable(Read)
			other.Write([]byte("xyz"))
			told := outcomes(other)
			other.Enable(Read)
			calm(t, b)
			equal(t, "closed", bev.Closed() && one.Closed(), true)
			equal(t, "released", released, 1)
			same(t, "the partner was told", *told, []Outcome{EOF | Reading})
			other.Close()
		})
	}
}

// What the caller gets back is as it was.
func TestC9KeptUnderlyingHasItsMarks(t *testing.T) {
	b := newBase(t)
	one, other := b.NewPair()
	bev := NewFilter(one, nil, nil, KeepUnderlying())
	bev.Close()
	low, high := one.Watermarks(Write)
	same(t, "marks", []int{low, high}, []int{0, 256 << 10})
	got := take(other)
	bev = NewFilter(one, nil, nil)
	bev.Write([]byte("again"))
	calm(t, b)
	equal(t, "through another filter", got.String(), "again")
}

// A frozen input is an error of reading, not an end.
func TestC12FrozenInput(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		bev.Enable(Read)
		bev.Input().Freeze(evbuffer.Back)
		peer.Write(bytes.Repeat([]byte("x"), 100))
		calm(t, b)
		if len(*told) != 1 || (*told)[0] != Error|Reading {
			t.Errorf("told %v", *told)
		}
		if bev.Err() == nil {
			t.Error("no error is behind it")
		}
	})
}

// A flush goes through the whole stack, also one that has to wait for the output before it.
func TestC13FlushGoesDown(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := over(over(socketKind, deflated), deflated)(t, b)
		got := take(peer)
		bev.Write([]byte("kept by neither"))
		bev.Flush(Flushing)
		calm(t, b)
		equal(t, "received", got.String(), "kept by neither")
		bev.Write([]byte(", nor"))
		calm(t, b)
		bev.Flush(Flushing)
		calm(t, b)
		equal(t, "received", got.String(), "kept by neither, nor")
		secured, partner := secure(over(socketKind, deflated))(t, b)
		answer := take(partner)
		secured.Write([]byte("and secret"))
		secured.Flush(Flushing)
		calm(t, b)
		equal(t, "received", answer.String(), "and secret")
		for _, bev := range []*BufferEvent{bev, peer, secured, partner} {
			bev.Close()
		}
	})
}

// OnRelease is called once, whatever it closes.
func TestReleaseThatClosesTheUnderlying(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		under, _ := owned(t, b)
		released := 0
		filter := NewFilter(under, nil, nil, OnRelease(func() { released++; under.Close() }))
		filter.Close()
		equal(t, "releases", released, 1)
		equal(t, "closed", under.Closed(), true)
	})
}

// What came while the process was stopped counts also where a filter waits for it.
func TestFilterTimeoutAfterAPause(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		under := peer
		for under.Underlying() != nil {
			under = under.Underlying()
		}
		if under.FD() < 0 {
			return // what comes in memory does not come while the loop is away
		}
		told := outcomes(bev)
		got := take(bev)
		bev.SetTimeouts(time.Second, 0)
		turns(t, b, 3)
		v.whileAway = func() {
			peer.Write([]byte("late"))
			peer.settle()
			for bev := peer.Underlying(); bev != nil; bev = bev.Underlying() {
				bev.settle()
			}
			if b.completion != nil {
				b.completion.ring.Flush()
			}
		}
		for turn := 0; turn < 30 && got.Len() == 0 && len(*told) == 0; turn++ {
			_, err := b.Loop(Once)
			check(t, err)
		}
		equal(t, "bytes", got.String(), "late")
		equal(t, "outcomes", len(*told), 0)
	})
}

// A limit counts what a transform has taken, also if it has written to its own output meanwhile.
func TestC8LimitWithATransformThatWrites(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		under, peer := owned(t, b)
		var bev *BufferEvent
		more := "and then some"
		bev = NewFilter(under, nil, func(dst, src *evbuffer.Buffer, most int, flush FlushMode) error {
			bev.Write([]byte(more))
			more = ""
			return passOn(dst, src, most, flush)
		})
		check(t, bev.SetRateLimit(RateLimit{Write: Rate{PerTick: 1000}, Tick: time.Hour}))
		bev.Write([]byte("first "))
		calm(t, b)
		equal(t, "written", content(peer), "first and then some")
		equal(t, "left", bev.RateLeft(Write), 1000-len("first and then some"))
		bev.Close()
	})
}
