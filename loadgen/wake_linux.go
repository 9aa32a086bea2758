package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	wakeBatches = 100                   // of which the cheapest counts: whatever else runs here only adds to it
	wakeBatch   = 20                    // wake-ups: short, so that one of them falls between the turns of a stranger
	wakeEvery   = 50 * time.Microsecond // as often as in 20 000 requests a second; a core that sleeps for longer takes longer to wake

	// A stranger on the core costs a wake-up a time slice of the scheduler's, a millisecond or more. What is beyond this, even in the
	// cheapest of the batches, is no property of the machine.
	dearestWake = 10 * time.Microsecond
)

// wakeCost is how long a thread that sleeps on one core is runnable before it runs, when a thread on another core has woken it and nobody
// else is there: the waker's interrupt, and the core's own awakening, for which a virtual machine needs its host. A server in open
// loop pays that for nearly every request, and it is no sign of a stranger on its core. It is sliceCosts where it cannot be told.
func wakeCost(sleeper, waker int) (time.Duration, error) {
	bell, err := unix.Eventfd(0, unix.EFD_SEMAPHORE|unix.EFD_CLOEXEC)
	if err != nil {
		return sliceCosts, fmt.Errorf("eventfd: %w", err)
	}
	defer unix.Close(bell)
	rung, slept := make(chan error, 1), make(chan error, 1)
	cost := dearestWake
	go func() { rung <- toll(bell, waker) }()
	go func() { slept <- sleepThrough(bell, sleeper, &cost) }()
	if err := errors.Join(<-rung, <-slept); err != nil || cost == dearestWake {
		return sliceCosts, err
	}
	return max(cost, sliceCosts), nil
}

// toll must have a goroutine of its own, whose thread ends with it. It rings as often as the sleeper counts on, also where it cannot be pinned.
func toll(bell, cpu int) error {
	runtime.LockOSThread()
	failed := pinThread(cpu)
	one := binary.NativeEndian.AppendUint64(nil, 1)
	next := clock()
	for range wakeBatches * wakeBatch {
		for next += int64(wakeEvery); clock() < next; {
		}
		if _, err := unix.Write(bell, one); err != nil {
			return fmt.Errorf("write to an eventfd: %w", err)
		}
	}
	return failed
}

// sleepThrough must have a goroutine of its own, too. A batch in which it was mostly awake, since somebody kept it from sleeping, says nothing.
func sleepThrough(bell, cpu int, cheapest *time.Duration) error {
	runtime.LockOSThread()
	var clocks threadClocks
	if err := errors.Join(pinThread(cpu), clocks.open()); err != nil {
		return err
	}
	defer clocks.close()
	before, err := clocks.read()
	for batch := 0; batch < wakeBatches && err == nil; batch++ {
		if err = hear(bell, wakeBatch); err != nil {
			return err
		}
		var now readOut
		now, err = clocks.read()
		if slices := now.slices - before.slices; slices > wakeBatch/2 {
			*cheapest = min(*cheapest, (now.wait-before.wait)/time.Duration(slices))
		}
		before = now
	}
	return err
}

// hear sleeps until the bell has rung n times.
func hear(bell, n int) error {
	var one [8]byte
	for range n {
		if _, err := unix.Read(bell, one[:]); err != nil && err != unix.EINTR {
			return fmt.Errorf("read from an eventfd: %w", err)
		}
	}
	return nil
}
