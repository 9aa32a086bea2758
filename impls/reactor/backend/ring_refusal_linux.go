package backend

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ringKernel is the two calls that open a ring. Tests put others in their place that refuse.
type ringKernel struct {
	setup    func(submissions uint32, p *ringParameters) (fd int, errno unix.Errno)
	register func(ring int, what uintptr, argument unsafe.Pointer, count uintptr) unix.Errno
}

var systemRings = ringKernel{
	setup: func(submissions uint32, p *ringParameters) (int, unix.Errno) {
		fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(submissions), uintptr(unsafe.Pointer(p)), 0)
		return int(fd), errno
	},
	register: func(ring int, what uintptr, argument unsafe.Pointer, count uintptr) unix.Errno {
		_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(ring), what, uintptr(argument), count, 0, 0)
		return errno
	},
}

const (
	registerProbe       = 8  // which operations there are
	registerBufferRing  = 22 // provided buffers (5.19)
	probeSupported      = 1 << 0
	probedOperations    = 64
	disabledVariable    = "/proc/sys/kernel/io_uring_disabled"
	otherMethodsRemarks = "the other methods (epoll, poll, select) need nothing of it"
)

// refusedSetup says why there is no ring, and what to do about it.
func refusedSetup(method string, errno unix.Errno) error {
	reason := "the kernel refuses a ring"
	switch errno {
	case unix.ENOSYS:
		reason = "this kernel has no io_uring, or a sandbox hides it (Linux has it since 5.1, and what is needed here since 5.19)"
	case unix.EPERM, unix.EACCES:
		reason = "io_uring is forbidden to this process: " + whoForbids()
	case unix.EINVAL:
		return tooOld(method, "IORING_SETUP_COOP_TASKRUN", "5.19")
	case unix.ENOMEM:
		reason = "no memory for a ring: raise the limit of locked memory (ulimit -l)"
	}
	return fmt.Errorf("%s: io_uring_setup: %w: %s; %s (%w)", method, errno, reason, otherMethodsRemarks, ErrUnavailable)
}

// whoForbids looks at the kernel's switch; what it allows a seccomp filter may still forbid.
func whoForbids() string {
	value, err := os.ReadFile(disabledVariable)
	if text := strings.TrimSpace(string(value)); err == nil && text != "0" {
		return fmt.Sprintf("%s is %s, and would have to be 0", disabledVariable, text)
	}
	return "by a seccomp filter, as containers have one by default (docker run --security-opt seccomp=unconfined is without)"
}

func tooOld(method, lacks, since string) error {
	return fmt.Errorf("%s: this kernel's io_uring lacks %s (Linux has it since %s); %s (%w)", method, lacks, since, otherMethodsRemarks, ErrUnavailable)
}

// An operationNeed is an operation that a method cannot do without.
type operationNeed struct {
	code  uint8
	name  string
	since string
}

// probe checks that the kernel has the operations.
func (r *ring) probe(method string, kernel ringKernel, needs []operationNeed) error {
	var answer struct { // struct io_uring_probe
		last, count uint8
		_           uint16
		_           [3]uint32
		operations  [probedOperations]struct {
			code, _ uint8
			flags   uint16
			_       uint32
		}
	}
	if errno := kernel.register(r.fd, registerProbe, unsafe.Pointer(&answer), probedOperations); errno != 0 {
		return fmt.Errorf("%s: asking for the operations of io_uring: %w", method, errno)
	}
	for _, need := range needs {
		if need.code > answer.last || answer.operations[need.code].flags&probeSupported == 0 {
			return tooOld(method, need.name, need.since)
		}
	}
	return nil
}
