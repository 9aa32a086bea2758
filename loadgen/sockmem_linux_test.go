package main

import (
	"net"
	"net/netip"
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
		fd, err := dial("tcp", address, netip.Addr{}, 5*time.Second)
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

// A server may be named instead of numbered.
func TestSocketMemoryOfANamedServer(t *testing.T) {
	_, port, err := net.SplitHostPort(serve(t, echo(unchanged)))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := dial("tcp", "localhost:"+port, netip.Addr{}, 5*time.Second)
	if err != nil {
		t.Skipf("localhost leads elsewhere here: %v", err)
	}
	defer unix.Close(fd)
	memoryWhen(t, "localhost:"+port, func(m memoryOfSockets) bool { return m.sockets == 1 })
}

// Sockets that the kernel does not show here have no memory that would be known.
func TestSocketMemoryPerConnection(t *testing.T) {
	before := memoryOfSockets{sockets: 1, bytes: 500}
	if each := (memoryOfSockets{sockets: 11, bytes: 3500}).perConn(before, 10); each == nil || *each != 300 {
		t.Errorf("%v", each)
	}
	if each := (memoryOfSockets{}).perConn(memoryOfSockets{}, 10); each != nil {
		t.Errorf("%g bytes of sockets that are elsewhere", *each)
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
