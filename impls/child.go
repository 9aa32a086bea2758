package impls

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// A child is a forked process, from its fork to the moment when it is reaped and its descendants are gone.
type child struct {
	cmd    *exec.Cmd
	marker string

	mu     sync.Mutex
	killed bool // by us
	reaped bool // its number may belong to another process from now on

	ended chan struct{}
	exit  Exit // written before ended is closed
}

// fork starts the process on a thread that lives as long as it does, as Linux demands: see startHere.
func fork(l launch, o Options) (*child, error) {
	c := &child{cmd: l.cmd, marker: l.marker, ended: make(chan struct{})}
	started := make(chan error, 1)
	OnOwnThread(func() { c.live(o, started) })
	return c, <-started
}

func (c *child) live(o Options, started chan<- error) {
	err := startHere(c.cmd, o)
	started <- err
	if err != nil {
		return
	}
	state, left := c.reap()
	c.exit = exitOf(state)
	c.exit.Left = left
	c.exit.Killed = c.killed && c.exit.Signal == syscall.SIGKILL
	close(c.ended)
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// kill ends the whole process group, which is the child's own: its number is the child's.
func (c *child) kill() {
	c.whileAlive(func(pid int) error {
		c.killed = true
		return syscall.Kill(-pid, syscall.SIGKILL)
	})
}

// whileAlive calls f with a process number that cannot pass to another process meanwhile.
func (c *child) whileAlive(f func(pid int) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return os.ErrProcessDone
	}
	return f(c.pid())
}
