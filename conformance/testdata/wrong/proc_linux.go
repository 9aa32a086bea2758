package main

import (
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// Event loops that take every error of epoll_wait for the end: EINTR, which SIGCONT brings without any handler.
	faults["dies-of-interrupted-wait"] = func(s *server) {
		read := s.read
		s.read = func(c *net.TCPConn, buffer []byte) (int, error) {
			if err := s.waitInterruptibly(c); err != nil {
				return 0, err
			}
			return read(c, buffer)
		}
	}
}

// waitInterruptibly waits for input with an epoll of its own, which, unlike the runtime's, reports an interruption.
// Where there is no descriptor left for one it does not wait, and after SIGTERM not for long.
func (s *server) waitInterruptibly(c *net.TCPConn) error {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	defer unix.Close(poll)
	fd := descriptor(c)
	interest := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(fd)}
	if err := unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &interest); err != nil {
		return err
	}
	for !s.isStopping() {
		if n, err := unix.EpollWait(poll, make([]unix.EpollEvent, 1), 50); n > 0 || err != nil {
			return err
		}
	}
	return nil
}
