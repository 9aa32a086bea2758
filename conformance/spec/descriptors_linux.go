package spec

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// This file looks at the server's own descriptors: which are sockets, how they are open, and what options they carry.

const tcpKeepIdle = unix.TCP_KEEPIDLE

// tgkill signals one thread.
func tgkill(pid, thread int, signal syscall.Signal) error { return unix.Tgkill(pid, thread, signal) }

// A descriptor is one socket among the open files of a process.
type descriptor struct {
	number int
	inode  uint64
	flags  int // as of open(2), and O_CLOEXEC
}

// socketsOf lists the sockets that a process has open. Standard streams are not the server's own.
func socketsOf(pid int) (all []descriptor, err error) {
	dir := filepath.Join(proc(pid), "fd")
	links, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		d := descriptor{}
		target, err := os.Readlink(filepath.Join(dir, link.Name()))
		if _, scanned := fmt.Sscanf(target, "socket:[%d]", &d.inode); err != nil || scanned != nil {
			continue // closed meanwhile, or no socket
		}
		d.number, _ = strconv.Atoi(link.Name())
		if d.flags, err = openFlags(pid, link.Name()); err == nil && d.number > 2 {
			all = append(all, d)
		}
	}
	return all, nil
}

// openFlags reads the line "flags:" of /proc/PID/fdinfo/N, which is octal.
func openFlags(pid int, number string) (int, error) {
	text, err := os.ReadFile(filepath.Join(proc(pid), "fdinfo", number))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if octal, found := strings.CutPrefix(line, "flags:"); found {
			flags, err := strconv.ParseInt(strings.TrimSpace(octal), 8, 64)
			return int(flags), err
		}
	}
	return 0, errUnobservable
}

// inheritable lists the sockets that a program started by the process would inherit.
func inheritable(pid int) (numbers []int, err error) {
	all, err := socketsOf(pid)
	for _, d := range all {
		if d.flags&unix.O_CLOEXEC == 0 {
			numbers = append(numbers, d.number)
		}
	}
	return numbers, err
}

// blockingSockets counts the sockets without O_NONBLOCK, and all.
func blockingSockets(pid int) (blocking, all int, err error) {
	sockets, err := socketsOf(pid)
	for _, d := range sockets {
		if d.flags&unix.O_NONBLOCK == 0 {
			blocking++
		}
	}
	return blocking, len(sockets), err
}

// optionOf reads an integer option of the server's end of a connection. For that the kernel hands out a copy of the descriptor
// (pidfd_getfd, since Linux 5.6), to those who may trace the process.
func optionOf(pid int, connection fourTuple, level, option int) (int, error) {
	inode, err := inodeOf(connection)
	if err != nil {
		return 0, err
	}
	sockets, err := socketsOf(pid)
	if err != nil {
		return 0, err
	}
	for _, d := range sockets {
		if d.inode == inode {
			return optionOfDescriptor(pid, d.number, level, option)
		}
	}
	return 0, fmt.Errorf("process %d has no descriptor of socket %d; a child of it may", pid, inode)
}

func optionOfDescriptor(pid, number, level, option int) (int, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(process)
	copied, err := unix.PidfdGetfd(process, number, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_getfd: %w", err)
	}
	defer unix.Close(copied)
	return unix.GetsockoptInt(copied, level, option)
}

// inodeOf is the number by which /proc names the server's end of a connection.
func inodeOf(connection fourTuple) (uint64, error) {
	message, err := askOnce(unix.Socket, connection)
	if err != nil {
		return 0, err
	}
	return uint64(binary.NativeEndian.Uint32(message[68:])), nil
}

// listenQueue is how many connections may wait at a listening address. Of a listener the kernel tells it where it tells of a
// connection what is unsent.
func listenQueue(address netip.AddrPort) (int, error) {
	nobody := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if address.Addr().Is6() {
		nobody = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	message, err := askOnce(unix.Socket, fourTuple{server: address, client: nobody})
	if err != nil {
		return 0, err
	}
	if TCPState(message[1]) != Listening {
		return 0, errUnobservable
	}
	return int(binary.NativeEndian.Uint32(message[60:])), nil
}

// somaxconn is the most that the kernel lets any listener have.
func somaxconn() (int, error) {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
