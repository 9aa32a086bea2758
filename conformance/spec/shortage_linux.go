package spec

import (
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// addressSpace is how much the process has mapped, in bytes: what RLIMIT_AS is about.
func (s *Server) addressSpace() uint64 {
	process, err := procfs.NewProc(s.PID())
	if err != nil {
		s.t.unobservable(err)
	}
	status, err := process.NewStatus()
	if err != nil {
		s.t.unobservable(err)
	}
	return status.VmSize
}

func limitAddressSpace(pid int, bytes uint64) error { return limitSoft(pid, unix.RLIMIT_AS, bytes) }

func limitProcesses(pid int, n uint64) error { return limitSoft(pid, unix.RLIMIT_NPROC, n) }

// limitSoft sets the soft limit of a running process, as far as its hard limit allows.
func limitSoft(pid, resource int, n uint64) error {
	var now unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &now); err != nil {
		return err
	}
	now.Cur = min(n, now.Max)
	return unix.Prlimit(pid, resource, &now, nil)
}

// starveOfCPU leaves a process the crumbs of one processor. release ends the two threads that take the rest.
func starveOfCPU(pid int) (release func(), err error) {
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return nil, err
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	for _, task := range tasks(pid) {
		id, _ := strconv.Atoi(filepath.Base(task))
		if err := unix.SchedSetaffinity(id, &one); err != nil {
			return nil, err
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, 19); err != nil {
			return nil, err
		}
	}
	var stop atomic.Bool
	for range 2 {
		impls.OnOwnThread(func() {
			unix.SchedSetaffinity(0, &one)
			for !stop.Load() {
			}
		})
	}
	return func() { stop.Store(true) }, nil
}
