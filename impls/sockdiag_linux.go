package impls

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// askListening lists the addresses of those of the sockets that listen in the process's network namespace. It asks over
// netlink's sock_diag, which can be told to leave connections out: for the table the kernel walks all of its hash of
// connections, of every namespace, however few there are.
func askListening(pid int, sockets map[uint64]bool) (bound []string, err error) {
	fd, err := diagSocket(pid)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if err := unix.Sendto(fd, listenersRequest(family), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return nil, fmt.Errorf("sock_diag request: %w", err)
		}
		addresses, err := readAnswers(fd, sockets)
		if err != nil {
			return nil, err
		}
		bound = append(bound, addresses...)
	}
	return bound, nil
}

// diagSocket opens a netlink socket in the network namespace of the process. To enter another one than the caller's takes
// CAP_SYS_ADMIN.
func diagSocket(pid int) (int, error) {
	runtime.LockOSThread() // the namespace is the thread's
	defer runtime.UnlockOSThread()
	own, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return -1, err
	}
	namespace := "/proc/" + strconv.Itoa(pid) + "/ns/net"
	switch its, err := os.Readlink(namespace); {
	case err != nil:
		return -1, err
	case its == own:
		return openDiag()
	}
	return diagSocketIn(namespace)
}

// diagSocketIn opens the socket on a thread that enters the namespace for good.
func diagSocketIn(namespace string) (fd int, err error) {
	file, err := os.Open(namespace)
	if err != nil {
		return -1, err
	}
	defer file.Close()
	done := make(chan struct{})
	OnOwnThread(func() {
		defer close(done)
		if err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err == nil {
			fd, err = openDiag()
		}
	})
	<-done
	return fd, err
}

func openDiag() (int, error) {
	return unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
}

// The layouts are those of linux/netlink.h (nlmsghdr) and linux/inet_diag.h (inet_diag_req_v2, inet_diag_msg). The port and the
// address are big endian, the rest is the machine's order.
const (
	diagRequestBytes = 56
	diagMessageBytes = 72
	listenState      = 10 // TCP_LISTEN, include/net/tcp_states.h
)

// listenersRequest asks for all listening sockets of an address family.
func listenersRequest(family byte) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+diagRequestBytes)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request := b[unix.SizeofNlMsghdr:]
	request[0], request[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], 1<<listenState)
	return b
}

// readAnswers reads messages, several a datagram, until the kernel says that they are done.
func readAnswers(fd int, sockets map[uint64]bool) (bound []string, err error) {
	datagram := make([]byte, 32<<10) // the most that the kernel puts into one
	for {
		n, _, err := unix.Recvfrom(fd, datagram, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sock_diag answer: %w", err)
		}
		addresses, done, err := parseAnswers(datagram[:n], sockets)
		if bound = append(bound, addresses...); err != nil || done {
			return bound, err
		}
	}
}

// parseAnswers takes one datagram apart; done says that no other one follows.
func parseAnswers(datagram []byte, sockets map[uint64]bool) (bound []string, done bool, err error) {
	messages, err := syscall.ParseNetlinkMessage(datagram)
	if err != nil {
		return nil, false, fmt.Errorf("sock_diag answer: %w", err)
	}
	for _, message := range messages {
		switch message.Header.Type {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			return bound, true, answerError(message.Data)
		}
		if len(message.Data) < diagMessageBytes {
			return nil, false, fmt.Errorf("sock_diag message of %d bytes", len(message.Data))
		}
		if inode := binary.NativeEndian.Uint32(message.Data[68:]); sockets[uint64(inode)] {
			bound = append(bound, boundTo(message.Data).String())
		}
	}
	return bound, false, nil
}

// answerError is what the last message says: 0, or the error's number negated.
func answerError(body []byte) error {
	if len(body) < 4 {
		return fmt.Errorf("sock_diag ends with %d bytes", len(body))
	}
	if number := -int32(binary.NativeEndian.Uint32(body)); number != 0 {
		return fmt.Errorf("sock_diag: %w", unix.Errno(number))
	}
	return nil
}

// boundTo is the socket's own address. An IPv4 address inside an IPv6 socket is given as IPv4.
func boundTo(message []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(message[4:])
	if message[0] == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(message[8:])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(message[8:])).Unmap(), port)
}
