package spec

import "golang.org/x/sys/unix"

// inputQueue is how many bytes have arrived and not been read.
func inputQueue(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCINQ) }
