package main

import (
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// Edge-triggered listeners that accept once per event: a crowd is one event, and all but one of it wait for ever.
	faults["accepts-once-per-event"] = func(s *server) {
		poll := -1
		s.await = func(l *net.TCPListener) {
			if poll < 0 {
				poll = watchEdges(l)
			}
			unix.EpollWait(poll, make([]unix.EpollEvent, 1), -1)
		}
	}
}

// watchEdges returns an epoll that tells of each arrival at the listener once.
func watchEdges(l *net.TCPListener) int {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		panic(err)
	}
	raw, err := l.SyscallConn()
	if err != nil {
		panic(err)
	}
	raw.Control(func(fd uintptr) {
		unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET})
	})
	return poll
}
