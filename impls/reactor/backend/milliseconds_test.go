package backend

import (
	"math"
	"testing"
	"time"
)

// Where a method counts milliseconds a wait is longer than asked for, never shorter.
func TestMillisecondsRoundUp(t *testing.T) {
	for timeout, want := range map[time.Duration]int{
		-1: -1, 0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2,
		30 * 24 * time.Hour: math.MaxInt32, math.MaxInt64: math.MaxInt32,
	} {
		if got := milliseconds(timeout); got != want {
			t.Errorf("milliseconds(%v) = %d, want %d", timeout, got, want)
		}
	}
}

// No kernel is asked to wait for longer than it can count: the loop wakes after three years, and waits again.
func TestKernelTimeoutIsBounded(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		-1: -1, 0: 0, 1: 1, time.Hour: time.Hour, longestWait: longestWait, math.MaxInt64: longestWait,
	} {
		if got := kernelTimeout(timeout); got != want {
			t.Errorf("kernelTimeout(%v) = %v, want %v", timeout, got, want)
		}
	}
	if longestWait/time.Second > math.MaxInt32 {
		t.Error("a count of seconds in 32 bits cannot hold the longest wait")
	}
}
