package evbuffer

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadFDTellsDataEndAndNothing(t *testing.T) {
	fds := socketpair(t)
	b := New(NewPool(0, 4))
	if n, err := b.ReadFD(fds[1], 0); n != 0 || err != unix.EAGAIN {
		t.Errorf("without data: %d, %v", n, err)
	}
	writeFD(fds[0], []byte("hello"))
	if n, err := b.ReadFD(fds[1], 0); n != 5 || err != nil {
		t.Errorf("with data: %d, %v", n, err)
	}
	unix.Shutdown(fds[0], unix.SHUT_WR)
	if n, err := b.ReadFD(fds[1], 0); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := b.ReadFD(-1, 0); n != 0 || err != unix.EBADF {
		t.Errorf("without a descriptor: %d, %v", n, err)
	}
	wantContent(t, b, "hello")
}

func TestReadFDFillsTheRoomFirst(t *testing.T) {
	fds := socketpair(t)
	b := New(NewPool(64, 4))
	b.Write([]byte(strings.Repeat("a", 60)))
	writeFD(fds[0], []byte(strings.Repeat("b", 200)))
	if n, _ := b.ReadFD(fds[1], 3); n != 3 || b.first != b.last {
		t.Errorf("3 bytes: %d came, one chunk: %v", n, b.first == b.last)
	}
	if n, _ := b.ReadFD(fds[1], 11); n > 11 {
		t.Errorf("%d came, 11 were allowed", n)
	}
	for b.Len() < 260 {
		if n, err := b.ReadFD(fds[1], 0); n <= 0 {
			t.Fatal(n, err)
		}
		valid(t, b)
	}
	wantContent(t, b, strings.Repeat("a", 60)+strings.Repeat("b", 200))
}

func TestReadFDBringsALargeChunkAtOnce(t *testing.T) {
	fds := socketpair(t)
	b := New(NewPool(0, 4))
	sent, _ := writeFD(fds[0], make([]byte, 2*DefaultChunkBytes))
	want := min(sent, DefaultChunkBytes)
	if n, err := b.ReadFD(fds[1], 10*DefaultChunkBytes); n != want {
		t.Errorf("ReadFD = %d, %v, want %d", n, err, want)
	}
}

func TestFailedReadLeavesNothing(t *testing.T) {
	fds := socketpair(t)
	pool := NewPool(0, 4)
	b := New(pool)
	b.ReadFD(fds[1], 0)
	if b.first != nil || pool.large.count != 1 {
		t.Error("the chunk that was read into is neither in the buffer nor in the pool")
	}
	valid(t, b)
}

func TestWriteFDOfAnEmptyBufferIsNoError(t *testing.T) {
	var b Buffer
	if n, err := b.WriteFD(-1, 0); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestWriteFDSendsNoMoreThanAsked(t *testing.T) {
	fds := socketpair(t)
	b := filled(NewPool(64, 4), "abc", "def", "ghi")
	sent := New(nil)
	for _, max := range []int{1, 4, 2, 100} {
		before := b.Len()
		n, err := b.WriteFD(fds[0], max)
		if n != min(max, before) || err != nil {
			t.Errorf("WriteFD(%d) = %d, %v", max, n, err)
		}
		valid(t, b)
	}
	sent.ReadFD(fds[1], 0)
	wantContent(t, sent, "abcdefghi")
}

func TestWriteFDErrorsKeepTheBytes(t *testing.T) {
	fds := socketpair(t)
	b := filled(nil, "abc", "def")
	if n, err := b.WriteFD(-1, 0); n != 0 || err != unix.EBADF {
		t.Errorf("without a descriptor: %d, %v", n, err)
	}
	unix.Shutdown(fds[1], unix.SHUT_RD)
	if n, err := b.WriteFD(fds[0], 0); n != 0 || err != unix.EPIPE {
		t.Errorf("to a peer that does not read: %d, %v", n, err)
	}
	wantContent(t, b, "abcdef")
}

// Two buffers and a socket with the smallest send buffer: every write is short.
func TestEveryByteArrivesThroughATinySocket(t *testing.T) {
	const total = 1 << 20
	fds := socketpair(t)
	unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1)
	unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_RCVBUF, 1)
	pool := NewPool(4096, 64)
	out, in := New(pool), New(pool)
	text := strings.Repeat("0123456789abcdefg", total/17+1)[:total]
	out.Write([]byte(text))
	short, blocked := 0, 0
	for in.Len() < total {
		want := out.Len()
		n, err := out.WriteFD(fds[0], 0)
		switch {
		case err == unix.EAGAIN:
			blocked++
		case err != nil:
			t.Fatal(err)
		case n < want:
			short++
		}
		if n, err := in.ReadFD(fds[1], 1000); n <= 0 && err != unix.EAGAIN {
			t.Fatal(n, err)
		}
	}
	valid(t, out)
	wantContent(t, in, text)
	if short == 0 || blocked == 0 {
		t.Errorf("%d short writes, %d blocked: the test has not tested what it wants to", short, blocked)
	}
}
