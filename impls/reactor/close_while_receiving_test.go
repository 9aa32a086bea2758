package reactor

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// A peer that sends while it is being answered gets the answer, and no reset, also if its bytes come at the last moment.
func TestCloseAfterFlushWhileThePeerSends(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var bev *BufferEvent
		l, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { bev = b.NewBufferEvent(fd) })
		check(t, err)
		peer, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		check(t, err)
		defer unix.Close(peer)
		where, err := resolve("tcp", l.Addr())
		check(t, err)
		check(t, unix.Connect(peer, where.raw))
		until(t, b, "a connection", func() bool { return bev != nil })
		bev.Enable(Read)
		bev.OnWrite(func() {
			write(t, peer, "more")
			bev.CloseAfterFlush()
		})
		turns(t, b, 2)
		bev.Write([]byte("answer"))
		turns(t, b, 5)
		unix.Write(peer, []byte("and more"))
		turns(t, b, 5)
		unix.Write(peer, []byte("and more"))
		equal(t, "answer", read(t, peer), "answer")
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		until(t, b, "closed", bev.Closed)
		l.Close()
	})
}
