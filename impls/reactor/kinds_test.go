package reactor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// What a bufferevent does must not depend on how its bytes travel. Here is one suite for all kinds, over every backend.

// A kind makes two connected bufferevents of its own sort.
type kind struct {
	name string
	make func(t testing.TB, b *Base) (bev, peer *BufferEvent)
}

var kinds = []kind{
	{"socket", socketKind},
	{"pair", pairKind},
	{"filter over socket", over(socketKind, rot13)},
	{"filter over pair", over(pairKind, framed)},
	{"two filters over socket", over(over(socketKind, framed), rot13)},
	{"TLS over socket", secure(socketKind)},
	{"TLS over filter over pair", secure(over(pairKind, framed))},
}

type maker = func(t testing.TB, b *Base) (bev, peer *BufferEvent)

func socketKind(t testing.TB, b *Base) (bev, peer *BufferEvent) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	for _, fd := range fds {
		check(t, unix.SetNonblock(fd, true))
	}
	return b.NewBufferEvent(fds[0]), b.NewBufferEvent(fds[1])
}

func pairKind(_ testing.TB, b *Base) (bev, peer *BufferEvent) { return b.NewPair() }

func over(under maker, filter func(*BufferEvent) *BufferEvent) maker {
	return func(t testing.TB, b *Base) (bev, peer *BufferEvent) {
		bev, peer = under(t, b)
		return filter(bev), filter(peer)
	}
}

func secure(under maker) maker {
	return func(t testing.TB, b *Base) (bev, peer *BufferEvent) {
		one, other := under(t, b)
		bev, peer = NewTLSServer(one, serverConfig(t)), NewTLSClient(other, clientConfig(t))
		shaken := 0
		for _, each := range []*BufferEvent{bev, peer} {
			each.OnEvent(func(what Outcome) {
				equal(t, "outcome of the handshake", what, Connected)
				shaken++
			})
		}
		until(t, b, "the handshakes", func() bool { return shaken == 2 })
		bev.OnEvent(nil)
		peer.OnEvent(nil)
		return bev, peer
	}
}

// rot13 is a filter that changes bytes and not their number.
func rot13(under *BufferEvent) *BufferEvent {
	turn := func(dst, src *evbuffer.Buffer, most int, _ FlushMode) error {
		if src.Len() == 0 {
			return ErrNeedMore
		}
		n := lesser(src.Len(), most)
		p := dst.Reserve(n)[:n]
		src.Read(p)
		for i, c := range p {
			if upper := c &^ 0x20; upper >= 'A' && upper <= 'Z' {
				p[i] = c&0x20 | ('A' + (upper-'A'+13)%26)
			}
		}
		return dst.Commit(n)
	}
	return NewFilter(under, turn, turn)
}

// framed is a filter that sends pieces of up to 1000 bytes with their length in front, and may not end within one.
func framed(under *BufferEvent) *BufferEvent {
	const most = 1000
	out := func(dst, src *evbuffer.Buffer, _ int, _ FlushMode) error {
		n := min(src.Len(), most)
		if n == 0 {
			return ErrNeedMore
		}
		dst.Write([]byte{byte(n >> 8), byte(n)})
		src.RemoveTo(dst, n)
		return nil
	}
	left := 0 // of the present frame
	in := func(dst, src *evbuffer.Buffer, most int, flush FlushMode) error {
		var head [2]byte
		switch {
		case left == 0 && src.CopyOut(head[:], 0) == 2:
			src.Drain(2)
			left = int(head[0])<<8 | int(head[1])
			return nil
		case left == 0 || src.Len() == 0:
			if left > 0 && flush == Finished {
				return io.ErrUnexpectedEOF
			}
			return ErrNeedMore
		}
		left -= src.RemoveTo(dst, lesser(min(left, src.Len()), most))
		return nil
	}
	return NewFilter(under, in, out)
}

// forEachKind runs the test for each kind on each backend, with a clock of its own.
func forEachKind(t *testing.T, test func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
				bev, peer := k.make(t, b)
				test(t, b, v, bev, peer)
				bev.Close()
				peer.Close()
				turns(t, b, 3)
				equal(t, "pending afterwards", b.Pending(), 0)
				equal(t, "pairs left open", len(b.pairs), 0)
			})
		})
	}
}

// until makes turns of the loop until done.
func until(t testing.TB, b *Base, what string, done func() bool) {
	t.Helper()
	for begun := time.Now(); !done(); {
		if time.Since(begun) > soon {
			t.Fatalf("%s: not within %v", what, soon)
		}
		turns(t, b, 1)
	}
}

// calm makes turns until three in a row have found nothing to do.
func calm(t testing.TB, b *Base) {
	t.Helper()
	quiet := 0
	for range 10_000 {
		before := b.Stats()
		turns(t, b, 1)
		after := b.Stats()
		before.Turns, after.Turns = 0, 0
		if quiet++; !reflect.DeepEqual(before, after) || len(b.touched) > 0 || b.active > 0 {
			quiet = 0
		}
		if quiet == 3 {
			return
		}
	}
	t.Fatal("the loop does not calm down")
}

// take collects what bev receives.
func take(bev *BufferEvent) *bytes.Buffer {
	var got bytes.Buffer
	bev.OnRead(func() { bev.Input().WriteTo(&got) })
	bev.Enable(Read)
	return &got
}

func TestC1EveryKindEchoes(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		echo(bev)
		got := take(peer)
		calm(t, b)
		before := b.Stats().Sets
		for i := range 100 {
			message := fmt.Sprintf("Message %d", i)
			got.Reset()
			peer.Write([]byte(message))
			until(t, b, "the echo", func() bool { return got.Len() == len(message) })
			equal(t, "echo", got.String(), message)
		}
		equal(t, "changes of interest", b.Stats().Sets-before, 0)
		spins := v.waits
		check(t, b.NewTimer(b.Break).Add(time.Minute))
		loop(t, b, 0, Broken)
		if n := v.waits - spins; n > 4 {
			t.Errorf("%d turns while nothing happens", n)
		}
	})
}

func TestC2NoWriteCallbackWithoutAWrite(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		calls := 0
		bev.OnWrite(func() {
			calls++
			equal(t, "output left", bev.Output().Len(), 0)
		})
		bev.Enable(Read | Write)
		got := take(peer)
		calm(t, b)
		equal(t, "calls without output", calls, 0)
		bev.Write([]byte("answer"))
		calm(t, b)
		equal(t, "received", got.String(), "answer")
		equal(t, "calls after a write", calls, 1)
	})
}

// libevent's tests watermarks and pair_watermarks: every read finds 10 to 20 bytes, and the loop sleeps while nothing is drained.
func TestC3C14MarksOfTheInput(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		const total = 6500
		received, mine := 0, 0
		bev.OnRead(func() {
			mine++
			if n := bev.Input().Len(); n < 10 || n > 20 {
				t.Fatalf("called with %d bytes, want 10 to 20", n)
			}
		})
		bev.SetWatermark(Read, 10, 20)
		bev.Enable(Read)
		peer.Write(make([]byte, 5))
		calm(t, b)
		equal(t, "calls below the low mark", mine, 0)
		peer.Write(make([]byte, total-5))
		calm(t, b)
		equal(t, "held at the high mark", bev.input.Len(), 20)

		check(t, b.NewTimer(b.Break).Add(time.Minute))
		waits := v.waits
		loop(t, b, 0, Broken)
		if spun := v.waits - waits; spun > 4 {
			t.Errorf("%d turns while reading was held back", spun)
		}
		for received < total {
			n := bev.Input().Drain(20)
			if n == 0 {
				t.Fatalf("stuck after %d bytes", received)
			}
			received += n
			calm(t, b)
		}
		equal(t, "received", received, total)
	})
}

// libevent's test watermarks, the other direction.
func TestC4LowMarkOfTheOutput(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		var lengths []int
		bev.OnWrite(func() { lengths = append(lengths, bev.Output().Len()) })
		bev.SetWatermark(Write, 100_000, 0)
		const total = 2 << 20
		bev.Write(make([]byte, total))
		calm(t, b)
		got := take(peer)
		until(t, b, "everything", func() bool { return got.Len() == total })
		calm(t, b)
		if len(lengths) == 0 || lengths[len(lengths)-1] != 0 {
			t.Fatalf("lengths %v, want 0 at last", lengths)
		}
		for _, n := range lengths {
			if n > 100_000 {
				t.Errorf("called with %d bytes left", n)
			}
		}
	})
}

// libevent's tests timeout, timeout_pair, timeout_filter and timeout_filter_pair.
func TestC5EveryKindTimesOut(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		begun := v.now
		var told []string
		bev.OnEvent(func(what Outcome) {
			told = append(told, fmt.Sprint(what, " at ", time.Duration(v.now-begun)))
		})
		minute := func() {
			begun = v.now
			check(t, b.NewTimer(b.Break).Add(time.Minute))
			loop(t, b, KeepAlive, Broken)
		}
		bev.SetTimeouts(150*ms, 100*ms)
		minute()
		same(t, "told while idle", told, nil)

		bev.Enable(Read)
		minute()
		same(t, "told", told, []string{"Timeout|Reading at 150ms"})
		equal(t, "enabled", bev.Enabled(), Write)

		told = nil
		bev.Write(make([]byte, 4<<20)) // the peer is not reading
		minute()
		same(t, "told", told, []string{"Timeout|Writing at 100ms"})
		equal(t, "enabled", bev.Enabled(), 0)
	})
}

func TestC5HighMarkStopsTheTimeout(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		bev.SetWatermark(Read, 0, 10)
		bev.SetTimeouts(100*ms, 0)
		bev.Enable(Read)
		peer.Write(make([]byte, 50))
		calm(t, b)
		equal(t, "input", bev.input.Len(), 10)
		check(t, b.NewTimer(b.Break).Add(time.Second))
		loop(t, b, 0, Broken)
		same(t, "told while held back", *told, nil)
	})
}

func TestC6OutputAfterTheEndOfInput(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		var told []Outcome
		bev.SetWatermark(Read, 100, 0)
		bev.OnRead(func() { t.Error("OnRead below the low mark") })
		bev.OnEvent(func(what Outcome) {
			told = append(told, what)
			equal(t, "left in the input", bev.Input().Len(), 5)
			bev.Output().Append(bev.Input())
		})
		bev.Enable(Read)
		got := take(peer)
		peer.Write([]byte("hello"))
		peer.CloseWrite()
		calm(t, b)
		same(t, "told", told, []Outcome{EOF | Reading})
		equal(t, "answer after the end", got.String(), "hello")
		equal(t, "still open", bev.Closed(), false)
	})
}

// Every byte and then the end, with a peer that begins to read late and reads slowly. libevent's filters lose what the underlying
// bufferevent has not written (#616, #126).
func TestC7CloseAfterFlushOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		const total = 3 << 20
		sent := make([]byte, total)
		rand.NewChaCha8([32]byte{}).Read(sent)
		bev.Write(sent)
		bev.OnWrite(func() { t.Error("OnWrite after CloseAfterFlush") })
		bev.OnEvent(func(what Outcome) { t.Errorf("%v after CloseAfterFlush", what) })
		bev.CloseAfterFlush()
		calm(t, b)
		equal(t, "closed with output pending", bev.Closed(), false)
		got, told := take(peer), outcomes(peer)
		until(t, b, "the end", func() bool { return len(*told) > 0 })
		same(t, "told", *told, []Outcome{EOF | Reading})
		equal(t, "received what was sent", bytes.Equal(got.Bytes(), sent), true)
		peer.CloseAfterFlush()
		loop(t, b, 0, Empty)
		equal(t, "closed", bev.Closed(), true)
	})
}

func TestC7CloseWriteOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		got, answer := take(peer), take(bev)
		told := outcomes(bev)
		peer.OnEvent(func(what Outcome) {
			equal(t, "the peer was told", what, EOF|Reading)
			peer.Write([]byte("I have heard "))
			peer.Write(got.Bytes())
		})
		bev.Write(make([]byte, 1<<20))
		bev.CloseWrite()
		bev.CloseWrite()
		until(t, b, "the answer", func() bool { return answer.Len() == 13+1<<20 })
		bev.Write([]byte("too late"))
		calm(t, b)
		equal(t, "received", got.Len(), 1<<20)
		same(t, "told", *told, nil)
	})
}

func TestC8C9CloseDropsAtOnce(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		bev.Write(make([]byte, 8<<20))
		calm(t, b)
		fd := bev.FD()
		bev.Close()
		equal(t, "closed", bev.Closed(), true)
		if under := bev.settings.transport; fd >= 0 && isOpen(fd) {
			t.Errorf("%T: descriptor %d is open after Close", under, fd)
		}
		got, told := take(peer), outcomes(peer)
		until(t, b, "the end", func() bool { return len(*told) > 0 })
		if got.Len() >= 8<<20 {
			t.Error("everything was delivered")
		}
		if _, err := bev.Write([]byte("x")); err == nil {
			t.Error("Write after Close: no error")
		}
		equal(t, "descriptor", bev.FD(), -1)
		bev.CloseAfterFlush()
		bev.CloseWrite()
		bev.Flush(Flushing)
		bev.Trigger(Read|Write, true)
		bev.Enable(Read)
	})
}

func TestC9CloseInEveryCallbackOfEveryKind(t *testing.T) {
	provoke := map[string]func(bev, peer *BufferEvent, hit func()){
		"read":  func(bev, peer *BufferEvent, hit func()) { bev.OnRead(hit); peer.Write([]byte("x")) },
		"write": func(bev, peer *BufferEvent, hit func()) { bev.OnWrite(hit); bev.Write([]byte("x")) },
		"event": func(bev, peer *BufferEvent, hit func()) {
			bev.OnEvent(func(Outcome) { hit() })
			peer.Write([]byte("x"))
			peer.CloseWrite()
		},
	}
	for name, provoke := range provoke {
		t.Run(name, func(t *testing.T) {
			forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
				hits := 0
				take(peer)
				provoke(bev, peer, func() {
					hits++
					bev.Close()
				})
				bev.Enable(Read)
				calm(t, b)
				equal(t, "calls", hits, 1)
			})
		})
	}
}

// Random pieces, a reader that is held back by its mark, and what comes is what was sent.
func TestC11SlowReaderOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		random := seeded(t)
		sent := make([]byte, 1<<20)
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		var got []byte
		peer.SetWatermark(Read, 0, 1+random.IntN(50_000))
		peer.Enable(Read)
		p := make([]byte, 100_000)
		progress := time.Now() // a closed window of TCP may open only at the sender's next probe
		for rest := sent; len(got) < len(sent); {
			n := min(len(rest), random.IntN(100_000))
			bev.Write(rest[:n])
			rest = rest[n:]
			turns(t, b, 1+random.IntN(3))
			n, _ = peer.Input().Read(p[:1+random.IntN(len(p)-1)])
			got = append(got, p[:n]...)
			if n > 0 {
				progress = time.Now()
			} else if time.Since(progress) > 10*time.Second {
				t.Fatalf("stuck after %d of %d bytes", len(got), len(sent))
			}
		}
		equal(t, "received what was sent", bytes.Equal(got, sent), true)
		calm(t, b)
		equal(t, "waits for room afterwards", bev.io.what.Has(Write), false)
	})
}

// Writing to a peer that is gone is an Error, once, and after it nothing goes on.
func TestC12ErrorOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		peer.Close()
		calm(t, b)
		same(t, "told before anything is tried", *told, nil)
		bev.Write([]byte("in vain"))
		calm(t, b)
		bev.Write([]byte("again"))
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Writing})
		if !errors.Is(bev.Err(), unix.EPIPE) {
			t.Errorf("error %v, want EPIPE", bev.Err())
		}
	})
}

// libevent's pairs tell nothing (#93). TLS tells a close without farewell from one with.
func TestC13EveryKindTellsTheEnd(t *testing.T) {
	endings := map[string]func(*BufferEvent){
		"Close":           (*BufferEvent).Close,
		"CloseWrite":      (*BufferEvent).CloseWrite,
		"CloseAfterFlush": (*BufferEvent).CloseAfterFlush,
		"Flush finished":  func(bev *BufferEvent) { bev.Flush(Finished) },
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
				got, told := take(bev), outcomes(bev)
				peer.Write([]byte("last words"))
				calm(t, b)
				end(peer)
				calm(t, b)
				equal(t, "received", got.String(), "last words")
				want := EOF | Reading
				if _, secured := bev.TLS(); secured && name == "Close" {
					want = Error | Reading
					if !errors.Is(bev.Err(), io.ErrUnexpectedEOF) {
						t.Errorf("error %v, want an unexpected EOF", bev.Err())
					}
				}
				same(t, "told", *told, []Outcome{want})
			})
		})
	}
}

// libevent's tests flush_normal, flush_flush and flush_finished.
func TestC13FlushOfEveryKind(t *testing.T) {
	for _, mode := range []FlushMode{Normal, Flushing, Finished} {
		forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
			got, told := take(peer), outcomes(peer)
			bev.Write(make([]byte, 8333))
			bev.Flush(mode)
			calm(t, b)
			equal(t, "received", got.Len(), 8333)
			equal(t, "the end was told", len(*told) == 1, mode == Finished)
		})
	}
}

func TestDisableOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		got := take(bev)
		bev.Disable(Read | Write)
		answer := take(peer)
		peer.Write([]byte("x"))
		bev.Write([]byte("y"))
		calm(t, b)
		equal(t, "received while disabled", got.Len()+answer.Len(), 0)
		bev.Enable(Read | Write)
		calm(t, b)
		equal(t, "received", got.String()+answer.String(), "xy")
	})
}

// A peer that sends and does not read is not read from, whatever the bytes pass through.
func TestC3BackPressureOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		echo(bev)
		peer.SetWatermark(Write, 0, 0)
		const total = 8 << 20
		peer.Write(make([]byte, total))
		calm(t, b)
		if n := bev.output.Len(); n > 256<<10+128<<10 {
			t.Errorf("the output grew to %d bytes", n)
		}
		equal(t, "some is left with the sender", peer.output.Len() > 0, true)
		check(t, b.NewTimer(b.Break).Add(time.Minute))
		waits := v.waits
		loop(t, b, 0, Broken)
		if spun := v.waits - waits; spun > 4 {
			t.Errorf("%d turns while paused", spun)
		}
		got := take(peer)
		until(t, b, "everything", func() bool { return got.Len() == total })
	})
}
