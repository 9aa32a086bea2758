package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// dialItself makes a connection of the null path. TCP lets a socket connect to the very address that it is bound to, as if two ends
// opened at the same moment (RFC 9293, section 3.5); there is then only one, which reads what it writes.
//
// Its end is a reset. After an orderly one, which such a socket carries through with itself, its port would be nobody's for a minute, and
// unlike one that connect has chosen it could not even serve another destination: calibrating would leave the servers fewer connections.
func dialItself(patience time.Duration) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err == nil {
		err = connectItself(fd, patience)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect a socket to itself: %w", err)
	}
	return fd, nil
}

func connectItself(fd int, patience time.Duration) error {
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	own, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	return connectSocket(fd, own, patience)
}
