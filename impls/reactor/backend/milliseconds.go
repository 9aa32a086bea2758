package backend

import (
	"math"
	"time"
)

// longestWait is the longest timeout that every kernel takes, three years: OpenBSD and macOS refuse more with EINVAL, and a count of
// seconds in 32 bits would turn negative. A loop that is woken after three years waits again.
const longestWait = 100_000_000 * time.Second

// kernelTimeout cuts a timeout to what a kernel takes. Below 0 it stays what it is, for ever.
func kernelTimeout(timeout time.Duration) time.Duration { return min(timeout, longestWait) }

// milliseconds rounds up, keeps "for ever" as -1 and stays within the kernel's int (24 days).
func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	ms := timeout / time.Millisecond
	if timeout%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, math.MaxInt32))
}
