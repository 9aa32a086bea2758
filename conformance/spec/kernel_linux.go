package spec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lookup asks the kernel for the server's end of one connection over netlink's sock_diag, an exact question with one
// answer. /proc/net/tcp would be a table to read to its end on every poll, and after a churn check that table holds
// tens of thousands of TIME_WAIT entries.
func lookup(connection fourTuple) (Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return Socket{}, fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagRequest(connection), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return Socket{}, fmt.Errorf("sock_diag request: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return Socket{}, fmt.Errorf("sock_diag answer: %w", err)
	}
	return diagAnswer(answer[:n])
}

// The layouts are those of linux/netlink.h (nlmsghdr, 16 bytes) and linux/inet_diag.h (inet_diag_req_v2, 56 bytes,
// inet_diag_msg, 72 bytes). Ports and addresses are big endian, the rest is the machine's order.
const (
	headerBytes  = 16
	requestBytes = 56
	messageBytes = 72
)

func diagRequest(connection fourTuple) []byte {
	b := make([]byte, headerBytes+requestBytes)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	request := b[headerBytes:]
	request[0] = family(connection.server.Addr())
	request[1] = unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], ^uint32(0)) // every state
	binary.BigEndian.PutUint16(request[8:], connection.server.Port())
	binary.BigEndian.PutUint16(request[10:], connection.client.Port())
	copy(request[12:28], connection.server.Addr().AsSlice())
	copy(request[28:44], connection.client.Addr().AsSlice())
	binary.NativeEndian.PutUint64(request[48:], ^uint64(0)) // no cookie: any socket with these addresses
	return b
}

func diagAnswer(b []byte) (Socket, error) {
	if len(b) < headerBytes {
		return Socket{}, fmt.Errorf("sock_diag answer of %d bytes", len(b))
	}
	body := b[headerBytes:]
	if binary.NativeEndian.Uint16(b[4:]) == unix.NLMSG_ERROR && len(body) >= 4 {
		errno := unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
		if errno == unix.ENOENT {
			return Socket{State: Gone}, nil
		}
		return Socket{}, fmt.Errorf("sock_diag: %w", errno)
	}
	if len(body) < messageBytes {
		return Socket{}, fmt.Errorf("sock_diag message of %d bytes", len(body))
	}
	state := TCPState(body[1])
	if state == Listening {
		return Socket{State: Gone}, nil // the kernel falls back to the listener of that port once the connection is gone
	}
	return Socket{
		State:  state,
		Unread: int64(binary.NativeEndian.Uint32(body[56:])),
		Unsent: int64(binary.NativeEndian.Uint32(body[60:])),
	}, nil
}

func family(a netip.Addr) byte {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// usage reads what a process has consumed. Its CPU time comes from the process CPU clock, in nanoseconds: the
// counters of /proc/PID/stat advance in ticks of 10 ms.
func usage(pid int) (Usage, error) {
	u := Usage{}
	var cpu unix.Timespec
	if err := unix.ClockGettime(processClock(pid), &cpu); err != nil {
		return u, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	u.CPU = time.Duration(cpu.Nano())
	if err := countDescriptors(pid, &u); err != nil {
		return u, err
	}
	u.Resident = statusField(filepath.Join(proc(pid), "status"), "VmRSS:") * 1024
	for _, task := range tasks(pid) {
		status := filepath.Join(task, "status")
		u.Threads++
		u.VoluntarySwitches += statusField(status, "voluntary_ctxt_switches:")
		u.InvoluntarySwitches += statusField(status, "nonvoluntary_ctxt_switches:")
	}
	return u, nil
}

// processClock is the clock id of a process: its number inverted, above three bits that say "whole process, scheduler's
// clock" (man 2 clock_getres, CPUCLOCK_SCHED).
func processClock(pid int) int32 { return int32(^pid<<3 | 2) }

func countDescriptors(pid int, u *Usage) error {
	links, err := os.ReadDir(filepath.Join(proc(pid), "fd"))
	if err != nil {
		return err
	}
	u.Descriptors = len(links)
	for _, link := range links {
		target, err := os.Readlink(filepath.Join(proc(pid), "fd", link.Name()))
		if err == nil && strings.HasPrefix(target, "socket:") {
			u.Sockets++
		}
	}
	return nil
}

// threads describes every thread of a process.
func threads(pid int) []thread {
	var all []thread
	for _, task := range tasks(pid) {
		if t, ok := readThread(task); ok {
			all = append(all, t)
		}
	}
	return all
}

// readThread reads /proc/PID/task/TID/stat, "TID (name) S ...". The name may itself contain a parenthesis.
func readThread(task string) (thread, bool) {
	stat, err := os.ReadFile(filepath.Join(task, "stat"))
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if err != nil || open < 0 || end < open || end+2 >= len(stat) {
		return thread{}, false
	}
	id, _ := strconv.Atoi(strings.TrimSpace(string(stat[:open])))
	t := thread{id: id, name: string(stat[open+1 : end]), state: stat[end+2]}
	if waits, err := os.ReadFile(filepath.Join(task, "wchan")); err == nil && string(waits) != "0" {
		t.waits = string(waits)
	}
	return t, true
}

func tasks(pid int) []string {
	all, _ := filepath.Glob(filepath.Join(proc(pid), "task", "*"))
	return all
}

// listeners returns the addresses on which a process listens, found by the inodes of its sockets.
func listeners(pid int) ([]netip.AddrPort, error) {
	inodes, err := socketInodes(pid)
	if err != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(proc(pid), "net", table))
		if errors.Is(err, os.ErrNotExist) {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && inodes[fields[9]] {
				all = append(all, hexAddress(fields[1]))
			}
		}
	}
	return all, nil
}

func socketInodes(pid int) (map[string]bool, error) {
	links, err := os.ReadDir(filepath.Join(proc(pid), "fd"))
	if err != nil {
		return nil, err
	}
	inodes := map[string]bool{}
	for _, link := range links {
		target, _ := os.Readlink(filepath.Join(proc(pid), "fd", link.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes, nil
}

// hexAddress reads an address of /proc/net/tcp: each group of four bytes is a number in the machine's order.
func hexAddress(text string) netip.AddrPort {
	host, port, _ := strings.Cut(text, ":")
	var bytes []byte
	for ; len(host) >= 8; host = host[8:] {
		n, _ := strconv.ParseUint(host[:8], 16, 32)
		bytes = binary.NativeEndian.AppendUint32(bytes, uint32(n))
	}
	address, _ := netip.AddrFromSlice(bytes)
	number, _ := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(address.Unmap(), uint16(number))
}

// groupMembers lists the living processes of a process group.
func groupMembers(group int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var members []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			members = append(members, pid)
		}
	}
	return members
}

// limitDescriptors lowers or raises how many descriptors a running process may have open.
func limitDescriptors(pid int, soft uint64) error {
	var now unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &now); err != nil {
		return err
	}
	now.Cur = min(soft, now.Max)
	return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &now, nil)
}

// highestDescriptor is the largest descriptor number that a process has open.
func highestDescriptor(pid int) (int, error) {
	links, err := os.ReadDir(filepath.Join(proc(pid), "fd"))
	highest := -1
	for _, link := range links {
		if n, err := strconv.Atoi(link.Name()); err == nil {
			highest = max(highest, n)
		}
	}
	return highest, err
}

func statusField(path, name string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

func proc(pid int) string { return "/proc/" + strconv.Itoa(pid) }
