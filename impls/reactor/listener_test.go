package reactor

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// dial connects without waiting to be accepted; the descriptor is closed with the test.
func dial(t testing.TB, address string) int {
	t.Helper()
	where, err := resolve("tcp", address)
	check(t, err)
	fd, err := unix.Socket(where.family, unix.SOCK_STREAM, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	check(t, unix.Connect(fd, where.raw))
	check(t, unix.SetNonblock(fd, true))
	return fd
}

// Each connection is accepted once, with its peer's address, ready for use, on every family.
func TestA1Accept(t *testing.T) {
	addresses := map[string]string{"tcp": "127.0.0.1:0", "tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for network, address := range addresses {
			accepted := map[netip.AddrPort]int{}
			listener, err := b.Listen(network, address, func(fd int, peer netip.AddrPort) {
				accepted[peer]++
				checkAccepted(t, fd)
				unix.Close(fd)
			})
			check(t, err)
			if bound, err := netip.ParseAddrPort(listener.Addr()); err != nil || bound.Port() == 0 {
				t.Fatalf("address %q: %v", listener.Addr(), err)
			}
			const clients = 3 * acceptBudget / 2
			for range clients {
				dial(t, listener.Addr())
			}
			for turn := 0; len(accepted) < clients && turn < 1000; turn++ {
				turns(t, b, 1)
			}
			equal(t, "accepted", len(accepted), clients)
			for peer, n := range accepted {
				if n != 1 || !peer.Addr().IsLoopback() {
					t.Errorf("%v was accepted %d times", peer, n)
				}
			}
			listener.Close()
		}
		loop(t, b, 0, Empty)
	})
}

// Connections that are made and end, attempts that are refused, addresses that are in use and bases that come and go leave no descriptor open.
func TestA1C9NothingStaysOpen(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		serve := func(fd int, _ netip.AddrPort) { echo(b.NewBufferEvent(fd)) }
		var address string
		connect := func() {
			client := b.NewBufferEvent(-1)
			client.OnRead(client.Close)
			client.OnEvent(func(what Outcome) {
				if what != Connected {
					client.Close()
				}
			})
			check(t, client.Connect("tcp", address))
			client.Write([]byte("x"))
			client.Enable(Read)
			until(t, b, "the end of a connection", client.Closed)
		}
		before := 0
		for round := range 100 {
			listener, err := b.Listen("tcp", "127.0.0.1:0", serve)
			check(t, err)
			address = listener.Addr()
			connect()
			if _, err := b.Listen("tcp", address, serve); !errors.Is(err, unix.EADDRINUSE) {
				t.Fatalf("a second listener: %v", err)
			}
			listener.Close()
			connect() // is refused
			until(t, b, "the end of all", func() bool { return b.Pending() == 0 })
			other, err := New(WithBackend(b.Method()), WithoutEnv())
			check(t, err)
			_, err = other.Listen("tcp", "127.0.0.1:0", serve)
			check(t, err)
			check(t, other.Close())
			if round == 0 { // with what there is once
				before = openDescriptors()
			}
		}
		equal(t, "open descriptors", openDescriptors(), before)
	})
}

// openDescriptors is how many of the first few thousand numbers name something.
func openDescriptors() (n int) {
	for fd := range 4096 {
		if isOpen(fd) {
			n++
		}
	}
	return n
}

// checkAccepted: non-blocking, closed on exec, and without Nagle's delay.
func checkAccepted(t *testing.T, fd int) {
	if flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); flags&unix.O_NONBLOCK == 0 {
		t.Error("an accepted socket blocks")
	}
	if flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 {
		t.Error("an accepted socket outlives an exec")
	}
	if value, _ := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); value == 0 {
		t.Error("an accepted socket has Nagle's delay")
	}
}

// A turn takes no more than its budget of new connections.
func TestA1AcceptBudget(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		accepted := 0
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
			accepted++
			unix.Close(fd)
		})
		check(t, err)
		for range 2 * acceptBudget {
			dial(t, listener.Addr())
		}
		turns(t, b, 1)
		if accepted > acceptBudget {
			t.Errorf("%d accepted in one turn", accepted)
		}
		listener.Close()
	})
}

// A listener may be disabled or closed in its own callback; what was disabled goes on when it is enabled.
func TestA2DisableAndCloseInCallback(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var listener *Listener
		accepted := 0
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
			unix.Close(fd)
			if accepted++; accepted == 1 {
				listener.Disable()
			} else {
				listener.Close()
			}
		})
		check(t, err)
		for range 3 {
			dial(t, listener.Addr())
		}
		loop(t, b, 0, Empty)
		equal(t, "accepted until disabled", accepted, 1)
		check(t, listener.Enable())
		fd := listener.io.descriptor
		loop(t, b, 0, Empty)
		equal(t, "accepted until closed", accepted, 2)
		equal(t, "open", isOpen(int(fd)), false)
		check(t, listener.Enable()) // does nothing
		listener.Close()
	})
}

// Without descriptors the listener waits, without spinning, tells it once, and goes on when there are some again; and once more.
func TestA3OutOfDescriptors(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		accepted, told := 0, 0
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
			accepted++
			unix.Close(fd)
		})
		check(t, err)
		listener.OnError(func(err error) {
			if told++; !errors.Is(err, unix.EMFILE) {
				t.Errorf("told %v", err)
			}
		})
		for episode := 1; episode <= 3; episode++ {
			dial(t, listener.Addr())
			restore := withoutDescriptors(t)
			waits := v.waits
			begun := v.now
			for v.now-begun < moment(10*time.Second) {
				b.Loop(Once)
			}
			if n := v.waits - waits; n > 300 {
				t.Errorf("%d turns in 10 s without descriptors", n)
			}
			equal(t, "accepted without descriptors", accepted, episode-1)
			equal(t, "told", told, episode)
			restore()
			for accepted < episode {
				b.Loop(Once)
			}
		}
		listener.Close()
		loop(t, b, 0, Empty)
	})
}

// At the limit of descriptors, with connections that come and go, a shortage follows the other; they are told once a second at most, and
// one that lasts is told in the end.
func TestA3ShortagesAreToldSeldom(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		accepted, told := 0, 0
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
			accepted++
			unix.Close(fd)
		})
		check(t, err)
		listener.OnError(func(error) { told++ })
		for shortage := range 20 {
			dial(t, listener.Addr())
			restore := withoutDescriptors(t)
			for failed := b.Stats().AcceptWaits; b.Stats().AcceptWaits == failed; {
				b.Loop(Once)
			}
			restore()
			for accepted == shortage {
				b.Loop(Once)
			}
		}
		if passed := time.Duration(v.now); passed >= shortageSilence || told != 1 {
			t.Fatalf("told %d times of 20 shortages in %v", told, passed)
		}
		dial(t, listener.Addr())
		restore := withoutDescriptors(t)
		for v.now < moment(10*time.Second) {
			b.Loop(Once)
		}
		equal(t, "told of the shortage that lasts", told, 2)
		restore()
		listener.Close()
	})
}

// withoutDescriptors leaves the process none to open until restored.
func withoutDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	next, err := unix.Dup(0)
	check(t, err)
	unix.Close(next) // the lowest free number is now the limit
	low := old
	setLimit(&low.Cur, next)
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	restore = func() { check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old)) }
	t.Cleanup(restore)
	return restore
}

// setLimit sets a field that is signed on some systems.
func setLimit[T int64 | uint64](field *T, n int) { *field = T(n) }

// Disabling or closing a listener that waits for descriptors ends the waiting.
func TestA3CloseWhileWaitingForDescriptors(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		for _, end := range []func(*Listener){(*Listener).Disable, (*Listener).Close} {
			listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { t.Error("accepted") })
			check(t, err)
			listener.failed(unix.EMFILE)
			equal(t, "waits", listener.pause.Pending(Timeout), true)
			end(listener)
			loop(t, b, 0, Empty)
			listener.Close()
		}
	})
}

// The table of errors: what passes is passed over, what is used up is waited for, and the rest disables the listener and is told.
func TestA3AcceptReactions(t *testing.T) {
	for errno, want := range map[error]reaction{
		unix.EAGAIN: wait, unix.EINTR: retry, unix.ECONNABORTED: retry, unix.EPROTO: retry,
		unix.EMFILE: backOff, unix.ENFILE: backOff, unix.ENOBUFS: backOff, unix.ENOMEM: backOff,
		unix.EBADF: giveUp, unix.EINVAL: giveUp, unix.ENOTSOCK: giveUp, errors.New("strange"): giveUp,
	} {
		equal(t, errno.Error(), acceptReaction(errno), want)
	}
	b := newBase(t)
	listener, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
	check(t, err)
	var told error
	listener.OnError(func(err error) { told = err })
	listener.failed(unix.ECONNABORTED)
	equal(t, "listening after an aborted connection", listener.listening(), true)
	listener.failed(unix.EINVAL)
	equal(t, "listening after a fatal error", listener.listening(), false)
	if !errors.Is(told, unix.EINVAL) {
		t.Errorf("told %v", told)
	}
}

// A busy address is an error, and sharing a port is a matter of consent.
func TestA4BusyAddress(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		ignore := func(int, netip.AddrPort) {}
		first, err := b.Listen("tcp", "127.0.0.1:0", ignore)
		check(t, err)
		if _, err := b.Listen("tcp", first.Addr(), ignore); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("second listener: %v", err)
		}
		if _, err := b.Listen("tcp", first.Addr(), ignore, WithReusePort()); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("sharing without the first one's consent: %v", err)
		}
		shared, err := b.Listen("tcp", "127.0.0.1:0", ignore, WithReusePort())
		check(t, err)
		_, err = b.Listen("tcp", shared.Addr(), ignore, WithReusePort(), WithBacklog(1))
		check(t, err)
		for _, address := range []string{"127.0.0.1", "127.0.0.1:99999", "no such host.invalid:1"} {
			if _, err := b.Listen("tcp", address, ignore); err == nil {
				t.Errorf("no error for %q", address)
			}
		}
		if _, err := b.Listen("udp", "127.0.0.1:0", ignore); err == nil {
			t.Error("no error for udp")
		}
	})
}

// A port that was just in use can be listened at again at once.
func TestReuseAfterClose(t *testing.T) {
	b := newBase(t)
	listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { unix.Close(fd) }) // we close first: TIME_WAIT is ours
	check(t, err)
	client := dial(t, listener.Addr())
	for b.Stats().Accepted == 0 {
		turns(t, b, 1)
	}
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		if n, err := unix.Read(client, make([]byte, 1)); n == 0 && err == nil {
			break
		}
	}
	unix.Shutdown(client, unix.SHUT_WR)
	address := listener.Addr()
	listener.Close()
	again, err := b.Listen("tcp", address, func(int, netip.AddrPort) {})
	check(t, err)
	again.Close()
}

// A unix socket replaces a dead server's file, not a living one's, and not a file of another kind; it removes its own.
func TestA5UnixSocket(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		path := filepath.Join(t.TempDir(), "socket")
		ignore := func(int, netip.AddrPort) {}
		abandonSocket(t, path)

		accepted := 0
		listener, err := b.Listen("unix", path, func(fd int, peer netip.AddrPort) {
			accepted++
			equal(t, "peer", peer, netip.AddrPort{})
			unix.Close(fd)
		})
		check(t, err)
		equal(t, "address", listener.Addr(), path)
		client, err := net.Dial("unix", path)
		check(t, err)
		defer client.Close()
		turns(t, b, 1)
		equal(t, "accepted", accepted, 1)

		if _, err := b.Listen("unix", path, ignore); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("a living server's file: %v, want EADDRINUSE", err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Error("the attempt has removed the living server's file")
		}
		listener.Close()
		if _, err := os.Lstat(path); err == nil {
			t.Error("the file is still there after Close")
		}

		check(t, os.WriteFile(path, []byte("precious"), 0o600))
		if _, err := b.Listen("unix", path, ignore); err == nil {
			t.Error("a file of another kind was replaced")
		}
		if _, err := b.Listen("unix", path+"2", ignore, WithReusePort()); err == nil {
			t.Error("a unix socket with a shared port")
		}
	})
}

// abandonSocket leaves the file that a killed server leaves.
func abandonSocket(t *testing.T, path string) {
	t.Helper()
	fd, err := newSocket(unix.AF_UNIX)
	check(t, err)
	check(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	check(t, unix.Close(fd))
}

// Of several servers that start on an abandoned path at the same instant exactly one gets it, and is found there.
func TestA5UnixSocketHasOneHeir(t *testing.T) {
	const heirs = 8
	bases := make([]*Base, heirs)
	for i := range bases {
		bases[i] = newBase(t)
	}
	for range 30 {
		path := filepath.Join(t.TempDir(), "socket")
		abandonSocket(t, path)
		var listeners [heirs]*Listener
		var starting sync.WaitGroup
		for i, b := range bases {
			starting.Go(func() {
				var err error
				listeners[i], err = b.Listen("unix", path, func(fd int, _ netip.AddrPort) { unix.Close(fd) })
				if err != nil && !errors.Is(err, unix.EADDRINUSE) {
					t.Error(err)
				}
			})
		}
		starting.Wait()
		client, err := net.Dial("unix", path)
		check(t, err)
		client.Close()
		listening, reached := 0, 0
		for i, listener := range listeners {
			if listener == nil {
				continue
			}
			listening++
			before := bases[i].Stats().Accepted
			turns(t, bases[i], 1)
			reached += int(bases[i].Stats().Accepted - before)
			listener.Close()
		}
		if listening != 1 || reached == 0 { // the others have knocked too, to see whether anybody is there
			t.Fatalf("%d servers believe to listen; reached %d times", listening, reached)
		}
	}
}

// While another server is about to take the path, nobody looks whether it is abandoned; who holds the lock for good is named.
func TestA5UnixSocketWaitsForTheLock(t *testing.T) {
	b := newBase(t)
	directory := t.TempDir()
	path := filepath.Join(directory, "socket")
	abandonSocket(t, path)
	unlock, err := lockDirectory(directory)
	check(t, err)
	ignore := func(int, netip.AddrPort) {}
	if _, err := b.Listen("unix", path, ignore); !errors.Is(err, unix.EWOULDBLOCK) || !strings.Contains(err.Error(), directory) {
		t.Errorf("under a foreign lock: %v", err)
	}
	unlock()
	listener, err := b.Listen("unix", path, ignore)
	check(t, err)
	listener.Close()
}

// A successor's file is not removed by its predecessor.
func TestA5UnixSocketOfASuccessor(t *testing.T) {
	b := newBase(t)
	path := filepath.Join(t.TempDir(), "socket")
	ignore := func(int, netip.AddrPort) {}
	listener, err := b.Listen("unix", path, ignore)
	check(t, err)
	check(t, os.Rename(path, path+".old"))
	successor, err := b.Listen("unix", path, ignore)
	check(t, err)
	listener.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error("the successor's file is gone")
	}
	successor.Close()
}

// Accepting allocates nothing, so that a connection costs what the program makes of it.
func TestAcceptAllocatesNothing(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) { unix.Close(fd) })
		check(t, err)
		where, err := resolve("tcp", listener.Addr())
		check(t, err)
		accepted := func() uint64 { return b.stats.Accepted }
		n := testing.AllocsPerRun(50, func() {
			fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			unix.Connect(fd, where.raw)
			for before := accepted(); accepted() == before; {
				b.Loop(NonBlock)
			}
			unix.Close(fd)
		})
		if n > 1 { // Connect's own
			t.Errorf("%v allocations a connection", n)
		}
		listener.Close()
	})
}

// When the base closes, so does the listener, even a disabled one.
func TestCloseOfTheBaseClosesListeners(t *testing.T) {
	for _, method := range backend.Methods() {
		b, err := New(WithBackend(method), WithoutEnv())
		check(t, err)
		listener, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
		check(t, err)
		listener.Disable()
		fd := int(listener.io.descriptor)
		check(t, b.Close())
		equal(t, "open", isOpen(fd), false)
	}
}
