package reactor

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// A listener whose descriptor was closed behind its back, and whose number a bufferevent has now, listens no more and costs nothing.
func TestListenerReplacedByABufferEvent(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		l, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) { t.Error("accepted") })
		check(t, err)
		turns(t, b, 1)
		at := int(l.io.descriptor)
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		check(t, unix.Dup2(fds[0], at))
		check(t, unix.SetNonblock(at, true))
		unix.Close(fds[0])
		defer unix.Close(fds[1])
		bev := b.NewBufferEvent(at)
		turns(t, b, 5)
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		check(t, err)
		defer unix.Close(s)
		where, err := resolve("tcp", l.Addr())
		check(t, err)
		equal(t, "connecting", unix.Connect(s, where.raw), error(unix.ECONNREFUSED))
		before := b.Stats().Stale
		turns(t, b, 20)
		if stale := b.Stats().Stale - before; stale > 3 {
			t.Errorf("%d wake-ups for nobody", stale)
		}
		bev.Close()
	})
}
