//go:build unix

package backend_test

import (
	"fmt"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// BenchmarkWait is a wait that finds one descriptor ready among so many that are registered: where select and poll pay for the idle.
func BenchmarkWait(b *testing.B) {
	for _, method := range backend.Methods() {
		if method == "kqueue" && runtime.GOOS == "linux" {
			continue // a model has no price
		}
		for _, registered := range []int{100, 1000, 9000} {
			b.Run(fmt.Sprintf("%s/%d", method, registered), func(b *testing.B) { benchWait(b, method, registered) })
		}
	}
}

func benchWait(b *testing.B, method string, registered int) {
	poller, err := backend.Open(method)
	if err != nil {
		b.Fatal(err)
	}
	defer poller.Close()
	idle, idlePeer := benchPair(b)
	defer unix.Close(idlePeer)
	ready, readyPeer := benchPair(b)
	defer unix.Close(readyPeer)
	for i := range registered {
		fd := idle
		if i == registered/2 {
			fd = ready
			unix.Write(readyPeer, []byte("x"))
		} else if i > 0 {
			if fd, err = unix.Dup(idle); err != nil {
				b.Skip(err)
			}
		}
		defer unix.Close(fd)
		if err := poller.Set(fd, backend.NewToken(fd, 1), 0, read); err != nil {
			b.Skip(err)
		}
	}
	list := make([]backend.Ready, 128)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := poller.Wait(list, -1); n != 1 {
			b.Fatal(n, err)
		}
	}
}

func benchPair(b *testing.B) (int, int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	return fds[0], fds[1]
}
