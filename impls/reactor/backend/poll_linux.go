package backend

import (
	"time"

	"golang.org/x/sys/unix"
)

// pollReadHangup is POLLRDHUP: the peer has shut down its sending half. Of the systems here only Linux has it for certain.
const pollReadHangup = 0x2000

// waitPoll is ppoll, which counts nanoseconds.
func waitPoll(list []unix.PollFd, timeout time.Duration) (int, error) {
	if timeout < 0 {
		return unix.Ppoll(list, nil, nil)
	}
	limit := unix.NsecToTimespec(int64(kernelTimeout(timeout)))
	return unix.Ppoll(list, &limit, nil)
}
