package reactor

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	burstPeers  = 256
	burstRounds = 10
	burstMost   = burstPeers * burstRounds / 100 // allocations: the runtime itself may make a few
)

// Where all send at once, a loop of completion has many messages under way at once. What they are kept in meanwhile is used
// again. Messages that need a large chunk each are more than the pool keeps; that is the control, where they are under way at once.
func TestEchoesAtOnceAllocateNothing(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		peers := echoingPeers(t, b, burstPeers)
		for _, bytes := range []int{64, 1000} {
			if n := allocationsAtOnce(t, b, peers, bytes); n > burstMost {
				t.Errorf("%d allocations in %d rounds of %d echoes of %d bytes", n, burstRounds, burstPeers, bytes)
			}
		}
		if n := allocationsAtOnce(t, b, peers, 3000); b.completion != nil && n <= burstMost {
			t.Errorf("%d allocations although the pool keeps %d chunks for %d messages", n, poolKeeps, burstPeers)
		}
		for _, fd := range peers {
			unix.Close(fd)
		}
		loop(t, b, 0, Empty)
	})
}

// allocationsAtOnce is how many objects are allocated while all peers send, the loop echoes, and they receive, again and again.
func allocationsAtOnce(t *testing.T, b *Base, peers []int, bytes int) uint64 {
	message, p := make([]byte, bytes), make([]byte, bytes)
	for range 3 { // until all that is made once is there; in the first round new connections take turns with few buffers
		echoAtOnce(t, b, peers, message, p)
	}
	before := mallocs()
	for range burstRounds {
		echoAtOnce(t, b, peers, message, p)
	}
	return mallocs() - before
}

func echoAtOnce(t *testing.T, b *Base, peers []int, message, p []byte) {
	t.Helper()
	for _, fd := range peers {
		if n, err := unix.Write(fd, message); n != len(message) {
			t.Fatalf("sent %d bytes: %v", n, err)
		}
	}
	begun := time.Now()
	for _, fd := range peers {
		got := 0
		for got < len(message) && time.Since(begun) < soon {
			n, _ := unix.Read(fd, p)
			if got += max(0, n); n <= 0 {
				turns(t, b, 1)
			}
		}
		if got != len(message) {
			t.Fatalf("an echo of %d bytes", got)
		}
	}
	turns(t, b, 1) // the ends of the last sends
}

// echoingPeers are the other ends of n connections that echo.
func echoingPeers(t *testing.T, b *Base, n int) []int {
	t.Helper()
	var peers []int
	for range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		check(t, errors.Join(unix.SetNonblock(fds[0], true), unix.SetNonblock(fds[1], true)))
		bev := b.NewBufferEvent(fds[0])
		bev.SetTimeouts(time.Minute, time.Minute)
		bev.SetCallbacks(echoes)
		bev.Enable(Read)
		peers = append(peers, fds[1])
	}
	return peers
}
