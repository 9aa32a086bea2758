//go:build unix && !linux

package evbuffer

import "golang.org/x/sys/unix"

// Away from Linux one extent is read or written at a time, by the system's own library: a chunk more costs a call
// more, and nothing else changes.

func readFD(fd int, p []byte) (int, error) { return retried(unix.Read, fd, p) }

func writeFD(fd int, p []byte) (int, error) { return retried(unix.Write, fd, p) }

func readFD2(fd int, first, _ []byte) (int, error) { return readFD(fd, first) }

func (b *Buffer) writeGathered(fd, max int) (int, error) {
	return writeFD(fd, b.first.bytes()[:min(max, b.first.len())])
}

func retried(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
