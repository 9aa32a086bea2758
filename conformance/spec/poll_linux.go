package spec

import (
	"time"

	"golang.org/x/sys/unix"
)

// pollFor waits for one of the descriptors for so long, to the nanosecond: poll knows only whole milliseconds, and who asks it for
// less asks again and again.
func pollFor(fds []unix.PollFd, d time.Duration) (int, error) {
	limit := unix.NsecToTimespec(d.Nanoseconds())
	return unix.Ppoll(fds, &limit, nil)
}
