package spec

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPollingForLessThanAMillisecond waits, too: whoever asks for less than poll can count would otherwise ask without end.
func TestPollingForLessThanAMillisecond(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	fds := []unix.PollFd{{Fd: int32(pipe[0]), Events: unix.POLLIN}}
	const wait = 300 * time.Microsecond
	began := time.Now()
	if n, err := pollFor(fds, wait); n != 0 || err != nil && err != unix.EINTR || err == nil && time.Since(began) < wait {
		t.Errorf("an empty pipe: %d ready after %v, %v", n, time.Since(began), err)
	}
	unix.Write(pipe[1], []byte{1})
	if n, err := pollFor(fds, time.Hour); n != 1 || err != nil {
		t.Errorf("a pipe with a byte: %d ready, %v", n, err)
	}
}
