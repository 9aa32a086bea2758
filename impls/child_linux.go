package impls

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// startHere forks the process from this thread, which is its own (OnOwnThread). The calling goroutine must stay until the
// child is reaped.
//
// Four things belong to the forking thread, not to the process:
//   - The death signal. The kernel kills the child when the *thread* that forked it ends, and a thread of Go may end
//     long before the program does.
//   - The affinity. A child inherits that of the forking thread, and so runs nowhere else, not even for its first
//     instruction.
//   - The right to hold a traced child, see limitDescriptors.
//   - Whatever else Options.Before gives it: a network namespace, a filter of system calls.
func startHere(cmd *exec.Cmd, o Options) error {
	keepDescriptors()
	if o.Before != nil {
		if err := o.Before(); err != nil {
			return err
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Ptrace: o.NoFile > 0}
	if err := pinned(o.CPUs, cmd.Start); err != nil {
		return err
	}
	if o.NoFile > 0 {
		return limitDescriptors(cmd, o.NoFile)
	}
	return nil
}

// pinned calls fork while this thread may run on the given processors only, and lets the thread free again.
func pinned(cpus []int, fork func() error) error {
	if len(cpus) == 0 {
		return fork()
	}
	var before, wanted, got unix.CPUSet
	for _, cpu := range cpus {
		wanted.Set(cpu)
	}
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, &wanted); err != nil {
		return fmt.Errorf("pin to processors %v: %w", cpus, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	// The kernel passes over processors that do not exist as long as one does; a figure would then be labelled wrongly.
	if err := unix.SchedGetaffinity(0, &got); err != nil || got != wanted {
		return fmt.Errorf("pin to processors %v: not all of them can be used", cpus)
	}
	return fork()
}

// keepDescriptors marks everything behind stderr as not to be inherited. Go opens its files so; what the harness was handed
// by its own shell or by make is not, and would be counted as the server's. A kernel before 5.11 cannot do it in one
// call; there the figures carry those few.
func keepDescriptors() {
	const behindStderr, last = 3, math.MaxUint32
	unix.CloseRange(behindStderr, last, unix.CLOSE_RANGE_CLOEXEC)
}

// limitDescriptors sets the limit of a child that stands still between exec and its first instruction.
//
// A limit set on the harness itself would hit every goroutine that opens a file meanwhile, and one set on a running child
// would come after a Go runtime has read it. A child that asks to be traced stops at its exec with SIGTRAP and waits for
// this thread, so nothing of the program has run when it is let go.
func limitDescriptors(cmd *exec.Cmd, count uint64) error {
	pid := cmd.Process.Pid
	err := func() error {
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
			return err
		}
		if !status.Stopped() {
			return fmt.Errorf("it ended before its first instruction, with wait status %#x", uint32(status))
		}
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: count, Max: count}, nil); err != nil {
			return err
		}
		return unix.PtraceDetach(pid)
	}()
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return fmt.Errorf("limit of %d descriptors: %w", count, err)
	}
	return nil
}

// reap waits for the child's end and returns how many processes it left behind.
//
// The child is first seen as ended and only then collected: in between it is a zombie that holds its number, so that a
// signal to its process group cannot hit a stranger.
func (c *child) reap() (state *os.ProcessState, left int) {
	for {
		err := unix.Waitid(unix.P_PID, c.pid(), nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	left = sweep(c.pid(), c.marker)
	state, _ = c.cmd.Process.Wait()
	c.reaped = true
	return state, left
}
