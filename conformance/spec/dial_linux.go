package spec

import "golang.org/x/sys/unix"

// manyLoopbacks: all of 127.0.0.0/8 is this machine.
const manyLoopbacks = true

// outputQueue is how many sent bytes the other end has not acknowledged.
func outputQueue(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) }
