package main

import (
	"net"

	"golang.org/x/sys/unix"
)

func init() {
	// Edge-triggered listeners that stop at EMFILE: those who wait already are no news, and only a newcomer is.
	faults["forgets-queue-after-shortage"] = func(s *server) {
		poll := -1
		s.await = func(l *net.TCPListener) {
			if poll < 0 {
				poll = watchEdges(l)
			}
		}
		s.acceptError = func(err error) {
			for range 2 { // the first tells of all who have come by now
				unix.EpollWait(poll, make([]unix.EpollEvent, 1), -1)
			}
		}
	}
}
