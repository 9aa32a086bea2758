package reactor

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// deflated is a filter with a real state in each direction: what is written is compressed and sent with each flush.
func deflated(under *BufferEvent) *BufferEvent {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed)
	out := func(dst, src *evbuffer.Buffer, _ int, flush FlushMode) error {
		if src.Len() == 0 && flush == Normal {
			return ErrNeedMore
		}
		src.WriteTo(w)
		switch flush {
		case Flushing:
			w.Flush()
		case Finished:
			w.Close()
		}
		_, err := packed.WriteTo(dst)
		return err
	}
	in, stop := Streaming(func(dst io.Writer, src io.Reader) error {
		_, err := io.Copy(dst, flate.NewReader(src))
		return err
	})
	return NewFilter(under, in, out, OnRelease(stop))
}

// stacked runs the test with the filter over each kind that is none itself.
func stacked(t *testing.T, filter func(*BufferEvent) *BufferEvent, test func(t *testing.T, b *Base, bev, peer *BufferEvent)) {
	for name, under := range map[string]maker{"socket": socketKind, "pair": pairKind, "filter": over(socketKind, framed), "TLS": secure(socketKind)} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				bev, peer := over(under, filter)(t, b)
				test(t, b, bev, peer)
				bev.Close()
				peer.Close()
				turns(t, b, 3)
			})
		})
	}
}

// A compression keeps what it is given until it is flushed or finished, and gives all of it then; of what one read brings it makes a thousand times
// as much, which waits its turn.
func TestC14Compression(t *testing.T) {
	stacked(t, deflated, func(t *testing.T, b *Base, bev, peer *BufferEvent) {
		got, told := take(peer), outcomes(peer)
		bev.Write([]byte("kept for later, "))
		calm(t, b)
		equal(t, "received", got.String(), "")
		bev.Flush(Flushing)
		calm(t, b)
		equal(t, "received when flushed", got.String(), "kept for later, ")
		bev.Write([]byte("or to the end "))
		bev.Flush(Flushing)
		calm(t, b)
		equal(t, "received when flushed with output", got.String(), "kept for later, or to the end ")

		longest := 0
		peer.OnRead(func() {
			longest = max(longest, peer.Input().Len())
			peer.Input().WriteTo(got)
		})
		before := got.Len()
		bev.Write(make([]byte, 16<<20))
		bev.CloseAfterFlush()
		until(t, b, "the end", func() bool { return len(*told) > 0 })
		same(t, "told", *told, []Outcome{EOF | Reading})
		equal(t, "received", got.Len()-before, 16<<20)
		between(t, "longest input", longest, 1, fillBudget)
	})
}

// libevent's test filter_data_stuck: what is beyond the high mark comes when there is room, though nothing more arrives below.
func TestC14LeftoversUnderAHighMark(t *testing.T) {
	for name, filter := range map[string]func(*BufferEvent) *BufferEvent{"framing": framed, "compression": deflated, "rot13": rot13} {
		t.Run(name, func(t *testing.T) {
			stacked(t, filter, func(t *testing.T, b *Base, bev, peer *BufferEvent) {
				const total = 200_000
				bev.SetWatermark(Read, 0, 4096)
				bev.Enable(Read)
				peer.Write(make([]byte, total))
				peer.CloseWrite()
				told := outcomes(bev)
				for received := 0; received < total; {
					calm(t, b)
					n := bev.Input().Drain(1 << 20)
					between(t, "at the mark", n, 1, 4096)
					received += n
				}
				calm(t, b)
				same(t, "told behind the last byte", *told, []Outcome{EOF | Reading})
			})
		})
	}
}

// Bytes that come one by one are as good as any.
func TestC14OneByteAtATime(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for name, filter := range map[string]func(*BufferEvent) *BufferEvent{"framing": framed, "compression": deflated} {
			one, other := b.NewPair()
			bev := filter(one)
			got := take(bev)
			var wire bytes.Buffer
			source, _ := b.NewPair()
			sender := filter(source)
			source.Partner().OnRead(func() { source.Partner().Input().WriteTo(&wire) })
			source.Partner().Enable(Read)
			sender.Write([]byte(strings.Repeat("one by one ", 300)))
			sender.CloseAfterFlush()
			calm(t, b)
			for _, c := range wire.Bytes() {
				other.Write([]byte{c})
				turns(t, b, 2)
			}
			calm(t, b)
			equal(t, name, got.String(), strings.Repeat("one by one ", 300))
			bev.Close()
			other.Close()
			source.Partner().Close()
		}
	})
}

// A stream that ends within a unit is an error, and so is what a filter cannot read; what came before it is delivered.
func TestC12FilterErrors(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		in   Transform
		send string
		got  string
		want error
	}{
		"cut off":     {nil, "\x00\x05hello\x00\x05hel", "hellohel", io.ErrUnexpectedEOF},
		"half a head": {nil, "\x00\x05hello\x00", "hello", io.ErrUnexpectedEOF},
		"nonsense": {func(dst, src *evbuffer.Buffer, most int, flush FlushMode) error {
			if src.Len() > 5 {
				src.Drain(2)
				src.RemoveTo(dst, 5)
				src.Reset()
				return nil
			}
			return broken
		}, "\x00\x05hello!", "hello", broken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				under, peer := owned(t, b)
				bev := framed(under)
				if c.in != nil {
					bev.filter().in = c.in
				}
				got, told := take(bev), outcomes(bev)
				write(t, peer, c.send)
				check(t, unix.Shutdown(peer, unix.SHUT_WR))
				loop(t, b, 0, Empty)
				same(t, "told", *told, []Outcome{Error | Reading})
				equal(t, "received before", got.String(), c.got)
				if !errors.Is(bev.Err(), c.want) {
					t.Errorf("error %v, want %v", bev.Err(), c.want)
				}
				bev.Close()
			})
		})
	}
}

func TestC12OutputFilterErrors(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for _, finish := range []bool{false, true} {
			broken := errors.New("broken")
			under, peer := owned(t, b)
			bev := NewFilter(under, nil, func(_, _ *evbuffer.Buffer, _ int, flush FlushMode) error {
				if finish && flush != Finished {
					return ErrNeedMore
				}
				return broken
			})
			told := outcomes(bev)
			bev.Write([]byte("in vain"))
			calm(t, b)
			if finish {
				same(t, "told", *told, nil)
				bev.CloseWrite()
				calm(t, b)
			}
			same(t, "told", *told, []Outcome{Error | Writing})
			equal(t, "error", bev.Err(), broken)
			equal(t, "sent", drain(peer), 0)
			bev.Close()
		}
	})
}

// Output with which the filter can do nothing waits for more of it: nothing spins, no timeout runs, and at the end it is an error.
func TestC14OutputThatNeedsMore(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		under, peer := owned(t, b)
		calls := 0
		bev := NewFilter(under, nil, func(dst, src *evbuffer.Buffer, _ int, _ FlushMode) error {
			if calls++; src.Len() < 4 {
				return ErrNeedMore
			}
			src.RemoveTo(dst, 4)
			return nil
		})
		told := outcomes(bev)
		bev.SetTimeouts(0, 100*ms)
		bev.Write([]byte("ab"))
		pass(t, b, 1000*ms)
		equal(t, "sent", drain(peer), 0)
		equal(t, "calls", calls, 1)
		same(t, "told", *told, nil)
		bev.Write([]byte("cdef"))
		calm(t, b)
		equal(t, "sent", read(t, peer), "abcd")
		bev.Write([]byte("gh"))
		calm(t, b)
		equal(t, "sent", read(t, peer), "efgh")
		bev.Write([]byte("ij"))
		bev.CloseWrite()
		calm(t, b)
		same(t, "told", *told, []Outcome{Error | Writing})
		if !errors.Is(bev.Err(), io.ErrUnexpectedEOF) {
			t.Errorf("error %v", bev.Err())
		}
		equal(t, "then FIN", read(t, peer), "")
		bev.Close()
	})
}

// libevent's tests filters_disable and pair_filters_disable: an output filter that writes to its own bufferevent is not called from within itself, and
// one that disables writing is obeyed.
func TestC14OutputFilterWritesToItself(t *testing.T) {
	stacked(t, func(under *BufferEvent) *BufferEvent {
		var bev *BufferEvent
		depth, again := 0, true
		bev = NewFilter(under, nil, func(dst, src *evbuffer.Buffer, _ int, _ FlushMode) error {
			if depth++; depth > 1 {
				t.Error("called from within itself")
			}
			defer func() { depth-- }()
			if src.Len() == 0 {
				return ErrNeedMore
			}
			src.RemoveTo(dst, src.Len())
			if again {
				again = false
				bev.Write([]byte(" and more"))
				bev.Flush(Flushing)
				bev.Disable(Write)
			}
			return nil
		})
		return bev
	}, func(t *testing.T, b *Base, bev, peer *BufferEvent) {
		got := take(peer)
		bev.Write([]byte("this"))
		calm(t, b)
		if text := got.String(); text != "this" && text != "this and more" {
			t.Errorf("received %q", text)
		}
		bev.Enable(Write)
		bev.Write([]byte("."))
		calm(t, b)
		equal(t, "received", got.String(), "this and more.")
	})
}

// The underlying bufferevent is closed with the filter, or is the caller's again. libevent's test socket_filter_inactive is the first half.
func TestC9FilterAndWhatIsUnderIt(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		under, peer := owned(t, b)
		released := 0
		bev := NewFilter(under, nil, nil, OnRelease(func() { released++ }))
		equal(t, "underlying", bev.Underlying() == under, true)
		equal(t, "underlying of a socket", under.Underlying() == nil, true)
		equal(t, "descriptor", bev.FD(), under.FD())
		panics(t, func() { NewFilter(under, nil, nil) })
		fd := under.FD()
		bev.Close()
		bev.Close()
		equal(t, "underlying closed", under.Closed(), true)
		equal(t, "descriptor open", isOpen(fd), false)
		equal(t, "released", released, 1)
		equal(t, "peer sees the end", read(t, peer), "")
		panics(t, func() { NewFilter(under, nil, nil) })

		under, peer = owned(t, b)
		bev = NewFilter(under, nil, nil, KeepUnderlying())
		bev.Enable(Read)
		bev.Write([]byte("through the filter, "))
		bev.CloseAfterFlush()
		turns(t, b, 2)
		equal(t, "filter closed", bev.Closed(), true)
		equal(t, "underlying closed", under.Closed(), false)
		got := take(under)
		under.Write([]byte("and without"))
		write(t, peer, "hello")
		turns(t, b, 2)
		equal(t, "received", read(t, peer), "through the filter, and without")
		equal(t, "received without filter", got.String(), "hello")
		under.Close()
	})
}

// Closing what is under a filter, by the base too, closes the filter; going over all bufferevents gives the top of each stack.
func TestC9WhatIsUnderAFilterCloses(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		under, _ := owned(t, b)
		released := 0
		bev := NewFilter(framed(under), nil, nil, OnRelease(func() { released++ }))
		bev.Enable(Read)
		turns(t, b, 1)
		under.Close()
		equal(t, "filter closed", bev.Closed(), true)
		equal(t, "released", released, 1)

		under, _ = owned(t, b)
		secured := NewTLSServer(under, serverConfig(t))
		near, far := b.NewPair()
		top := framed(near)
		var seen []*BufferEvent
		for bev := range b.BufferEvents() {
			seen = append(seen, bev)
		}
		same(t, "all", seen, []*BufferEvent{secured, top, far})
		check(t, b.Close())
		for _, bev := range []*BufferEvent{secured, top, far, near, under} {
			equal(t, "closed with the base", bev.Closed(), true)
		}
	})
}

// A filter over a bufferevent that is not yet connected is told when it is.
func TestC10ConnectThroughAFilter(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		l, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { echo(framed(b.NewBufferEvent(fd))) })
		check(t, err)
		for _, direct := range []bool{false, true} {
			under := b.NewBufferEvent(-1)
			bev := framed(under)
			told, got := outcomes(bev), take(bev)
			bev.Write([]byte("written while connecting"))
			bev.CloseWrite()
			connect := bev.Connect
			if direct {
				connect = under.Connect
			}
			check(t, connect("tcp", l.Addr()))
			until(t, b, "the end", func() bool { return len(*told) == 2 })
			same(t, "told", *told, []Outcome{Connected, EOF | Reading})
			equal(t, "echo", got.String(), "written while connecting")
			bev.CloseAfterFlush()
		}
		one, _ := b.NewPair()
		if err := rot13(one).Connect("tcp", l.Addr()); !errors.Is(err, ErrConnected) {
			t.Errorf("Connect over a pair: %v", err)
		}
		l.Close()
		for bev := range b.BufferEvents() {
			bev.Close()
		}
		loop(t, b, 0, Empty)
	})
}

// CloseAfterFlush while connecting delivers what was written, through a filter and TLS too.
func TestC7CloseAfterFlushWhileConnecting(t *testing.T) {
	wrap := map[string]func(*BufferEvent, bool) *BufferEvent{
		"framing": func(under *BufferEvent, _ bool) *BufferEvent { return framed(under) },
		"TLS": func(under *BufferEvent, server bool) *BufferEvent {
			if server {
				return NewTLSServer(under, serverConfig(t))
			}
			return NewTLSClient(under, clientConfig(t))
		},
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				var got *bytes.Buffer
				var l *Listener
				l, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
					bev := wrap(b.NewBufferEvent(fd), true)
					got = take(bev)
					l.Close()
				})
				check(t, err)
				bev := wrap(b.NewBufferEvent(-1), false)
				bev.OnEvent(func(what Outcome) { t.Errorf("%v after CloseAfterFlush", what) })
				bev.Write([]byte("goodbye"))
				check(t, bev.Connect("tcp", l.Addr()))
				bev.CloseAfterFlush()
				loop(t, b, 0, Empty)
				equal(t, "received", got.String(), "goodbye")
			})
		})
	}
}

// Code that waits in the middle of a read is taken up where it stands, and let go when the filter is closed.
func TestStreamingEnds(t *testing.T) {
	b := newBase(t)
	one, other := b.NewPair()
	var ended error
	in, stop := Streaming(func(dst io.Writer, src io.Reader) error {
		_, ended = io.Copy(dst, src)
		return ended
	})
	bev := NewFilter(one, in, nil, OnRelease(stop))
	got := take(bev)
	other.Write([]byte("some"))
	calm(t, b)
	equal(t, "received", got.String(), "some")
	bev.Close()
	if ended == nil {
		t.Error("the code was not ended")
	}
	other.Close()

	in, stop = Streaming(func(io.Writer, io.Reader) error { return errors.New("gave up") })
	defer stop()
	var buffer evbuffer.Buffer
	for range 2 {
		if err := in(&buffer, &buffer, 0, Normal); err == nil || err.Error() != "gave up" {
			t.Errorf("answer %v", err)
		}
	}
}
