package reactor

import (
	"bytes"
	"io"
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
