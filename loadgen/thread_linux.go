package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// threadClocks reads what the calling thread has cost. It belongs to the thread that opened it.
type threadClocks struct{ schedstat int }

func (t *threadClocks) open() (err error) {
	if t.schedstat, err = unix.Open("/proc/thread-self/schedstat", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("/proc/thread-self/schedstat: %w", err)
	}
	return nil
}

func (t *threadClocks) close() { unix.Close(t.schedstat) }

// read returns the thread's processor time and how long it was runnable without a core (second field of schedstat;
// both in nanoseconds, counted by the scheduler, not in ticks).
func (t *threadClocks) read() (cpu, wait time.Duration, err error) {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		return 0, 0, fmt.Errorf("clock_gettime(CLOCK_THREAD_CPUTIME_ID): %w", err)
	}
	var text [128]byte
	n, err := unix.Pread(t.schedstat, text[:], 0)
	if err != nil {
		return 0, 0, fmt.Errorf("schedstat: %w", err)
	}
	wait, err = waitOf(text[:n])
	return time.Duration(spent.Nano()), wait, err
}

// waitOf reads the second of schedstat's three fields.
func waitOf(schedstat []byte) (time.Duration, error) {
	fields := bytes.Fields(schedstat)
	if len(fields) < 2 {
		return 0, fmt.Errorf("schedstat has %d fields, not 3", len(fields))
	}
	ns, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return time.Duration(ns), err
}

// pinThread keeps the calling thread on one core; -1 leaves it free.
func pinThread(cpu int) error {
	if cpu < 0 {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin the engine to core %d: %w", cpu, err)
	}
	return nil
}
