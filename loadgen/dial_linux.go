package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// dial makes a non-blocking connection that belongs to the caller alone: a socket borrowed from package net would stay
// registered with Go's own poller and be closed by the garbage collector.
func dial(network, address string, patience time.Duration) (fd int, err error) {
	if network == nullPath {
		return dialItself(patience)
	}
	family, peer, err := resolve(network, address)
	if err != nil {
		return -1, err
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := connectSocket(fd, family, peer, patience); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", address, err)
	}
	return fd, nil
}

func resolve(network, address string) (family int, peer unix.Sockaddr, err error) {
	switch network {
	case nullPath: // each socket is its own peer
		return unix.AF_INET, nil, nil
	case "unix":
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: address}, nil
	}
	tcp, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return 0, nil, err
	}
	at := netip.AddrPortFrom(tcp.AddrPort().Addr().Unmap(), uint16(tcp.Port))
	if at.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: tcp.Port, Addr: at.Addr().As4()}, nil
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: tcp.Port, Addr: at.Addr().As16()}, nil
}

func connectSocket(fd, family int, peer unix.Sockaddr, patience time.Duration) error {
	if err := noDelay(fd, family); err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		err := unix.Connect(fd, peer)
		switch {
		case err == unix.EINPROGRESS:
			return connected(fd, time.Until(deadline))
		case err == unix.EAGAIN && time.Now().Before(deadline): // a Unix socket's queue is full, and nothing tells when it is not
			time.Sleep(time.Millisecond)
		default:
			return err
		}
	}
}

// connected waits for the end of the handshake and returns how it ended.
func connected(fd int, patience time.Duration) error {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for deadline := time.Now().Add(patience); ; {
		n, err := unix.Poll(poll, int(max(time.Until(deadline).Milliseconds(), 0)))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return err
		case n == 0:
			return errors.New("the handshake was not finished in time")
		default:
			code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err == nil && code != 0 {
				err = unix.Errno(code)
			}
			return err
		}
	}
}

// noDelay sends each request at once.
func noDelay(fd, family int) error {
	if family == unix.AF_UNIX {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
}
