package main

import (
	"net"
	"syscall"
)

func init() {
	// Level-triggered loops that get the hang-up again and again while they have output to deliver first (h2o issue 603).
	faults["spins-while-half-closed"] = func(s *server) {
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			n, err := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
			if err != nil && err != syscall.EAGAIN {
				return err
			}
			block = block[max(n, 0):]
			for len(block) > 0 && !halfClosed(c) {
				pause() // until either comes; a right server waits for room alone
				n, _ := try(c, func(fd int) (int, error) { return syscall.Write(fd, block) })
				block = block[max(n, 0):]
			}
			if len(block) == 0 {
				return nil
			}
			if err := sendSpinning(c, block); err != nil {
				return err
			}
			return send(c, nil)
		}
	}
}
