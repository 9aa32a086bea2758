package main

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// queued is how many bytes of echo the kernel still keeps for a client that has not taken them.
func queued(conn net.Conn) (bytes int) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return 0 // a pipe in a test
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) { bytes, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return bytes
}
