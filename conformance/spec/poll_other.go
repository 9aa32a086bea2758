//go:build !linux

package spec

import (
	"time"

	"golang.org/x/sys/unix"
)

// pollFor waits for one of the descriptors for so long, in whole milliseconds, rounded up.
func pollFor(fds []unix.PollFd, d time.Duration) (int, error) {
	return unix.Poll(fds, int((d + time.Millisecond - 1).Milliseconds()))
}
