package main

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Idle connections are all counted; what lies unread in a server's sockets is found, and what lies at the client's end is not.
func TestSocketMemoryIsTheServersEnd(t *testing.T) {
	const conns, unread = 500, 100_000 // more than one datagram of answers
	release := make(chan struct{})
	address := serve(t, func(_ int, c net.Conn) {
		<-release
		c.Read(make([]byte, 1))
	})
	defer close(release)
	var fds []int
	for range conns {
		fd, err := dial("tcp", address, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		fds = append(fds, fd)
	}
	idle := memoryWhen(t, address, func(m memoryOfSockets) bool { return m.sockets == conns })
	if n, err := unix.Write(fds[7], make([]byte, unread)); n != unread || err != nil {
		t.Fatalf("wrote %d bytes, %v", n, err)
	}
	memoryWhen(t, address, func(m memoryOfSockets) bool { return m.sockets == conns && m.bytes >= idle.bytes+unread })
	if m, err := socketMemory("tcp", "127.0.0.1:1"); err != nil || m.sockets != 0 || m.bytes != 0 {
		t.Errorf("of a port that nobody has: %+v, %v", m, err)
	}
	if _, err := socketMemory("unix", "/tmp/x"); err == nil {
		t.Error("a Unix socket has TCP's memory")
	}
}

// memoryWhen asks until the kernel has got so far.
func memoryWhen(t *testing.T, address string, reached func(memoryOfSockets) bool) memoryOfSockets {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		m, err := socketMemory("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if reached(m) {
			return m
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %+v", m)
		}
	}
}
