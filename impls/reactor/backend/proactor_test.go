//go:build unix

package backend_test

import (
	"bytes"
	"errors"
	"maps"
	"runtime"
	"testing"
	"time"
	"unsafe"
	"weak"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// A second suite, for the methods that also do the work: the contract of Proactor as a program.

func eachProactor(t *testing.T, test func(t *testing.T, p *proactor)) {
	found := false
	for _, name := range backend.Methods() {
		t.Run(name, func(t *testing.T) {
			b := open(t, name)
			defer b.Close()
			if p, ok := b.(backend.Proactor); ok {
				found = true
				test(t, &proactor{Proactor: p, ready: make([]backend.Ready, 8)})
			}
		})
	}
	if !found && runtime.GOOS == "linux" {
		t.Skip("no method here is a Proactor, or the system refuses it")
	}
}

// proactor takes what the operations come to, for one test.
type proactor struct {
	backend.Proactor
	ready []backend.Ready
	queue []backend.Ready
}

// next returns the next Ready of op; those of others wait.
func (p *proactor) next(t *testing.T, op *backend.Op) backend.Ready {
	t.Helper()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		for i, r := range p.queue {
			if r.Op == op {
				p.queue = append(p.queue[:i], p.queue[i+1:]...)
				return r
			}
		}
		n, err := p.Wait(p.ready, soon)
		check(t, err)
		p.queue = append(p.queue, p.ready[:n]...)
	}
	t.Fatal("the operation came to nothing")
	return backend.Ready{}
}

// last returns the Ready that gives op back, and drops the others.
func (p *proactor) last(t *testing.T, op *backend.Op) backend.Ready {
	t.Helper()
	for {
		r := p.next(t, op)
		if r.Buffer != 0 || r.N > 0 {
			p.drop(r)
		}
		if !r.More {
			return r
		}
	}
}

func (p *proactor) drop(r backend.Ready) {
	if r.N > 0 {
		p.Release(r.Buffer)
	}
}

// take receives n bytes.
func (p *proactor) take(t *testing.T, op *backend.Op, n int) (got []byte) {
	t.Helper()
	for len(got) < n {
		r := p.next(t, op)
		if r.N <= 0 || !r.More {
			t.Fatalf("after %d of %d bytes: %+v", len(got), n, r)
		}
		got = append(got, p.Buffer(r)...)
		p.Release(r.Buffer)
	}
	return got
}

// nothing fails if there is anything to be told.
func (p *proactor) nothing(t *testing.T) {
	t.Helper()
	n, err := p.Wait(p.ready, 0)
	check(t, err)
	if p.queue = append(p.queue, p.ready[:n]...); len(p.queue) > 0 {
		t.Fatalf("%+v came", p.queue)
	}
}

// blockingPair returns two connected sockets that block, as a Proactor wants them.
func blockingPair(t *testing.T) (int, int) {
	a, peer := pair(t)
	check(t, unix.SetNonblock(a, false))
	return a, peer
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

func TestProactorAccepts(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		listener := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
		check(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
		check(t, unix.Listen(listener, 8))
		address := must(unix.Getsockname(listener))(t)
		var accept backend.Op
		check(t, p.Accept(&accept, listener))
		for range 3 { // by one operation, and the clients' side by three
			var connect backend.Op
			client := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
			check(t, p.Connect(&connect, client, address))
			if r := p.next(t, &connect); r.N != 0 || r.More {
				t.Fatalf("connect: %+v", r)
			}
			r := p.next(t, &accept)
			if r.N < 0 || !r.More {
				t.Fatalf("accept: %+v", r)
			}
			if flags := must(unix.FcntlInt(uintptr(r.N), unix.F_GETFL, 0))(t); flags&unix.O_NONBLOCK == 0 {
				t.Error("an accepted descriptor blocks")
			}
			unix.Write(client, []byte("x"))
			token := backend.NewToken(r.N, 1)
			check(t, p.Set(r.N, token, 0, read)) // and readiness is told beside it
			expect(t, wait(t, p, all, soon), token, read)
			check(t, p.Set(r.N, token, read, 0))
			check(t, unix.Close(r.N))
			check(t, unix.Close(client))
		}
		check(t, p.Cancel(&accept))
		if r := p.last(t, &accept); r.N != -int(unix.ECANCELED) {
			t.Fatalf("cancelled accept: %+v", r)
		}
		check(t, unix.Close(listener))
		var refused backend.Op
		client := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
		defer unix.Close(client)
		check(t, p.Connect(&refused, client, address))
		if r := p.next(t, &refused); r.N != -int(unix.ECONNREFUSED) || r.More {
			t.Fatalf("connect to nobody: %+v", r)
		}
	})
}

func TestProactorConnectsByEveryFamily(t *testing.T) {
	path := t.TempDir() + "/socket"
	addresses := []unix.Sockaddr{
		&unix.SockaddrInet6{Addr: [16]byte{15: 1}},
		&unix.SockaddrUnix{Name: path},
	}
	if runtime.GOOS == "linux" {
		addresses = append(addresses, &unix.SockaddrUnix{Name: "@" + path})
	}
	eachProactor(t, func(t *testing.T, p *proactor) {
		for _, address := range addresses {
			family := unix.AF_UNIX
			if _, ok := address.(*unix.SockaddrInet6); ok {
				family = unix.AF_INET6
			}
			listener := must(unix.Socket(family, unix.SOCK_STREAM, 0))(t)
			if err := unix.Bind(listener, address); err == unix.EADDRNOTAVAIL {
				t.Log("no IPv6 here")
				continue
			} else {
				check(t, err)
			}
			check(t, unix.Listen(listener, 1))
			var connect backend.Op
			client := must(unix.Socket(family, unix.SOCK_STREAM, 0))(t)
			check(t, p.Connect(&connect, client, must(unix.Getsockname(listener))(t)))
			if r := p.next(t, &connect); r.N != 0 {
				t.Fatalf("connect to %+v: %+v", address, r)
			}
			check(t, unix.Close(client))
			check(t, unix.Close(listener))
			unix.Unlink(path)
		}
		var none backend.Op
		if err := p.Connect(&none, 0, &unix.SockaddrUnix{Name: string(make([]byte, 200))}); err == nil || none.UnderWay() {
			t.Errorf("an address that is too long: %v", err)
		}
	})
}

// A connection gets all bytes in their order by one operation, and then the end of the stream.
func TestProactorReceives(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		var receive backend.Op
		check(t, p.Receive(&receive, a))
		p.nothing(t)
		if err := p.Receive(&receive, a); !errors.Is(err, backend.ErrUnderWay) || !receive.UnderWay() {
			t.Fatalf("a second time: %v", err)
		}
		for _, size := range []int{1, 100, 70_000} {
			sent := pattern(size)
			go func() {
				for rest := sent; len(rest) > 0; {
					if n, err := unix.Write(peer, rest); err == nil {
						rest = rest[n:]
					}
				}
			}()
			if got := p.take(t, &receive, size); !bytes.Equal(got, sent) {
				t.Fatalf("%d bytes arrived damaged", size)
			}
		}
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		if r := p.next(t, &receive); r.N != 0 || r.More || receive.UnderWay() {
			t.Fatalf("end of the stream: %+v", r)
		}
		p.nothing(t)
	})
}

// starving is what receives can do no more for: all buffers are in the owner's hands.
type starving struct {
	receives    [40]backend.Op
	held        []uint16
	wanted, got map[*backend.Op]int // bytes
}

func starve(t *testing.T, p *proactor) *starving {
	t.Helper()
	s := &starving{wanted: map[*backend.Op]int{}, got: map[*backend.Op]int{}}
	chunk := pattern(1 << 16)
	for i := range s.receives { // more in all than there are buffers
		receive := &s.receives[i]
		a, peer := blockingPair(t)
		check(t, unix.SetsockoptInt(peer, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20))
		check(t, p.Receive(receive, a))
		for s.wanted[receive] < 2<<20 {
			n, err := unix.Write(peer, chunk)
			if err != nil {
				break
			}
			s.wanted[receive] += n
			_, err = p.Wait(nil, 0)
			check(t, err)
		}
	}
	for idle := 0; idle < 3; idle++ { // until no more comes
		n, err := p.Wait(p.ready, 20*time.Millisecond)
		check(t, err)
		for _, r := range p.ready[:n] {
			s.held = append(s.held, r.Buffer)
			s.got[r.Op] += received(t, r)
			idle = 0
		}
	}
	t.Logf("%d buffers were held", len(s.held))
	return s
}

// Memory that was exchanged is the owner's: what comes later comes elsewhere.
func TestProactorExchangesMemory(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		var receive backend.Op
		check(t, p.Receive(&receive, a))
		var kept [][]byte
		for round := range 300 { // each buffer comes up more than once
			must(unix.Write(peer, []byte{byte(round), byte(round >> 8)}))(t)
			r := p.next(t, &receive)
			kept = append(kept, p.Buffer(r))
			p.Exchange(r.Buffer, make([]byte, cap(p.Buffer(r))))
		}
		for round, got := range kept {
			if want := []byte{byte(round), byte(round >> 8)}; !bytes.Equal(got, want) {
				t.Fatalf("what was kept in round %d is %v by now, not %v", round, got, want)
			}
		}
	})
}

// Whoever forgets a Proactor without closing it loses descriptors, and nothing worse: the kernel goes on writing into its buffers, so
// their memory must not become somebody else's. After Close it may.
func TestProactorIsForgotten(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		memory, op := forget(t, p.Name())
		runtime.GC()
		if memory.Value() == nil {
			t.Fatal("the memory into which the kernel receives was freed")
		}
		check(t, op.Value().Owner.(backend.Proactor).Close())
		runtime.GC()
		if memory.Value() != nil {
			t.Error("the memory is kept after Close")
		}
	})
}

// forget leaves a Proactor behind that receives, and returns where it does so, and what Owner knows it.
func forget(t *testing.T, method string) (weak.Pointer[byte], weak.Pointer[backend.Op]) {
	p := &proactor{Proactor: open(t, method).(backend.Proactor), ready: make([]backend.Ready, 8)}
	a, peer := blockingPair(t)
	receive := &backend.Op{Owner: p.Proactor}
	check(t, p.Receive(receive, a))
	must(unix.Write(peer, []byte("x")))(t)
	r := p.next(t, receive)
	memory := weak.Make(unsafe.SliceData(p.Buffer(r)))
	p.Release(r.Buffer)
	return memory, weak.Make(receive)
}

// With all buffers in the owner's hands the kernel can receive nothing; when they come back it goes on, and no byte is lost.
func TestProactorRunsOutOfBuffers(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		s := starve(t, p)
		for _, buffer := range s.held {
			p.Release(buffer)
		}
		for !maps.Equal(s.got, s.wanted) {
			n, err := p.Wait(p.ready, soon)
			check(t, err)
			if n == 0 {
				t.Fatalf("receiving has stopped at %v, of %v", s.got, s.wanted)
			}
			for _, r := range p.ready[:n] {
				p.Release(r.Buffer)
				s.got[r.Op] += received(t, r)
			}
		}
	})
}

// A receive that waits for a buffer is given back when it is cancelled, as any other: once, and ready for use.
func TestProactorCancelsTheStarved(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		s := starve(t, p)
		for i := range s.receives {
			check(t, p.Cancel(&s.receives[i]))
			check(t, p.Cancel(&s.receives[i]))
		}
		for i := range s.receives {
			receive := &s.receives[i]
			if r := p.last(t, receive); r.N != -int(unix.ECANCELED) || receive.UnderWay() {
				t.Fatalf("cancelled while it waits for a buffer: %+v", r)
			}
		}
		p.nothing(t)

		for _, buffer := range s.held {
			p.Release(buffer)
		}
		a, peer := blockingPair(t)
		check(t, p.Receive(&s.receives[0], a))
		must(unix.Write(peer, []byte("hello")))(t)
		if got := string(p.take(t, &s.receives[0], 5)); got != "hello" {
			t.Errorf("received %q afterwards", got)
		}
	})
}

// received is how many bytes came, of a receive that goes on.
func received(t *testing.T, r backend.Ready) int {
	t.Helper()
	if r.N <= 0 || !r.More {
		t.Fatalf("%+v", r)
	}
	return r.N
}

// Bytes from one place, from several, more than the kernel takes at once, and to somebody who has gone.
func TestProactorSends(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		var send backend.Op
		message := pattern(3000)
		for _, extents := range [][][]byte{{message}, {message[:1], message[1:1000], message[1000:]}} {
			check(t, p.Send(&send, a, extents))
			if r := p.next(t, &send); r.N != len(message) || r.More {
				t.Fatalf("send: %+v", r)
			}
			got := make([]byte, 4000)
			if n, err := unix.Read(peer, got); n != len(message) || !bytes.Equal(got[:n], message) {
				t.Fatalf("%d bytes arrived, %v", n, err)
			}
		}
		big := pattern(8 << 20)
		for rest := big; len(rest) > 0; { // the peer reads only when a send is under way
			check(t, p.Send(&send, a, [][]byte{rest}))
			for send.UnderWay() {
				n, err := p.Wait(p.ready, time.Millisecond)
				check(t, err)
				if n > 0 {
					if p.ready[0].N <= 0 {
						t.Fatalf("%+v", p.ready[0])
					}
					rest = rest[p.ready[0].N:]
				}
				for q := make([]byte, 1<<16); ; {
					if n, err := unix.Read(peer, q); n <= 0 || err != nil {
						break
					}
				}
			}
		}
		check(t, unix.Shutdown(peer, unix.SHUT_RD))
		check(t, p.Send(&send, a, [][]byte{message}))
		if r := p.next(t, &send); r.N != -int(unix.EPIPE) || r.More {
			t.Fatalf("send to nobody: %+v", r)
		}
	})
}

// Many sends from several places at once: more than fit beside the ring before they have to be handed over.
func TestProactorSendsManyAtOnce(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		const connections = 200
		var sends [connections]backend.Op
		var peers [connections]int
		message := pattern(128)
		extents := make([][]byte, 128)
		for i := range extents {
			extents[i] = message[i : i+1]
		}
		for i := range sends {
			var a int
			a, peers[i] = blockingPair(t)
			check(t, p.Send(&sends[i], a, extents))
		}
		for i := range sends {
			if r := p.next(t, &sends[i]); r.N != len(message) {
				t.Fatalf("send %d: %+v", i, r)
			}
			got := make([]byte, 200)
			if n, _ := unix.Read(peers[i], got); !bytes.Equal(got[:max(n, 0)], message) {
				t.Fatalf("send %d arrived damaged", i)
			}
		}
	})
}

// Whatever an operation is doing, Cancel brings it back exactly once.
func TestProactorCancels(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		var receive, send backend.Op
		check(t, p.Cancel(&receive)) // is not under way: nothing comes
		p.nothing(t)

		check(t, p.Receive(&receive, a))
		check(t, p.Cancel(&receive)) // both handed over together
		check(t, p.Cancel(&receive))
		if r := p.last(t, &receive); r.N != -int(unix.ECANCELED) {
			t.Fatalf("cancelled at once: %+v", r)
		}

		check(t, p.Receive(&receive, a))
		p.nothing(t)
		unix.Write(peer, []byte("late"))
		check(t, p.Cancel(&receive)) // what came before is not lost
		got := 0
		for more := true; more; {
			r := p.next(t, &receive)
			got += max(0, r.N)
			p.drop(r)
			more = r.More
		}
		rest, _, _ := unix.Recvfrom(a, make([]byte, 8), unix.MSG_DONTWAIT)
		if got+max(rest, 0) != 4 {
			t.Fatalf("%d bytes received and %d left, of 4", got, rest)
		}

		for { // no room
			if _, err := unix.SendmsgN(a, make([]byte, 1<<16), nil, nil, unix.MSG_DONTWAIT); err != nil {
				break
			}
		}
		check(t, p.Send(&send, a, [][]byte{pattern(100)}))
		p.nothing(t)
		check(t, p.Cancel(&send))
		if r := p.last(t, &send); r.N != -int(unix.ECANCELED) {
			t.Fatalf("cancelled send: %+v", r)
		}
		p.nothing(t)
	})
}

// After Cancel and Flush an operation keeps no file open: the peer sees FIN at once.
func TestProactorLetsGoOfWhatIsClosed(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		client, server := tcpPair(t)
		defer unix.Close(client)
		var receive backend.Op
		check(t, p.Receive(&receive, server))
		p.nothing(t)
		check(t, p.Cancel(&receive))
		check(t, p.Flush())
		check(t, unix.Close(server))
		limit := unix.NsecToTimeval(int64(soon))
		check(t, unix.SetsockoptTimeval(client, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
		if n, err := unix.Read(client, make([]byte, 1)); n != 0 || err != nil {
			t.Fatalf("the peer read %d, %v; want the end of the stream", n, err)
		}
		p.last(t, &receive)
	})
}

// A descriptor that is nobody's, and one that is no socket, are told and not refused.
func TestProactorTellsOfWrongDescriptors(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		fds := make([]int, 2)
		check(t, unix.Pipe(fds))
		defer unix.Close(fds[0])
		defer unix.Close(fds[1])
		for fd, want := range map[int]unix.Errno{1 << 20: unix.EBADF, fds[0]: unix.ENOTSOCK} {
			var op backend.Op
			for _, begin := range []func() error{
				func() error { return p.Accept(&op, fd) },
				func() error { return p.Receive(&op, fd) },
				func() error { return p.Send(&op, fd, [][]byte{{1}}) },
				func() error { return p.Connect(&op, fd, &unix.SockaddrInet4{}) },
			} {
				check(t, begin())
				if r := p.next(t, &op); r.N != -int(want) || r.More {
					t.Fatalf("descriptor %d: %+v, want %v", fd, r, want)
				}
			}
		}
	})
}

// Operations that the kernel cancels because their thread has ended are begun again.
func TestProactorOutlivesThreads(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		b, otherPeer := pair(t)
		var receive backend.Op
		token := backend.NewToken(b, 1)
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // and the thread ends with the goroutine
			err := errors.Join(p.Receive(&receive, a), p.Set(b, token, 0, read))
			n, waitErr := p.Wait(p.ready, 0)
			if n > 0 {
				err = errors.New("something came")
			}
			done <- errors.Join(err, waitErr)
		}()
		check(t, <-done)
		for range 3 { // the thread may end now or later
			p.nothing(t)
			unix.Write(peer, []byte("x"))
			if got := p.take(t, &receive, 1); string(got) != "x" {
				t.Fatalf("%q", got)
			}
			unix.Write(otherPeer, []byte("y"))
			expect(t, wait(t, p, all, soon), token, read)
			unix.Read(b, make([]byte, 1))
			time.Sleep(time.Millisecond)
		}
	})
}

// Closing with operations under way calls them back: the kernel must not read memory that is no longer theirs.
func TestProactorClosesWithWorkUnderWay(t *testing.T) {
	for range 20 {
		eachProactor(t, func(t *testing.T, p *proactor) {
			a, peer := blockingPair(t)
			var receive, send backend.Op
			for {
				if _, err := unix.SendmsgN(a, make([]byte, 1<<16), nil, nil, unix.MSG_DONTWAIT); err != nil {
					break
				}
			}
			check(t, p.Receive(&receive, a))
			check(t, p.Send(&send, a, [][]byte{pattern(1000)}))
			p.nothing(t)
			check(t, p.Set(a, 1, 0, read))
			check(t, p.Close())
			if receive.UnderWay() || send.UnderWay() {
				t.Fatal("still under way")
			}
			check(t, unix.Close(a)) // twice is what the cleanup then does
			for q := make([]byte, 1<<16); ; {
				n, err := unix.Read(peer, q)
				if err != nil {
					t.Fatalf("the peer sees %v, want the end of the stream", err)
				}
				if n == 0 {
					break
				}
			}
		})
	}
}

func TestProactorAllocatesNothing(t *testing.T) {
	eachProactor(t, func(t *testing.T, p *proactor) {
		a, peer := blockingPair(t)
		var receive, send backend.Op
		check(t, p.Receive(&receive, a))
		message, answer := pattern(100), make([]byte, 200)
		extents := [][]byte{message[:50], message[50:]}
		echo := func() {
			unix.Write(peer, message)
			for stage := 0; stage < 2; {
				n, _ := p.Wait(p.ready, -1)
				for _, r := range p.ready[:n] {
					if stage++; r.Op == &receive {
						p.Release(r.Buffer)
						p.Send(&send, a, extents)
					}
				}
			}
			unix.Read(peer, answer)
		}
		echo()
		if n := testing.AllocsPerRun(100, echo); n != 0 {
			t.Fatalf("%v allocations an echo", n)
		}
	})
}
