package spec

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
)

// A Program is a server that can be started, once for the shared checks and again for each check that wants its own.
type Program interface {
	// Start returns when the server has announced its address.
	Start(context.Context, StartOptions) (Process, error)
	// Run waits for the program's own end, announcement or not: for a bad flag, for a busy port.
	Run(context.Context, StartOptions) (Exit, error)
}

// StartOptions is what a check may choose about a server process.
type StartOptions struct {
	Addr           string    // "" is 127.0.0.1:0
	Args           []string  // after the server's own
	Descriptors    uint64    // hard limit of open descriptors; 0 is the suite's own
	Stdout, Stderr io.Writer // receive a copy; may be nil
}

// A Process is a server that runs. A server that was running before the suite came is one too: it may know its PID and
// nothing else.
type Process interface {
	Addr() string // HOST:PORT, or unix:PATH
	PID() int     // 0: unknown, the process cannot be observed
	Signal(os.Signal) error
	Kill()                 // and wait until it is gone
	Done() <-chan struct{} // closed at its end; nil for a process that the suite did not start
	Exit() Exit            // after Done
	Stderr() string        // its last lines
	StderrBytes() int64    // how much it has logged in all
	StdoutExtra() string   // what it has printed after its announcement
}

// An Exit is how a process ended.
type Exit struct {
	Code   int            // when Signal is 0
	Signal syscall.Signal // what killed it
}

func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("killed by %v", e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
