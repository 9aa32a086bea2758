package impls

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// UsageOf measures any process of this user, a stranger's too. The reader pays for it: the process itself is not
// stopped, though reading its PSS walks its page tables under its memory lock.
func UsageOf(pid int) (Usage, error) {
	var u Usage
	var err error
	if u.CPU, err = CPUOf(pid); err != nil { // first, so that it belongs to the moment of the call
		return Usage{}, err
	}
	process, err := procfs.NewProc(pid)
	if err != nil {
		return Usage{}, err
	}
	for _, read := range []func(procfs.Proc) error{u.readMemory, u.readDescriptors, u.readThreads} {
		if err := read(process); err != nil {
			return Usage{}, fmt.Errorf("usage of process %d: %w", pid, err)
		}
	}
	return u, nil
}

// CPUOf reads the process CPU clock, in nanoseconds; the figures of /proc/PID/stat come in ticks of 10 ms.
// The id of a foreign process's clock is made of its number: bits 3 and up hold its complement, bit 1 asks the
// scheduler's sum (CPUCLOCK_SCHED, include/linux/posix-timers_types.h).
func CPUOf(pid int) (time.Duration, error) {
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &spent); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, os.NewSyscallError("clock_gettime", err))
	}
	return time.Duration(spent.Nano()), nil
}

func (u *Usage) readMemory(process procfs.Proc) error {
	status, err := process.NewStatus()
	if err != nil {
		return err
	}
	if status.VmRSS == 0 {
		return fmt.Errorf("it has ended: %w", os.ErrProcessDone)
	}
	rollup, err := process.ProcSMapsRollup()
	if err != nil {
		return err
	}
	u.PeakBytes, u.RSSBytes, u.PSSBytes = int64(status.VmHWM), int64(status.VmRSS), int64(rollup.Pss)
	return nil
}

// readDescriptors reads the links itself: with ten thousand connections procfs would open as many paths.
func (u *Usage) readDescriptors(process procfs.Proc) error {
	dir, err := os.Open("/proc/" + strconv.Itoa(process.PID) + "/fd")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	u.Descriptors = len(names)
	target := make([]byte, len("socket:"))
	for _, name := range names {
		n, err := unix.Readlinkat(int(dir.Fd()), name, target)
		if err == nil && string(target[:n]) == "socket:" {
			u.Sockets++
		}
	}
	return nil
}

func (u *Usage) readThreads(process procfs.Proc) error {
	threads, err := procfs.AllThreads(process.PID)
	if err != nil {
		return err
	}
	u.Threads = len(threads)
	for _, thread := range threads {
		status, err := thread.NewStatus()
		if err != nil {
			continue // it ended between the listing and the look
		}
		u.VoluntarySwitches += int64(status.VoluntaryCtxtSwitches)
		u.InvoluntarySwitches += int64(status.NonVoluntaryCtxtSwitches)
	}
	return nil
}
