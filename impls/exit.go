package impls

import (
	"fmt"
	"os"
	"syscall"
)

// An Exit is how a server ended.
type Exit struct {
	Code   int            // exit status; -1 when a signal ended it
	Signal syscall.Signal // the signal that ended it, 0 when it exited by itself
	Killed bool           // the harness ended it: it did not follow SIGTERM in time, or was no longer wanted
	Left   int            // processes that it left behind; they were killed. Counted on Linux only

	Stdout string // the last 4 KiB of stdout, without the contract's line
	Stderr string // the last 4 KiB of stderr
}

// Clean reports whether the server ended as the contract asks: by itself, with status 0, leaving nothing.
func (e Exit) Clean() bool { return e.Code == 0 && e.Signal == 0 && !e.Killed && e.Left == 0 }

// String is a phrase that fits behind "the server": "exited with status 3".
func (e Exit) String() string {
	text := fmt.Sprintf("exited with status %d", e.Code)
	switch {
	case e.Killed:
		text = "was killed by the harness"
	case e.Signal != 0:
		text = fmt.Sprintf("was ended by signal %d (%s)", int(e.Signal), e.Signal)
	}
	if e.Left > 0 {
		text += fmt.Sprintf(" and left %d process(es) behind", e.Left)
	}
	return text
}

func exitOf(state *os.ProcessState) Exit {
	if state == nil { // somebody else collected it
		return Exit{Code: -1}
	}
	exit := Exit{Code: state.ExitCode()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
	}
	return exit
}
