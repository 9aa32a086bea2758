package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// machineTimes is what all cores have done since boot, in steps of 10 ms (/proc/stat).
func machineTimes() (t coreTimes, ok bool) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return t, false
	}
	stat, err := proc.Stat()
	if err != nil {
		return t, false
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	idle := make(map[int]time.Duration)
	for cpu, c := range stat.CPU {
		idle[int(cpu)] = seconds(c.Idle + c.Iowait)
	}
	c := stat.CPUTotal
	return coreTimes{
		idle:   idle,
		busy:   seconds(c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ), // a guest's time is in the user's
		stolen: seconds(c.Steal),
	}, true
}

// pressure is for how long some task of this machine has been waiting for a core since boot (PSI, the line some of /proc/pressure/cpu,
// in microseconds). A kernel may have been built or booted without it.
func pressure() (time.Duration, bool) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, false
	}
	stats, err := proc.PSIStatsForResource("cpu")
	if err != nil || stats.Some == nil {
		return 0, false
	}
	return time.Duration(stats.Some.Total) * time.Microsecond, true
}

// runQueueWaits tells for each thread of a process how long it was runnable without a core (second and third field of schedstat).
func runQueueWaits(pid int) map[int]queued {
	waits := make(map[int]queued)
	folder := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	for _, thread := range threads {
		text, err := os.ReadFile(folder + "/" + thread.Name() + "/schedstat")
		if err != nil {
			continue // it has just ended
		}
		tid, _ := strconv.Atoi(thread.Name())
		if q, err := queuedOf(text); err == nil {
			waits[tid] = q
		}
	}
	return waits
}

// allowedCPUs are the cores that this process may use.
func allowedCPUs() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	var cpus []int
	for cpu := range len(set) * strconv.IntSize {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// pinProcess moves all threads of this process to cpus, so that the Go runtime's own threads leave the server's cores alone.
// A thread that begins meanwhile inherits its affinity from one that was or will be moved, so a second pass catches all.
func pinProcess(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	for range 2 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH { // ESRCH: it has just ended
				return fmt.Errorf("pin the load generator to cores %v: %w", cpus, err)
			}
		}
	}
	return nil
}

// descriptorLimit is how many descriptors this process may have, 0 if that is not known. The servers that it starts have the same limit.
func descriptorLimit() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur, math.MaxInt32))
}
