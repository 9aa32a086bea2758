package backend

import (
	"math"
	"time"
)

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
