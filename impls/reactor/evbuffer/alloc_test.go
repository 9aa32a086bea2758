package evbuffer

import (
	"testing"

	"golang.org/x/sys/unix"
)

// pass sends message through a socketpair the way an echo server does: read, append to the output, write.
type pass struct {
	fds     [2]int
	message []byte
	in, out Buffer
}

func newPass(t testing.TB, pool *Pool, size int) *pass {
	p := &pass{fds: socketpair(t), message: make([]byte, size)}
	unix.SetsockoptInt(p.fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	p.in.Init(pool)
	p.out.Init(pool)
	return p
}

// echo goes once around: from one end of the pair, through the buffers, and back into the same end's partner.
func (p *pass) echo() (drained bool) {
	writeFD(p.fds[0], p.message)
	for {
		if n, _ := p.in.ReadFD(p.fds[1], 0); n == 0 {
			break
		}
		p.out.Append(&p.in)
	}
	for p.out.Len() > 0 {
		if n, _ := p.out.WriteFD(p.fds[1], 0); n == 0 {
			return false
		}
	}
	for left := len(p.message); left > 0; {
		n, _ := readFD(p.fds[0], p.message)
		if n == 0 {
			return false
		}
		left -= n
	}
	return true
}

func TestEchoAllocatesNothing(t *testing.T) {
	for _, size := range []int{1, 64, 2048, 4096, 65536, 100_000} {
		p := newPass(t, NewPool(0, 8), size)
		if !p.echo() {
			t.Fatalf("%d bytes did not come back", size)
		}
		if n := testing.AllocsPerRun(100, func() { p.echo() }); n != 0 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
		valid(t, &p.in, &p.out)
	}
}

// The control: without a pool each round allocates, so the test above can fail.
func TestEchoWithoutPoolAllocates(t *testing.T) {
	p := newPass(t, nil, 64)
	if n := testing.AllocsPerRun(100, func() { p.echo() }); n == 0 {
		t.Error("no allocation seen")
	}
}

// With as many connections as a pool of a loop has tiny chunks, each may have a short message under way at once: the next
// round finds the chunks again.
func TestManyShortMessagesAtOnceAllocateNothing(t *testing.T) {
	if n := allocationsOfABurst(t, NewPool(0, 64), 2048); n != 0 {
		t.Errorf("%v allocations for 2048 messages", n)
	}
	// The control: one that keeps 32 tiny chunks, and as many chains, allocates a chunk, its memory and a chain for the 33rd.
	if n := allocationsOfABurst(t, NewPool(0, 1), 33); n != 3 {
		t.Errorf("%v allocations for one message more than is kept", n)
	}
}

// allocationsOfABurst is how many there are when so many buffers hold a message at once, not for the first time.
func allocationsOfABurst(t *testing.T, pool *Pool, messages int) float64 {
	buffers, message := make([]Buffer, messages), make([]byte, 64)
	for i := range buffers {
		buffers[i].Init(pool)
	}
	n := testing.AllocsPerRun(10, func() {
		for i := range buffers {
			buffers[i].Write(message)
		}
		for i := range buffers {
			buffers[i].Reset()
		}
	})
	valid(t, &buffers[0])
	return n
}

func TestWriteDrainAllocatesNothing(t *testing.T) {
	b := New(NewPool(0, 8))
	text := make([]byte, 100_000)
	if n := testing.AllocsPerRun(100, func() { b.Write(text); b.Prepend(text[:100]); b.Drain(b.Len()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestReserveCommitAllocatesNothing(t *testing.T) {
	b := New(NewPool(0, 8))
	b.Reserve(1)
	if n := testing.AllocsPerRun(100, func() { b.Reserve(1000); b.Commit(1000); b.Drain(1000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSearchAllocatesNothing(t *testing.T) {
	b := filled(nil, "abc\r", "\ndef\r\n")
	var line [4]byte
	if n := testing.AllocsPerRun(100, func() {
		for style := CRLF; style <= ANY; style++ {
			at, _ := b.SearchEOL(style, 1)
			b.CopyOut(line[:], max(at, 0))
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
