package schedule

import (
	"fmt"
	"strings"
	"time"
)

// A Verb is what a command does.
type Verb string

// The verbs, as they are written.
const (
	Connect  Verb = "connect"
	Send     Verb = "send"
	Read     Verb = "read"
	Shutdown Verb = "shutdown"
	Close    Verb = "close"
	Reset    Verb = "reset"
	Pause    Verb = "pause"
	Stop     Verb = "stop"
	Cont     Verb = "cont"
)

// Bounds of what may be written.
const (
	MaxConns = 8                // a failure among more is hard to read
	MaxBytes = 64 << 20         // of one send or read: more than all buffers on the way
	MaxPause = 10 * time.Second // a typing error must not look like a hang
)

// A Command is one line.
type Command struct {
	Conn int           // 1 to MaxConns; 0 for a command about no connection
	Verb Verb          //
	N    int64         // bytes: of Send and Read, and the receive buffer of Connect (0 is the kernel's own choice)
	For  time.Duration // of Pause
}

// String is the command as it is written in a schedule.
func (c Command) String() string {
	switch {
	case c.Conn == 0 && c.Verb == Pause:
		return fmt.Sprintf("pause %v", c.For)
	case c.Conn == 0:
		return string(c.Verb)
	case c.N == 0:
		return fmt.Sprintf("c%d: %s", c.Conn, c.Verb)
	}
	return fmt.Sprintf("c%d: %s %d", c.Conn, c.Verb, c.N)
}

// A Schedule is what is done, in order.
type Schedule []Command

// String is the schedule as Parse reads it, one command a line.
func (s Schedule) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Stops reports whether the schedule stops the server, which needs its process.
func (s Schedule) Stops() bool {
	for _, c := range s {
		if c.Verb == Stop {
			return true
		}
	}
	return false
}
