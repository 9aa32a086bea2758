package spec

import "golang.org/x/sys/unix"

// manyLoopbacks: all of 127.0.0.0/8 is this machine.
const manyLoopbacks = true

// outputQueue is how many sent bytes the other end has not acknowledged.
func outputQueue(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) }

// choosePortLate leaves the choice of a port to connect, which may take any that is free towards this server. bind would
// need one that no connection to any server has used within the last minute (TIME_WAIT), and after a few churns there is
// none.
func choosePortLate(fd int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
}
