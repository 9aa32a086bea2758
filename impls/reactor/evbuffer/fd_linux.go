package evbuffer

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below are raw: a call that cannot block need not tell the scheduler that it might, which saves some 40 ns each.
// EINTR cannot come from a non-blocking descriptor on most kernels, and is retried all the same. The function is that of syscall with six
// arguments because the others, and those of package unix, come to it by detours of some 30 instructions.

func readFD(fd int, p []byte) (int, error) {
	return transfer(unix.SYS_READ, fd, unsafe.Pointer(&p[0]), len(p))
}

func writeFD(fd int, p []byte) (int, error) {
	return transfer(unix.SYS_WRITE, fd, unsafe.Pointer(&p[0]), len(p))
}

func readFD2(fd int, first, second []byte) (int, error) {
	vecs := [2]unix.Iovec{extent(first), extent(second)}
	return transfer(unix.SYS_READV, fd, unsafe.Pointer(&vecs), len(vecs))
}

// writeGathered sends up to max bytes from the chunks before the next piece of a file.
func (b *Buffer) writeGathered(fd, max int) (int, error) {
	var vecs [maxExtents]unix.Iovec
	n := 0
	for c := b.first; c != nil && !c.isFile() && max > 0 && n < len(vecs); c = c.next {
		vecs[n] = extent(c.bytes()[:min(max, c.len())])
		max -= int(vecs[n].Len)
		n++
	}
	return transfer(unix.SYS_WRITEV, fd, unsafe.Pointer(&vecs), n)
}

func extent(p []byte) unix.Iovec {
	v := unix.Iovec{Base: &p[0]}
	v.SetLen(len(p))
	return v
}

func transfer(call uintptr, fd int, where unsafe.Pointer, count int) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(where), uintptr(count), 0, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
