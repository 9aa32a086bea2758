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

	"golang.org/x/sys/unix"
)

// An inquiry asks the kernel for one end of a connection after the other over netlink's sock_diag: each is an exact question with
// one answer. /proc/net/tcp would be a table to read to its end on every poll, and after a churn check that table holds tens of
// thousands of TIME_WAIT entries.
//
// It opens its socket with the first question and keeps it until close: a check that waits asks hundreds of times, and a socket for
// each cost as much as the answer. The zero value is ready. One goroutine owns it.
type inquiry struct {
	fd       int // while open
	open     bool
	sequence uint32 // of the last question; the answer bears it too
}

// lookup finds one end of a connection, as that end names it. If the inquiry is not open yet, open makes its socket, in the network
// that it will ask about from then on.
func (q *inquiry) lookup(open socketMaker, connection fourTuple) (Socket, error) {
	message, err := q.ask(open, connection)
	switch {
	case errors.Is(err, unix.ENOENT):
		return Socket{State: Gone}, nil
	case err != nil:
		return Socket{}, err
	}
	return socketOf(message), nil
}

// ask returns the kernel's inet_diag_msg about one socket. The error is ENOENT if there is none.
func (q *inquiry) ask(open socketMaker, connection fourTuple) ([]byte, error) {
	if err := q.start(open); err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	q.sequence++
	if err := unix.Sendto(q.fd, diagRequest(connection, q.sequence), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("sock_diag request: %w", err)
	}
	return q.answer()
}

func (q *inquiry) start(open socketMaker) (err error) {
	if q.open {
		return nil
	}
	q.fd, err = open(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	q.open = err == nil
	return err
}

// answer reads the answer to the last question. One to an earlier question, of which the reading failed, is passed over.
func (q *inquiry) answer() ([]byte, error) {
	answer := make([]byte, headerBytes+messageBytes) // the attributes that follow are cut off
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.Read(q.fd, answer) })
		if err != nil {
			return nil, fmt.Errorf("sock_diag answer: %w", err)
		}
		if n < headerBytes {
			return nil, fmt.Errorf("sock_diag answer of %d bytes", n)
		}
		if binary.NativeEndian.Uint32(answer[8:]) == q.sequence {
			return diagMessage(answer[:n])
		}
	}
}

func (q *inquiry) close() {
	if q.open {
		unix.Close(q.fd)
		q.open = false
	}
}

// askOnce is for a single question.
func askOnce(open socketMaker, connection fourTuple) ([]byte, error) {
	var q inquiry
	defer q.close()
	return q.ask(open, connection)
}

// The layouts are those of linux/netlink.h (nlmsghdr, 16 bytes) and linux/inet_diag.h (inet_diag_req_v2, 56 bytes,
// inet_diag_msg, 72 bytes). Ports and addresses are big endian, the rest is the machine's order.
const (
	headerBytes  = 16
	requestBytes = 56
	messageBytes = 72
)

func diagRequest(connection fourTuple, sequence uint32) []byte {
	b := make([]byte, headerBytes+requestBytes)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(b[8:], sequence)
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

// diagMessage takes the answer apart.
func diagMessage(b []byte) ([]byte, error) {
	body := b[headerBytes:]
	if binary.NativeEndian.Uint16(b[4:]) == unix.NLMSG_ERROR && len(body) >= 4 {
		return nil, fmt.Errorf("sock_diag: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
	}
	if len(body) < messageBytes {
		return nil, fmt.Errorf("sock_diag message of %d bytes", len(body))
	}
	return body, nil
}

func socketOf(message []byte) Socket {
	state := TCPState(message[1])
	if state == Listening {
		return Socket{State: Gone} // the kernel falls back to the listener of that port once the connection is gone
	}
	return Socket{
		State:  state,
		Unread: int64(binary.NativeEndian.Uint32(message[56:])),
		Unsent: int64(binary.NativeEndian.Uint32(message[60:])),
		Inode:  binary.NativeEndian.Uint32(message[68:]),
	}
}

func family(a netip.Addr) byte {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// threads describes every thread of a process, but for where it sleeps.
func threads(pid int) []thread {
	var all []thread
	for _, task := range tasks(pid) {
		if t, ok := readThread(task); ok {
			all = append(all, t)
		}
	}
	return all
}

// leader describes the thread that a process began with. It stays, dead, until all others have ended.
func leader(pid int) (thread, bool) { return readThread(proc(pid) + "/task/" + strconv.Itoa(pid)) }

// readThread reads /proc/PID/task/TID/stat, "TID (name) S ...". The name may itself contain a parenthesis.
func readThread(task string) (thread, bool) {
	var line [512]byte
	stat := line[:readAtOnce(task+"/stat", line[:])]
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open || end+2 >= len(stat) {
		return thread{}, false
	}
	id, _ := strconv.Atoi(strings.TrimSpace(string(stat[:open])))
	return thread{id: id, name: string(stat[open+1 : end]), state: stat[end+2], task: task}, true
}

// readAtOnce reads what one read gives of a file in /proc, without what a file of package os costs beside it: a server's threads are
// looked at thousands of times. A file that cannot be read is empty.
func readAtOnce(name string, into []byte) int {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	n, _ := unix.Read(fd, into)
	return max(n, 0)
}

// waits reads where in the kernel the thread sleeps: "" when it runs, or the kernel does not say.
func (t thread) waits() string {
	var name [128]byte
	where := string(name[:readAtOnce(t.task+"/wchan", name[:])])
	if where == "0" {
		return ""
	}
	return where
}

func tasks(pid int) []string {
	dir := proc(pid) + "/task"
	names, _ := os.ReadDir(dir)
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = dir + "/" + name.Name()
	}
	return all
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

func proc(pid int) string { return "/proc/" + strconv.Itoa(pid) }
