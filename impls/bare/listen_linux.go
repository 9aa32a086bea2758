package main

import (
	"errors"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const backlog = 4096 // the kernel lowers it to net.core.somaxconn

// A listener is a listening socket and the address that it really has.
type listener struct {
	fd   int
	addr string
	path string // of a unix socket: the file to remove
}

func listen(addr string) (listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return listenUnix(path)
	}
	return listenTCP(addr)
}

func listenTCP(addr string) (listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return listener{}, err
	}
	family, address := socketAddress(resolved)
	fd, err := socket(family)
	if err != nil {
		return listener{}, err
	}
	// Restarting must not wait for the last connections of the server before (TIME_WAIT).
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	// Accepted sockets inherit this from the listener, which saves a system call for each.
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := bindAndListen(fd, address); err != nil {
		return listener{}, err
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return listener{}, os.NewSyscallError("getsockname", err)
	}
	return listener{fd: fd, addr: addressString(bound)}, nil
}

// listenUnix takes the place of a socket file that nobody serves any more, and leaves a live one alone.
func listenUnix(path string) (listener, error) {
	fd, err := socket(unix.AF_UNIX)
	if err != nil {
		return listener{}, err
	}
	address := &unix.SockaddrUnix{Name: path}
	err = bindAndListen(fd, address)
	if errors.Is(err, unix.EADDRINUSE) && abandoned(address) {
		os.Remove(path)
		err = bindAndListen(fd, address)
	}
	return listener{fd: fd, addr: "unix:" + path, path: path}, err
}

// abandoned tells whether a socket file is a left-over: its name exists, but a connection is refused.
func abandoned(address unix.Sockaddr) bool {
	probe, err := socket(unix.AF_UNIX)
	if err != nil {
		return false
	}
	defer unix.Close(probe)
	return unix.Connect(probe, address) == unix.ECONNREFUSED
}

func (l listener) close() {
	unix.Close(l.fd)
	if l.path != "" {
		os.Remove(l.path)
	}
}

func socket(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return fd, os.NewSyscallError("socket", err)
}

func bindAndListen(fd int, address unix.Sockaddr) error {
	if err := unix.Bind(fd, address); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

// socketAddress and addressString translate between the net package's addresses and the kernel's.

func socketAddress(a *net.TCPAddr) (family int, address unix.Sockaddr) {
	if four := a.IP.To4(); four != nil || a.IP == nil {
		in := &unix.SockaddrInet4{Port: a.Port}
		copy(in.Addr[:], four)
		return unix.AF_INET, in
	}
	in := &unix.SockaddrInet6{Port: a.Port}
	copy(in.Addr[:], a.IP)
	return unix.AF_INET6, in
}

func addressString(address unix.Sockaddr) string {
	switch in := address.(type) {
	case *unix.SockaddrInet4:
		return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
	case *unix.SockaddrInet6:
		return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
	}
	return ""
}
