//go:build !linux

package impls

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// startHere starts the process in a group of its own. Elsewhere than on Linux a process cannot be pinned or limited from
// outside, and outlives a harness that is killed.
func startHere(cmd *exec.Cmd, o Options) error {
	if len(o.CPUs) > 0 || o.NoFile > 0 || o.Before != nil {
		return fmt.Errorf("pinning to processors, limiting descriptors and preparing the thread: %w", ErrUnsupported)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

// reap waits for the child's end and then ends its group, without knowing who was in it.
func (c *child) reap() (state *os.ProcessState, left int) {
	state, _ = c.cmd.Process.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reaped = true
	syscall.Kill(-c.pid(), syscall.SIGKILL)
	return state, 0
}
