package impls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestTheAnswerIsThatOfTheTable: whether asked or read, the same sockets listen at the same addresses.
func TestTheAnswerIsThatOfTheTable(t *testing.T) {
	for _, at := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:0"}, {"tcp4", ":0"}, {"tcp6", "[::1]:0"}, {"tcp6", "[::]:0"}, {"tcp", ":0"}, {"tcp", "[::ffff:127.0.0.1]:0"},
	} {
		listener, err := net.Listen(at.network, at.address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close() // nor does a connection change it
	}
	if bound := listensEitherWay(t, os.Getpid()); len(bound) != 6 {
		t.Errorf("six listen, found at %v", bound)
	}
}

// TestAnotherNamespaceIsAsked: what listens in a network of its own is found, and what listens at the same port here is not taken
// for it.
func TestAnotherNamespaceIsAsked(t *testing.T) {
	here, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	away := func() error { return unix.Unshare(unix.CLONE_NEWNET) }
	port := here.Addr().(*net.TCPAddr).Port
	s, err := program(t, "good").Start(t.Context(), Options{Addr: fmt.Sprintf("[::]:%d", port), Before: away})
	if errors.Is(err, unix.EPERM) {
		t.Skipf("may not make a network namespace: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	if bound := listensEitherWay(t, s.PID()); !slices.Equal(bound, []string{s.Addr()}) {
		t.Errorf("it listens on %s, found at %v", s.Addr(), bound)
	}
	if bound := listensEitherWay(t, os.Getpid()); !slices.Contains(bound, here.Addr().String()) {
		t.Errorf("after a look elsewhere this process's socket at %v is not among %v", here.Addr(), bound)
	}
}

// listensEitherWay compares the two ways, and returns what both say.
func listensEitherWay(t *testing.T, pid int) []string {
	t.Helper()
	sockets, err := socketInodes(pid)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := askListening(pid, sockets)
	if err != nil {
		t.Fatalf("asked: %v", err)
	}
	read, err := readListening(pid, sockets)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if slices.Sort(read); !slices.Equal(slices.Sorted(slices.Values(asked)), read) {
		t.Errorf("asked, it listens at %v; read, at %v", asked, read)
	}
	return read
}

// TestWhatCannotBeAskedIsRead: where the kernel has no netlink socket for us, the tables tell the same.
func TestWhatCannotBeAskedIsRead(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	here, at := os.Getpid(), listener.Addr().String()
	var refused, asked, proven, lied error
	done := make(chan struct{})
	OnOwnThread(func() {
		defer close(done)
		if refused = refuseNetlink(); refused == nil {
			_, asked = askListening(here, nil)
			proven = proveListening(here, announcement{"tcp", at})
			lied = proveListening(here, announcement{"tcp", "127.0.0.1:1"})
		}
	})
	if <-done; refused != nil {
		t.Skipf("no filter of system calls can be set here: %v", refused)
	}
	if !errors.Is(asked, unix.EPERM) {
		t.Errorf("asked all the same: %v", asked)
	}
	if proven != nil {
		t.Errorf("%s: %v", at, proven)
	}
	if lied == nil || !strings.Contains(lied.Error(), "does not listen on 127.0.0.1:1 but on ") || !strings.Contains(lied.Error(), at) {
		t.Errorf("another address: %v; want that it listens on %s", lied, at)
	}
}

// refuseNetlink lets socket(2) fail with EPERM for netlink, on this thread for the rest of its life.
func refuseNetlink() error {
	const loadWord, equal, give = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	const call = 0 // where struct seccomp_data has the number of the call
	argument := 16 // and where the lower half of its first argument
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		argument += 4
	}
	filter := []unix.SockFilter{
		{Code: loadWord, K: call},
		{Code: equal, K: unix.SYS_SOCKET, Jf: 3},
		{Code: loadWord, K: uint32(argument)},
		{Code: equal, K: unix.AF_NETLINK, Jf: 1},
		{Code: give, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: give, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// TestBrokenAnswers: an answer that is an error, or cut off, is none.
func TestBrokenAnswers(t *testing.T) {
	message := func(kind uint16, body []byte) []byte {
		b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
		binary.NativeEndian.PutUint32(b, uint32(cap(b)))
		binary.NativeEndian.PutUint16(b[4:], kind)
		return append(b, body...)
	}
	refused := make([]byte, 20)
	binary.NativeEndian.PutUint32(refused, ^uint32(unix.ENOENT)+1)
	for _, test := range []struct {
		datagram []byte
		contains string
	}{
		{message(unix.NLMSG_ERROR, refused), "no such file or directory"},
		{message(unix.NLMSG_DONE, refused), "no such file or directory"},
		{message(unix.NLMSG_DONE, nil), "ends with 0 bytes"},
		{message(unix.SOCK_DIAG_BY_FAMILY, make([]byte, 40)), "message of 40 bytes"},
		{message(unix.SOCK_DIAG_BY_FAMILY, make([]byte, 72))[:60], "invalid argument"},
	} {
		if bound, _, err := parseAnswers(test.datagram, nil); err == nil || !strings.Contains(err.Error(), test.contains) {
			t.Errorf("read as %v, %v; want an error with %q", bound, err, test.contains)
		}
	}
	if bound, done, err := parseAnswers(message(unix.NLMSG_DONE, make([]byte, 4)), nil); len(bound) > 0 || !done || err != nil {
		t.Errorf("the end is read as %v, %v, %v", bound, done, err)
	}
}
