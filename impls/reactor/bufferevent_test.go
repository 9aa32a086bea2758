package reactor

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echo makes bev send back what it receives, as the echo server does.
func echo(bev *BufferEvent) {
	bev.OnRead(func() { bev.Output().Append(bev.Input()) })
	bev.OnEvent(func(what Outcome) {
		if what.Has(EOF) {
			bev.CloseAfterFlush()
			return
		}
		bev.Close()
	})
	bev.Enable(Read)
}

// owned gives one end of a pair to a bufferevent, which closes it; the other end is closed with the test.
func owned(t testing.TB, b *Base) (bev *BufferEvent, peer int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	for _, fd := range fds {
		check(t, unix.SetNonblock(fd, true))
	}
	t.Cleanup(func() { unix.Close(fds[1]) })
	return b.NewBufferEvent(fds[0]), fds[1]
}

// outcomes notes what OnEvent is told.
func outcomes(bev *BufferEvent) *[]Outcome {
	var told []Outcome
	bev.OnEvent(func(what Outcome) { told = append(told, what) })
	return &told
}

// isOpen reports whether a descriptor names a file.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// An echo is one read and one write, no change of interest, and at most one wait.
func TestC1EchoCosts(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		echo(bev)
		turns(t, b, 1)
		before, waits := b.Stats(), v.waits
		const echoes = 100
		for range echoes {
			write(t, peer, "hello")
			turns(t, b, 1)
			equal(t, "echo", read(t, peer), "hello")
		}
		after := b.Stats()
		equal(t, "reads", after.Reads-before.Reads, echoes)
		equal(t, "writes", after.Writes-before.Writes, echoes)
		equal(t, "changes of interest", after.Sets-before.Sets, 0)
		equal(t, "waits", v.waits-waits, echoes)
		bev.Close()
	})
}

// An echo allocates nothing, with timeouts or without.
func TestC1EchoAllocatesNothing(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for _, timeout := range []time.Duration{0, time.Minute} {
			bev, peer := owned(t, b)
			echo(bev)
			bev.SetTimeouts(timeout, timeout)
			message, p := bytes.Repeat([]byte("x"), 3000), make([]byte, 4096)
			once := func() {
				unix.Write(peer, message)
				b.Loop(NonBlock)
				if n, _ := unix.Read(peer, p); n != len(message) {
					t.Fatalf("echo of %d bytes", n)
				}
			}
			once()
			if n := testing.AllocsPerRun(200, once); n != 0 {
				t.Errorf("%v allocations an echo with timeout %v", n, timeout)
			}
			bev.Close()
		}
	})
}

// OnWrite is called when something was written, and not before or without.
func TestC2WriteCallbackIsNotSpurious(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		calls := 0
		bev.OnWrite(func() { calls++ })
		bev.Enable(Read | Write)
		turns(t, b, 3)
		equal(t, "calls without output", calls, 0)
		fmt.Fprintf(bev, "answer %d", 42)
		turns(t, b, 3)
		equal(t, "calls after a write", calls, 1)
		equal(t, "written", read(t, peer), "answer 42")
	})
}

// What other callbacks put into the output is written at the end of the turn, by one call.
func TestOutputFromElsewhere(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		for _, word := range []string{"one ", "call ", "for all"} {
			b.NewEvent(-1, 0, func(What) { bev.Output().Write([]byte(word)) }).Active(Read)
		}
		turns(t, b, 1)
		equal(t, "written", read(t, peer), "one call for all")
		equal(t, "writes", b.Stats().Writes, 1)
	})
}

// A chain of bufferevents, each of which writes to the next when it has written, comes to its end without a nudge from outside, and
// takes no more than one link a turn: others have theirs in between.
func TestOutputFromOnWrite(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const links = 5
		chain, peers := make([]*BufferEvent, links), make([]int, links)
		for i := range chain {
			chain[i], peers[i] = owned(t, b)
			chain[i].OnWrite(func() {
				if i+1 < links {
					chain[i+1].Write([]byte("passed on"))
				}
			})
		}
		chain[0].Write([]byte("passed on"))
		loop(t, b, 0, Empty)
		for _, peer := range peers {
			equal(t, "received", read(t, peer), "passed on")
		}
		if got := b.Stats().Turns; got > links {
			t.Errorf("%d turns for %d links", got, links)
		}
	})
}

// The high mark of the input stops reading, without spinning (libevent's spins), and draining resumes it.
func TestC3ReadWatermarks(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		var lengths []int
		bev.OnRead(func() { lengths = append(lengths, bev.Input().Len()) })
		bev.SetWatermark(Read, 10, 20)
		bev.Enable(Read)
		write(t, peer, "12345")
		turns(t, b, 1)
		same(t, "below the low mark", lengths, nil)
		write(t, peer, string(make([]byte, 59)))
		turns(t, b, 1)
		same(t, "at the high mark", lengths, []int{20})

		check(t, b.NewTimer(b.Break).Add(time.Minute))
		waits := v.waits
		loop(t, b, 0, Broken)
		if spun := v.waits - waits; spun > 3 {
			t.Errorf("%d turns while reading was suspended", spun)
		}
		same(t, "suspended", lengths, []int{20})

		b.NewEvent(-1, 0, func(What) { bev.Input().Drain(15) }).Active(Read)
		turns(t, b, 2)
		same(t, "resumed", lengths, []int{20, 20})
		for range 2 {
			b.NewEvent(-1, 0, func(What) { bev.Input().Drain(20) }).Active(Read)
			turns(t, b, 2)
		}
		same(t, "all", lengths, []int{20, 20, 20}) // the last 9 stay below the low mark
		equal(t, "left", bev.Input().Len(), 9)
	})
}

// OnWrite is called at the low mark of the output or below.
func TestC4LowWriteWatermark(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		var lengths []int
		bev.OnWrite(func() { lengths = append(lengths, bev.Output().Len()) })
		bev.SetWatermark(Write, 100_000, 0)
		const total = 4 << 20
		bev.Write(make([]byte, total))
		for received := 0; received < total; {
			turns(t, b, 1)
			received += drain(peer)
		}
		if len(lengths) == 0 || lengths[len(lengths)-1] != 0 {
			t.Fatalf("lengths %v, want 0 at last", lengths)
		}
		for _, n := range lengths {
			if n > 100_000 {
				t.Errorf("called with %d bytes left", n)
			}
		}
	})
}

// The high mark of the output stops reading, so that a peer that does not read costs bounded memory; it goes on when that has drained.
func TestC3BackPressure(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		echo(bev)
		sent, longest := 0, 0
		for still := 0; still < 30; { // a proactor has a backlog to work off first
			n := fill(peer)
			if sent += n; n == 0 {
				still++
			} else {
				still = 0
			}
			turns(t, b, 1)
			longest = max(longest, bev.unwritten())
		}
		if high := bev.settings.writeHigh; longest <= high || longest > high+64<<10 {
			t.Fatalf("the output grew to %d, want a little over %d", longest, high)
		}
		equal(t, "reading while paused", bev.io.what.Has(Read), false)
		check(t, b.NewTimer(b.Break).Add(time.Minute))
		waits := v.waits
		loop(t, b, 0, Broken)
		if spun := v.waits - waits; spun > 3 {
			t.Errorf("%d turns while paused", spun)
		}
		for received := 0; received < sent; {
			received += drain(peer)
			turns(t, b, 1)
		}
		equal(t, "reading afterwards", bev.io.what.Has(Read), true)
		bev.Close()
	})
}

// Bytes that came while the loop was away, and of which it has not been told, outweigh the timeout; so does an end of stream.
func TestC5BytesOutweighATimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		told := outcomes(bev)
		bev.Enable(Read)
		bev.SetTimeouts(time.Second, 0)
		turns(t, b, 1)
		v.whileAway = func() { write(t, peer, "late") }
		loop(t, b, Once, Passed)
		turns(t, b, 2) // what is told by completion comes a turn later
		equal(t, "input", string(bev.Input().Pullup(4)), "late")
		equal(t, "outcomes", len(*told), 0)
		v.whileAway = func() { unix.Shutdown(peer, unix.SHUT_WR) }
		for len(*told) == 0 {
			loop(t, b, Once, Passed)
		}
		equal(t, "outcomes", fmt.Sprint(*told), "[EOF|Reading]")
		bev.Close()
	})
}

// Timeouts run only for a direction that waits: reading while enabled, writing while there is something to write.
func TestC5TimeoutsOnlyWhileWaiting(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		begun := v.now
		var told []string
		bev.OnEvent(func(what Outcome) {
			told = append(told, fmt.Sprint(what, " at ", time.Duration(v.now-begun)))
		})
		bev.SetTimeouts(150*ms, 100*ms)
		loop(t, b, 0, Empty) // neither reading nor something to write: nothing to wait for
		same(t, "told while idle", told, nil)

		bev.Enable(Read)
		loop(t, b, 0, Empty)
		same(t, "told", told, []string{"Timeout|Reading at 150ms"})
		equal(t, "enabled", bev.Enabled(), Write)

		fill(bev.FD())
		begun, told = v.now, nil
		bev.Write([]byte("never taken"))
		loop(t, b, 0, Empty)
		same(t, "told", told, []string{"Timeout|Writing at 100ms"})
		equal(t, "enabled", bev.Enabled(), 0)
		drain(peer)
		bev.Close()
	})
}

// Progress restarts a timeout, both directions have their own, and both may come.
func TestC5ProgressRestartsTimeouts(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		begun := v.now
		var told []string
		bev.OnEvent(func(what Outcome) {
			told = append(told, fmt.Sprint(what, " at ", time.Duration(v.now-begun)))
		})
		bev.OnRead(func() { bev.Input().Reset() })
		bev.SetTimeouts(100*ms, 250*ms)
		bev.SetWatermark(Write, 0, 0) // or the long output would pause reading
		bev.Enable(Read)
		fill(bev.FD())
		bev.Write(make([]byte, 1<<20))
		turns(t, b, 1)
		for range 5 {
			v.pass(80 * ms)
			write(t, peer, "x")
			if v.now-begun < moment(200*ms) {
				drain(peer)
			}
			turns(t, b, 4) // a proactor hears in each of the progress that the one before has begun
		}
		loop(t, b, 0, Empty)
		same(t, "told", told, []string{"Timeout|Writing at 410ms", "Timeout|Reading at 500ms"})
		bev.Close()
	})
}

// After the peer's FIN the output still works, and input below the low mark is there for OnEvent.
func TestC6EndOfInput(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		var told []Outcome
		bev.SetWatermark(Read, 100, 0)
		bev.OnRead(func() { t.Error("OnRead below the low mark") })
		bev.OnEvent(func(what Outcome) {
			told = append(told, what)
			equal(t, "left in the input", bev.Input().Len(), 5)
			bev.Output().Append(bev.Input())
		})
		bev.Enable(Read)
		write(t, peer, "hello")
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		turns(t, b, 3)
		same(t, "told", told, []Outcome{EOF | Reading})
		equal(t, "answer after the FIN", read(t, peer), "hello")
		equal(t, "still open", bev.Closed(), false)
		bev.Close()
	})
}

// CloseAfterFlush delivers every byte and then FIN, to a peer that reads late, over TCP too, and calls nothing back.
func TestC7CloseAfterFlush(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		client, server := tcpPair(t)
		defer unix.Close(client)
		bev := b.NewBufferEvent(server)
		const total = 8 << 20
		bev.Write(make([]byte, total))
		bev.OnWrite(func() { t.Error("OnWrite after CloseAfterFlush") })
		bev.OnEvent(func(what Outcome) { t.Errorf("%v after CloseAfterFlush", what) })
		bev.CloseAfterFlush()
		turns(t, b, 3)
		equal(t, "closed with output pending", bev.Closed(), false)
		received := receiveAll(t, b, client)
		equal(t, "received", received, total)
		check(t, unix.Shutdown(client, unix.SHUT_WR)) // it may be waiting for this
		loop(t, b, 0, Empty)
		equal(t, "closed", bev.Closed(), true)
	})
}

// receiveAll reads until FIN, with the loop turning in between, and fails on anything else.
func receiveAll(t testing.TB, b *Base, fd int) (received int) {
	t.Helper()
	p := make([]byte, 1<<16)
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		n, err := unix.Read(fd, p)
		switch {
		case n > 0:
			received += n
		case err == nil:
			return received
		case err != unix.EAGAIN:
			t.Fatalf("after %d bytes: %v", received, err)
		}
		turns(t, b, 1)
	}
	t.Fatalf("no FIN after %d bytes", received)
	return
}

// A peer that keeps sending while we close still gets every byte and a FIN: no reset destroys what is on its way.
func TestC7CloseAfterFlushWithInputComing(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		client, server := tcpPair(t)
		defer unix.Close(client)
		bev := b.NewBufferEvent(server)
		const total = 2 << 20
		bev.Write(make([]byte, total))
		fill(client) // never read
		bev.CloseAfterFlush()
		turns(t, b, 2)
		received, p := 0, make([]byte, 1<<16)
		for {
			n, err := unix.Read(client, p)
			if n == 0 && err == nil {
				break
			}
			if err != nil && err != unix.EAGAIN {
				t.Fatalf("after %d bytes: %v", received, err)
			}
			received += max(0, n)
			unix.Write(client, p[:100])
			turns(t, b, 1)
		}
		equal(t, "received", received, total)
		check(t, unix.Shutdown(client, unix.SHUT_WR))
		loop(t, b, 0, Empty)
	})
}

// A peer that does not send FIN after ours is not waited for without end, neither a silent one nor one that never stops sending.
func TestC7LingeringEnds(t *testing.T) {
	for name, talks := range map[string]bool{"silent": false, "talking": true} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
				bev, peer := owned(t, b)
				write(t, peer, "never read")
				bev.Write([]byte("bye"))
				bev.CloseAfterFlush()
				if talks {
					check(t, b.NewTicker(func() { unix.Write(peer, []byte("more")) }).Add(time.Second))
					check(t, b.NewTicker(func() { b.Exit(0) }).Add(40*time.Second))
				}
				begun := v.now
				turns(t, b, 1)
				equal(t, "closed at once", bev.Closed(), false)
				for !bev.Closed() {
					b.Loop(Once)
				}
				want := lingerSilence
				if talks {
					want = lingerTime
				}
				equal(t, "waited", time.Duration(v.now-begun), want)
			})
		})
	}
}

// Half-close with a full output: all that was sent comes back, then FIN.
func TestC7HalfCloseWithBacklog(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		client, server := tcpPair(t)
		defer unix.Close(client)
		echo(b.NewBufferEvent(server))
		sent := 0
		for still := 0; still < 5; still++ {
			if n := fill(client); n > 0 {
				sent += n
				still = 0
			}
			turns(t, b, 1)
		}
		check(t, unix.Shutdown(client, unix.SHUT_WR))
		equal(t, "echoed", receiveAll(t, b, client), sent)
		loop(t, b, 0, Empty)
	})
}

// Close drops what is pending, and the descriptor is closed there and then.
func TestC8C9CloseIsPrompt(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		echo(bev)
		fill(bev.FD())
		bev.Write(make([]byte, 1<<20))
		turns(t, b, 1)
		fd := bev.FD()
		bev.Close()
		equal(t, "open after Close", isOpen(fd), false)
		if n := drain(peer); n >= 1<<20 {
			t.Errorf("the peer got %d bytes", n)
		}
		bev.Close()
		bev.CloseAfterFlush()
		bev.CloseWrite()
		bev.Enable(Read)
		if _, err := bev.Write([]byte("x")); err == nil {
			t.Error("Write after Close: no error")
		}
		equal(t, "descriptor", bev.FD(), -1)
		equal(t, "what the callbacks hold is let go", bev.calls == noCallbacks, true)
		loop(t, b, 0, Empty)
	})
}

// CloseWrite sends FIN after the output; reading goes on.
func TestCloseWrite(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		var got string
		bev.OnRead(func() {
			p := make([]byte, 100)
			n, _ := bev.Input().Read(p)
			got += string(p[:n])
		})
		told := outcomes(bev)
		bev.Enable(Read)
		bev.Write([]byte("question"))
		bev.CloseWrite()
		turns(t, b, 2)
		equal(t, "received", read(t, peer), "question")
		equal(t, "then FIN", read(t, peer), "")
		write(t, peer, "answer")
		turns(t, b, 1)
		equal(t, "answer", got, "answer")
		same(t, "told", *told, nil)
		bev.Close()
	})
}

// A callback may close its bufferevent, whichever it is, and nothing is called afterwards.
func TestCloseInEveryCallback(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		arrange := map[string]func(bev *BufferEvent, peer int, hit func()){
			"read": func(bev *BufferEvent, peer int, hit func()) {
				bev.OnRead(hit)
				write(t, peer, "x")
			},
			"write": func(bev *BufferEvent, peer int, hit func()) {
				bev.OnWrite(hit)
				bev.Write([]byte("x"))
			},
			"event": func(bev *BufferEvent, peer int, hit func()) {
				bev.OnEvent(func(Outcome) { hit() })
				unix.Shutdown(peer, unix.SHUT_WR)
			},
			"read, with more behind": func(bev *BufferEvent, peer int, hit func()) {
				bev.OnRead(func() {
					bev.Output().Append(bev.Input())
					hit()
				})
				bev.OnWrite(func() { t.Error("OnWrite after Close") })
				bev.OnEvent(func(Outcome) { t.Error("OnEvent after Close") })
				write(t, peer, "x")
				unix.Shutdown(peer, unix.SHUT_WR)
			},
		}
		for name, arrange := range arrange {
			bev, peer := owned(t, b)
			fd, hits := bev.FD(), 0
			arrange(bev, peer, func() {
				hits++
				bev.Close()
			})
			bev.Enable(Read)
			turns(t, b, 3)
			if hits != 1 || isOpen(fd) {
				t.Errorf("%s: called %d times, descriptor open %v", name, hits, isOpen(fd))
			}
		}
		loop(t, b, 0, Empty)
	})
}

// Connecting has exactly one outcome, and it comes from the loop: Connected,
func TestC10Connect(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": t.TempDir() + "/socket"} {
			listener, err := b.Listen(network, address, func(fd int, _ netip.AddrPort) { echo(b.NewBufferEvent(fd)) })
			check(t, err)
			bev := b.NewBufferEvent(-1)
			bev.SetTimeouts(time.Minute, time.Minute)
			told := outcomes(bev)
			check(t, bev.Connect(network, listener.Addr()))
			same(t, "told before the loop", *told, nil)
			bev.Write([]byte("written while connecting"))
			bev.Enable(Read)
			bev.SetWatermark(Read, len("written while connecting"), 0)
			bev.OnRead(b.Break)
			loop(t, b, 0, Broken)
			same(t, "told", *told, []Outcome{Connected})
			if err := bev.Connect(network, listener.Addr()); !errors.Is(err, ErrConnected) {
				t.Errorf("second Connect: %v", err)
			}
			bev.Close()
			listener.Close()
			loop(t, b, 0, Empty)
		}
	})
}

// Or Error,
func TestC10ConnectRefused(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		nobody, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
		check(t, err)
		nobody.Close()
		for network, address := range map[string]string{"tcp": nobody.Addr(), "unix": t.TempDir() + "/nobody"} {
			bev := b.NewBufferEvent(-1)
			told := outcomes(bev)
			bev.OnRead(func() { t.Error("OnRead") })
			bev.OnWrite(func() { t.Error("OnWrite") })
			bev.Enable(Read)
			check(t, bev.Connect(network, address))
			bev.Write([]byte("in vain"))
			loop(t, b, 0, Empty)
			same(t, "told", *told, []Outcome{Error | Reading | Writing})
			if bev.Err() == nil {
				t.Error("no error is behind it")
			}
			bev.Close()
		}
		if err := b.NewBufferEvent(-1).Connect("tcp", "no address"); err == nil {
			t.Error("a bad address was accepted")
		}
	})
}

// Or Timeout.
func TestC10ConnectTimesOut(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		full := fullListener(t)
		bev := b.NewBufferEvent(-1)
		told := outcomes(bev)
		bev.SetTimeouts(0, time.Second)
		check(t, bev.Connect("tcp", full))
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Timeout | Writing})
		bev.Close()
	})
}

// fullListener returns the address of a socket whose queue of connections is full, so that a further one is not answered.
func fullListener(t *testing.T) string {
	t.Helper()
	listener, err := newSocket(unix.AF_INET)
	check(t, err)
	t.Cleanup(func() { unix.Close(listener) })
	check(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(listener, 0))
	address, err := unix.Getsockname(listener)
	check(t, err)
	for range 8 {
		fd, err := newSocket(unix.AF_INET)
		check(t, err)
		t.Cleanup(func() { unix.Close(fd) })
		unix.Connect(fd, address)
		writable := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		if n, _ := unix.Poll(writable, 300); n == 0 {
			return addrPort(address).String()
		}
	}
	t.Skip("this system's queue of connections does not fill up")
	return ""
}

// To a slow reader every byte comes, once and in order, by partial writes, and interest in writing goes when all is written.
func TestC11PartialWrites(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		random := seeded(t)
		bev, peer := owned(t, b)
		sent := make([]byte, 3<<20)
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		var got []byte
		for rest := sent; len(got) < len(sent); {
			n := min(len(rest), random.IntN(200_000))
			bev.Write(rest[:n])
			rest = rest[n:]
			turns(t, b, 1)
			p := make([]byte, 1+random.IntN(100_000))
			n, _ = unix.Read(peer, p)
			got = append(got, p[:max(0, n)]...)
		}
		if !bytes.Equal(got, sent) {
			t.Fatal("what came is not what was sent")
		}
		turns(t, b, 1)
		equal(t, "interest in writing afterwards", bev.io.what.Has(Write), false)
		if b.Stats().ShortWrites == 0 {
			t.Error("there was no partial write to test")
		}
		bev.Close()
	})
}

// After a short write the kernel is not asked again until it says that there is room.
func TestC11BlockedOutputIsNotTriedAgain(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		bev.Enable(Read)
		fill(bev.FD())
		for range 5 {
			write(t, peer, "x")
			turns(t, b, 1)
		}
		equal(t, "writes while blocked", b.Stats().Writes, 1)
		written := content(peer)
		turns(t, b, 1)
		written += content(peer)
		equal(t, "written when there is room", strings.Trim(written, "\x00"), "xxxxx")
		equal(t, "writes", b.Stats().Writes, 2)
		bev.Close()
	})
}

// An error is told once for each direction, and after it nothing wakes the loop.
func TestC12ErrorsAreToldOnce(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		client, server := tcpPair(t)
		bev := b.NewBufferEvent(server)
		told := outcomes(bev)
		bev.Enable(Read)
		turns(t, b, 1)
		check(t, unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
		check(t, unix.Close(client))
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Reading})
		if !errors.Is(bev.Err(), unix.ECONNRESET) {
			t.Errorf("error %v", bev.Err())
		}
		bev.Write([]byte("in vain"))
		loop(t, b, 0, Empty)
		bev.Write([]byte("again"))
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Reading, Error | Writing})
		equal(t, "enabled", bev.Enabled(), 0)
		bev.Close()
	})
}

// A reset is noticed while reading is paused, as long as there is output.
func TestC12ResetWhilePaused(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		client, server := tcpPair(t)
		bev := b.NewBufferEvent(server)
		told := outcomes(bev)
		bev.Write(make([]byte, 16<<20))
		turns(t, b, 2)
		check(t, unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
		check(t, unix.Close(client))
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Writing})
		bev.Close()
	})
}

// What is wrong with the descriptor is told by the loop too, once.
func TestC12BadDescriptor(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev := b.NewBufferEvent(1 << 20)
		told := outcomes(bev)
		bev.Enable(Read)
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Reading | Writing})
		if !errors.Is(bev.Err(), unix.EBADF) {
			t.Errorf("error %v", bev.Err())
		}
	})
}

// Without OnEvent the ends of a connection close it: nothing leaks that nobody looks after.
func TestDefaultOutcomes(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		bev.Enable(Read)
		write(t, peer, "x")
		unix.Shutdown(peer, unix.SHUT_WR)
		loop(t, b, 0, Empty)
		equal(t, "closed", bev.Closed(), true)
		equal(t, "echo", read(t, peer), "x")
		equal(t, "then FIN", read(t, peer), "")
	})
}

// Disable stops a direction, and Enable lets it go on where it was.
func TestDisable(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		reads := 0
		bev.OnRead(func() { reads++ })
		bev.Enable(Read)
		bev.Disable(Read | Write)
		write(t, peer, "x")
		bev.Write([]byte("y"))
		turns(t, b, 3)
		equal(t, "reads", reads, 0)
		if n := drain(peer); n != 0 {
			t.Errorf("%d bytes were written", n)
		}
		bev.Enable(Read | Write)
		turns(t, b, 2)
		equal(t, "reads", reads, 1)
		equal(t, "written", read(t, peer), "y")
		bev.Close()
	})
}

// One connection that always has more does not keep the others waiting: a turn reads one chunk of each.
func TestFairness(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		busy, busyPeer := owned(t, b)
		quiet, quietPeer := owned(t, b)
		busyBytes, quietReads := 0, 0
		busy.OnRead(func() { busyBytes += busy.Input().Len(); busy.Input().Reset() })
		quiet.OnRead(func() { quietReads++; quiet.Input().Reset() })
		busy.Enable(Read)
		quiet.Enable(Read)
		for turn := 1; turn <= 10; turn++ {
			fill(busyPeer)
			write(t, quietPeer, "x")
			turns(t, b, 1)
			equal(t, "reads of the quiet one", quietReads, turn)
			if busyBytes > turn*64<<10 {
				t.Fatalf("the busy one read %d bytes in %d turns", busyBytes, turn)
			}
		}
		busy.Close()
		quiet.Close()
	})
}

// A number that is closed behind a bufferevent's back belongs to its next owner, and the old one never closes it.
func TestDescriptorTakenAway(t *testing.T) {
	for name, enabled := range map[string]What{"while it reads": Read, "while it waits for nothing": 0} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				old, _ := owned(t, b)
				old.Enable(enabled)
				turns(t, b, 1)
				fd := old.FD()
				fresh, peer := pair(t)
				check(t, unix.Dup2(fresh, fd))
				bev := b.NewBufferEvent(fd)
				echo(bev)
				equal(t, "the old one is over", old.Closed(), true)
				old.Close()
				write(t, peer, "hello")
				turns(t, b, 2)
				equal(t, "echo of the new one", read(t, peer), "hello")
				bev.Close()
			})
		})
	}
}

// All open bufferevents can be gone over, and closed on the way: that is how a server drains.
func TestBufferEvents(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var fds []int
		for range 5 {
			bev, _ := owned(t, b)
			echo(bev)
			fds = append(fds, bev.FD())
		}
		turns(t, b, 1)
		seen := 0
		for bev := range b.BufferEvents() {
			seen++
			bev.CloseAfterFlush()
		}
		equal(t, "seen", seen, len(fds))
		loop(t, b, 0, Empty)
		for _, fd := range fds {
			if isOpen(fd) {
				t.Errorf("descriptor %d is still open", fd)
			}
		}
	})
}

// Closing the base closes what it owns.
func TestCloseOfTheBaseClosesBufferEvents(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, _ := owned(t, b)
		paused, _ := owned(t, b)
		bev.Enable(Read)
		turns(t, b, 1)
		fds := []int{bev.FD(), paused.FD()}
		check(t, b.Close())
		for _, fd := range fds {
			equal(t, "open", isOpen(fd), false)
		}
	})
}

// Connections with the same settings share them.
func TestSettingsAreShared(t *testing.T) {
	b := newBase(t)
	var first *settings
	for range 10 {
		bev := b.NewBufferEvent(-1)
		bev.SetTimeouts(time.Minute, time.Minute)
		bev.SetWatermark(Read, 1, 1<<20)
		if first == nil {
			first = bev.settings
		}
		equal(t, "shared", bev.settings == first, true)
	}
	for i := range 2 * mostShared {
		bev := b.NewBufferEvent(-1)
		bev.SetTimeouts(time.Duration(i+1), 0)
		equal(t, "own", bev.settings.readTimeout, time.Duration(i+1))
	}
	if n := len(b.settings); n > mostShared {
		t.Errorf("the table has %d entries", n)
	}
}

func TestOutcomeNamesItself(t *testing.T) {
	equal(t, "name", (EOF | Reading).String(), "EOF|Reading")
	equal(t, "name", (Outcome(Timeout) | Writing).String(), "Timeout|Writing")
}
