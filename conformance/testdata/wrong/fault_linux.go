package main

import (
	"log"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func init() {
	// Loops that end at every error of accept but EAGAIN. net's own repeats an interrupted one, so this accepts itself.
	faults["dies-of-interrupted-accept"] = func(s *server) { s.await = s.acceptPlainly }

	// `if (io_uring_queue_init(...) < 0) return 0;`
	faults["ends-quietly-without-io-uring"] = func(s *server) {
		listen := s.listen
		s.listen = func(addr string) (*net.TCPListener, error) {
			if _, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0); errno == unix.EPERM {
				os.Exit(0)
			}
			return listen(addr)
		}
	}
}

// acceptPlainly accepts and serves until the listener is closed.
func (s *server) acceptPlainly(l *net.TCPListener) {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	for {
		client := -1
		closed := raw.Control(func(fd uintptr) {
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 50)
			client, _, err = unix.Accept4(int(fd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		})
		switch {
		case closed != nil:
			return
		case err == nil:
			s.serveDescriptor(client)
		case err == unix.EINTR:
			log.Fatalf("accept: %v", err)
		case err != unix.EAGAIN:
			s.acceptError(err)
		}
	}
}

func (s *server) serveDescriptor(fd int) {
	file := os.NewFile(uintptr(fd), "client")
	defer file.Close()
	if c, err := net.FileConn(file); err == nil {
		s.served.Add(1)
		go s.serve(c.(*net.TCPConn))
	}
}
