package main

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// connect gives a loop one end of a connection and returns both ends.
func connect(t *testing.T, l *loop) (server int32, client int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[1]) })
	if err := l.control(unix.EPOLL_CTL_ADD, int32(pair[0]), unix.EPOLLIN); err != nil {
		t.Fatal(err)
	}
	return int32(pair[0]), pair[1]
}

func testLoop(t *testing.T) *loop {
	t.Helper()
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	l.acceptor = &acceptor{}
	t.Cleanup(func() { unix.Close(l.epoll); unix.Close(l.wake) })
	return l
}

func TestEchoAllocatesNothing(t *testing.T) {
	l := testLoop(t)
	server, client := connect(t, l)
	message, answer := bytes.Repeat([]byte("x"), 64), make([]byte, 64)
	allocations := testing.AllocsPerRun(1000, func() {
		write(int32(client), message)
		for _, event := range l.wait() {
			l.echo(event.Fd)
		}
		read(int32(client), answer)
	})
	if allocations != 0 || !bytes.Equal(answer, message) || len(l.pending) != 0 {
		t.Errorf("%v allocations an echo, answer %q, pending %v, want 0, the message, none", allocations, answer, l.pending[server])
	}
}

// A client that only sends fills the kernel's buffers and then one read of the server's memory, not more.
func TestStalledConnectionIsNotRead(t *testing.T) {
	l := testLoop(t)
	server, client := connect(t, l)
	block := make([]byte, readSize)
	for stalled := 0; stalled < 10; {
		if _, errno := write(int32(client), block); errno == unix.EAGAIN {
			stalled++
		}
		l.echo(server)
	}
	if n := len(l.pending[server]); n == 0 || n > readSize {
		t.Errorf("%d bytes pending, want at least 1 and at most %d", n, readSize)
	}
	if got := l.interest(server); got != unix.EPOLLOUT {
		t.Errorf("interest of a stalled connection is %#x, want EPOLLOUT alone", got)
	}
}

func TestNoAcceptErrorIsFatal(t *testing.T) {
	for errno, want := range map[unix.Errno]acceptVerdict{
		0:                 accepted,
		unix.EAGAIN:       queueEmpty,
		unix.ECONNABORTED: lost,
		unix.EPROTO:       lost,
		unix.EMFILE:       exhausted,
		unix.ENFILE:       exhausted,
		unix.ENOMEM:       exhausted,
		unix.EINVAL:       exhausted, // unknown to the list: waited out, too
	} {
		if got := verdict(errno); got != want {
			t.Errorf("verdict(%v) = %v, want %v", errno, got, want)
		}
	}
}
