package spec

import (
	"errors"
	"fmt"
	"net/netip"
)

// This file is what the kernel of this machine knows about the server: its end of a connection and its process. The
// answers come from kernel_linux.go; elsewhere each question fails with errUnobservable and the check that asked is n/a.

// errUnobservable says that this system shows nothing of another process.
var errUnobservable = errors.New("this system does not show another process's sockets")

// TCPState is the state of an end of a connection, in the kernel's numbers.
type TCPState int

// The states of RFC 9293 section 3.3.2, as Linux numbers them. Gone is ours: the kernel no longer knows the connection.
const (
	Gone TCPState = iota
	Established
	SynSent
	SynReceived
	FinWait1
	FinWait2
	TimeWait
	Closed
	CloseWait // the peer has sent FIN, this end has not: it owes a FIN
	LastAck
	Listening
	Closing
)

var stateNames = [...]string{"gone", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"}

func (s TCPState) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int(s))
	}
	return stateNames[s]
}

// A Socket is the kernel's view of the server's end of one connection.
type Socket struct {
	State  TCPState
	Unread int64  // bytes that the kernel has received and the server has not read
	Unsent int64  // bytes that the server has written and the client's kernel has not acknowledged
	Inode  uint32 // the number by which /proc/PID/fd names the socket; 0 once no process holds it
}

func (s Socket) String() string {
	if s.State == Gone {
		return "gone"
	}
	return fmt.Sprintf("%v, %s bytes unread, %s unacknowledged", s.State, group(s.Unread), group(s.Unsent))
}

// fourTuple names a connection from the server's side.
type fourTuple struct{ server, client netip.AddrPort }

// A thread is one thread of the server, as /proc tells.
type thread struct {
	id    int
	name  string
	state byte   // R running, S sleeping, D disk, T stopped, Z dead but not reaped
	task  string // its folder in /proc
}

func (t thread) String() string { return fmt.Sprintf("%d %s", t.id, t.does()) }

// does is what it does, as in "pool S in futex_wait".
func (t thread) does() string {
	does := fmt.Sprintf("%s %c", t.name, t.state)
	if where := t.waits(); where != "" {
		does += " in " + where
	}
	return does
}
