//go:build unix && !linux

package backend

import (
	"time"

	"golang.org/x/sys/unix"
)

const pollReadHangup = 0

// waitPoll is poll, whose timeout is rounded up to milliseconds: late is allowed, early is not.
func waitPoll(list []unix.PollFd, timeout time.Duration) (int, error) {
	return unix.Poll(list, milliseconds(timeout))
}
