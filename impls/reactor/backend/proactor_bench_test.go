//go:build linux

package backend_test

import (
	"errors"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// BenchmarkProactorEcho is an echo over 64 connections by completion, and the client's write and read: the floor of what is built on it.
func BenchmarkProactorEcho(b *testing.B) {
	const connections = 64
	opened, err := backend.Open("io_uring")
	if errors.Is(err, backend.ErrUnavailable) {
		b.Skip(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := opened.(backend.Proactor)
	defer p.Close()

	type connection struct {
		fd            int
		receive, send backend.Op
		out           [1][]byte
		buffer        uint16 // of what is being sent
	}
	clients := make([]int, connections)
	for i := range clients {
		c := new(connection)
		c.fd, clients[i] = benchPair(b)
		c.receive.Owner, c.send.Owner = c, c
		if err := p.Receive(&c.receive, c.fd); err != nil {
			b.Fatal(err)
		}
	}
	ready, message := make([]backend.Ready, 128), make([]byte, 64)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += connections {
		for _, fd := range clients {
			rawCall(unix.SYS_WRITE, fd, message)
		}
		for sent := 0; sent < connections; {
			n, err := p.Wait(ready, -1)
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range ready[:n] {
				c := r.Op.Owner.(*connection)
				if r.Op == &c.send {
					p.Release(c.buffer)
					sent++
					continue
				}
				c.out[0], c.buffer = p.Buffer(r), r.Buffer
				if err := p.Send(&c.send, c.fd, c.out[:]); err != nil {
					b.Fatal(err)
				}
			}
		}
		for _, fd := range clients {
			if n := rawCall(unix.SYS_READ, fd, message); n != len(message) {
				b.Fatal(n)
			}
		}
	}
}

func rawCall(call uintptr, fd int, p []byte) int {
	n, _, _ := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n)
}
