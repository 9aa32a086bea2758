//go:build linux

package backend

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The bitmaps reach to the highest registered descriptor and no further, far beyond FD_SETSIZE and back.
func TestSelectBitmapsFollowTheHighest(t *testing.T) {
	s := &selector{}
	fds := make([]int, 2)
	if err := unix.Pipe(fds); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	const high = 5000
	if err := unix.Dup2(fds[1], high); err != nil {
		t.Skipf("no descriptor %d: %v", high, err)
	}
	defer unix.Close(high)
	for _, step := range []struct {
		fd       int
		old, new What
		words    int
	}{
		{fds[0], 0, Read, fds[0]/wordBits + 1}, {high, 0, Write, high/wordBits + 1}, {fds[0], Read, 0, high/wordBits + 1},
		{fds[0], 0, Read, high/wordBits + 1}, {high, Write, 0, fds[0]/wordBits + 1}, {fds[0], Read, 0, 0},
	} {
		if err := s.Set(step.fd, 1, step.old, step.new); err != nil {
			t.Fatal(err)
		}
		if got := len(s.wanted.read); got != step.words || len(s.wanted.write) != got {
			t.Fatalf("descriptor %d from %v to %v: %d words, want %d", step.fd, step.old, step.new, got, step.words)
		}
	}
}
