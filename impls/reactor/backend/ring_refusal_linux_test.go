package backend

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openers are the methods that need a ring, on a kernel of the test's choice.
var openers = map[string]func(ringKernel) error{
	"io_uring-poll": func(k ringKernel) error { return openedAndClosed(newUringPoll("io_uring-poll", k)) },
	"io_uring":      func(k ringKernel) error { return openedAndClosed(newUring(k)) },
}

func openedAndClosed[B Backend](b B, err error) error {
	if err != nil {
		return err
	}
	return b.Close()
}

// A kernel that refuses is told apart by its answer: the error says what is missing, since when Linux has it, and what else there is.
func TestRingRefused(t *testing.T) {
	for errno, words := range map[unix.Errno]string{
		unix.ENOSYS: "no io_uring",
		unix.EPERM:  "forbidden",
		unix.EINVAL: "since 5.19",
		unix.ENOMEM: "ulimit -l",
	} {
		kernel := systemRings
		kernel.setup = func(uint32, *ringParameters) (int, unix.Errno) { return -1, errno }
		for method, open := range openers {
			err := open(kernel)
			if !errors.Is(err, ErrUnavailable) || !containsAll(err, method, words, "epoll") {
				t.Errorf("%v: %v", errno, err)
			}
		}
	}
}

// A kernel that is too old lacks features, operations or provided buffers.
func TestRingOfAnOldKernel(t *testing.T) {
	if err := openers["io_uring"](systemRings); errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	withoutFeature := systemRings
	withoutFeature.setup = func(n uint32, p *ringParameters) (int, unix.Errno) {
		fd, errno := systemRings.setup(n, p)
		p.features &^= featureWaitArgument
		return fd, errno
	}
	without := func(code int) ringKernel {
		kernel := systemRings
		kernel.register = func(ring int, what uintptr, argument unsafe.Pointer, count uintptr) unix.Errno {
			errno := systemRings.register(ring, what, argument, count)
			if what == registerProbe {
				const header, each, flags = 16, 8, 2
				*(*uint16)(unsafe.Add(argument, header+code*each+flags)) = 0
			}
			return errno
		}
		return kernel
	}
	withoutBuffers := systemRings
	withoutBuffers.register = func(ring int, what uintptr, argument unsafe.Pointer, count uintptr) unix.Errno {
		if what == registerBufferRing {
			return unix.EINVAL
		}
		return systemRings.register(ring, what, argument, count)
	}
	for _, c := range []struct {
		method string
		kernel ringKernel
		words  string
	}{
		{"io_uring-poll", withoutFeature, "time limit"},
		{"io_uring-poll", without(codePoll), "polling"},
		{"io_uring", without(codeZeroCopy), "multishot receive (Linux has it since 6.0)"},
		{"io_uring", withoutBuffers, "provided buffers"},
	} {
		before := openDescriptors(t)
		err := openers[c.method](c.kernel)
		if !errors.Is(err, ErrUnavailable) || !containsAll(err, c.method, c.words, "epoll") {
			t.Errorf("%s without %s: %v", c.method, c.words, err)
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%s without %s: %d descriptors before, %d after", c.method, c.words, before, after)
		}
	}
}

func containsAll(err error, words ...string) bool {
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			return false
		}
	}
	return true
}

func openDescriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A real refusal, by a seccomp filter as containers have one: the rings fail and say why, and the choice by preference does not notice.
func TestRingBehindSeccomp(t *testing.T) {
	const variable = "BACKEND_TEST_WITHOUT_RINGS"
	if os.Getenv(variable) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestRingBehindSeccomp$", "-test.v")
		child.Env = append(os.Environ(), variable+"=1")
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestRingBehindSeccomp") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	forbidRings(t)
	for _, name := range []string{"io_uring-poll", "io_uring"} {
		b, err := Open(name)
		if b != nil || !errors.Is(err, ErrUnavailable) || !errors.Is(err, unix.EPERM) || !containsAll(err, name, "seccomp") {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
	b, err := Open("")
	if err != nil || b.Name() != "epoll" {
		t.Fatalf("by preference: %v, %v", b, err)
	}
	b.Close()
}

// forbidRings has the kernel answer EPERM to this process's io_uring_setup from now on.
func forbidRings(t *testing.T) {
	const numberOffset = 0 // of the system call, in struct seccomp_data
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: numberOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_IO_URING_SETUP, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		t.Fatal(errno)
	}
}
