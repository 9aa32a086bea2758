package main

import (
	"bytes"
	"errors"
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

// A readOut is what threadClocks show, since the thread began.
type readOut struct {
	cpu time.Duration
	queued
}

// read is accurate to nanoseconds: the scheduler counts, not a tick.
func (t *threadClocks) read() (readOut, error) {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		return readOut{}, fmt.Errorf("clock_gettime(CLOCK_THREAD_CPUTIME_ID): %w", err)
	}
	var text [128]byte
	n, err := unix.Pread(t.schedstat, text[:], 0)
	if err != nil {
		return readOut{}, fmt.Errorf("schedstat: %w", err)
	}
	q, err := queuedOf(text[:n])
	return readOut{time.Duration(spent.Nano()), q}, err
}

// queuedOf reads the second and third of schedstat's three fields.
func queuedOf(schedstat []byte) (queued, error) {
	fields := bytes.Fields(schedstat)
	if len(fields) < 3 {
		return queued{}, fmt.Errorf("schedstat has %d fields, not 3", len(fields))
	}
	ns, err := strconv.ParseInt(string(fields[1]), 10, 64)
	slices, err2 := strconv.ParseInt(string(fields[2]), 10, 64)
	return queued{time.Duration(ns), slices}, errors.Join(err, err2)
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
