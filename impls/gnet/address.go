package main

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// protocolAddress writes an address of the server contract as gnet wants it. gnet removes whatever lies at the path
// of a unix socket before it binds, so that a live server would be robbed of its name: hence the look before.
func protocolAddress(addr string) (string, error) {
	path, ok := strings.CutPrefix(addr, "unix:")
	if !ok {
		return "tcp://" + addr, nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return "", fmt.Errorf("%s exists and is no socket", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return "", unix.EADDRINUSE
	}
	return "unix://" + path, nil
}

// boundAddress is what the listening socket really got, which gnet keeps to itself.
func boundAddress(engine gnet.Engine) (string, error) {
	fd, err := engine.Dup()
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return "", err
	}
	return addressString(bound), nil
}

func addressString(bound unix.Sockaddr) string {
	switch in := bound.(type) {
	case *unix.SockaddrInet4:
		return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
	case *unix.SockaddrInet6:
		return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
	case *unix.SockaddrUnix:
		return "unix:" + in.Name
	default:
		return ""
	}
}

// holdPort takes a port with a socket that never listens, until release. SO_REUSEPORT needs it twice over: every loop
// binds for itself and would get a port of its own from 0, and two servers could share a port without noticing. Sockets
// that all set SO_REUSEADDR may share a port as long as none that listens is among those already there.
func holdPort(addr string) (held string, release func(), err error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	var family int
	var address unix.Sockaddr
	if four := resolved.IP.To4(); four != nil {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Port: resolved.Port, Addr: [4]byte(four)}
	} else {
		in := &unix.SockaddrInet6{Port: resolved.Port}
		copy(in.Addr[:], resolved.IP)
		family, address = unix.AF_INET6, in
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", nil, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(fd, address); err != nil {
		return "", nil, os.NewSyscallError("bind", err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return "", nil, os.NewSyscallError("getsockname", err)
	}
	return addressString(bound), func() { unix.Close(fd) }, nil
}
