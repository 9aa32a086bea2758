package main

import (
	"fmt"
	"net"
	"os"
)

func init() {
	// Servers with a lock file, a fixed control port or a socket name of their own: a second instance does not start.
	faults["allows-one-instance"] = func(s *server) {
		listen := s.listen
		s.listen = func(addr string) (*net.TCPListener, error) {
			if err := s.lock(); err != nil {
				return nil, err
			}
			return listen(addr)
		}
	}
}

// lock holds an abstract socket name, which the kernel frees with the process. The launcher's number keeps the
// instances of different test runs apart.
func (s *server) lock() error {
	name := fmt.Sprintf("@reactorbench-wrong-%d", os.Getppid())
	l, err := net.Listen("unix", name)
	s.held = l
	return err
}
