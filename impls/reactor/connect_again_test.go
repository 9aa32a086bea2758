package reactor

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// A bufferevent that had a connection connects again.
func TestConnectAfterSetFD(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		address, accepted := listening(t, b)
		bev := b.NewBufferEvent(-1)
		for round := range 3 {
			connected := false
			bev.OnEvent(func(what Outcome) {
				equal(t, "outcome", what, Connected)
				connected = true
			})
			check(t, bev.Connect("tcp", address))
			until(t, b, "connected", func() bool { return connected && len(*accepted) > round })
			bev.Enable(Read)
			bev.Write([]byte("hello"))
			peer := (*accepted)[round]
			text := ""
			until(t, b, "the bytes", func() bool { text += content(peer); return len(text) == 5 })
			check(t, bev.SetFD(-1))
		}
		bev.Close()
	})
}

func listening(t *testing.T, b *Base) (address string, accepted *[]int) {
	accepted = new([]int)
	l, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { *accepted = append(*accepted, fd) })
	check(t, err)
	t.Cleanup(func() {
		for _, fd := range *accepted {
			unix.Close(fd)
		}
	})
	return l.Addr(), accepted
}

// A bufferevent on a pipe goes on with a socket.
func TestSetFDFromPipeToSocket(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		in := make([]int, 2)
		check(t, unix.Pipe(in))
		check(t, unix.SetNonblock(in[0], true))
		defer unix.Close(in[1])
		bev := b.NewBufferEvent(in[0])
		got := take(bev)
		write(t, in[1], "hello")
		until(t, b, "through a pipe", func() bool { return got.String() == "hello" })
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		defer unix.Close(fds[1])
		check(t, unix.SetNonblock(fds[0], true))
		check(t, bev.SetFD(fds[0]))
		bev.Enable(Read)
		write(t, fds[1], ", world")
		until(t, b, "through a socket", func() bool { return got.String() == "hello, world" })
		bev.Close()
	})
}
