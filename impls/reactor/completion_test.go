//go:build linux

package reactor

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What every other test asks of all methods, these ask of proactors in the places where completion could go wrong.

// onEveryProactor runs the test once for each backend of this system that does the work itself.
func onEveryProactor(t *testing.T, test func(t *testing.T, b *Base, v *virtualTime)) {
	t.Helper()
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		if b.completion != nil {
			test(t, b, v)
		}
	})
}

// C1: 64 echoes of a turn are handed over by one system call and brought by another at most: 0.03 an echo, and the goal is below 0.2.
func TestProactorSharesItsSystemCalls(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, v *virtualTime) {
		const connections, rounds = 64, 20
		var peers []int
		for range connections {
			bev, peer := owned(t, b)
			echo(bev)
			peers = append(peers, peer)
		}
		turns(t, b, 1)
		waits := v.waits
		for range rounds {
			for _, peer := range peers {
				write(t, peer, "hello")
			}
			turns(t, b, 1)
			for _, peer := range peers {
				equal(t, "echo", read(t, peer), "hello")
			}
		}
		if n := v.waits - waits; n > 2*rounds {
			t.Errorf("%d waits for %d echoes", n, rounds*connections)
		}
	})
}

// What is received beyond the high mark waits elsewhere, in a bounded place, and comes in order when there is room, the end of the stream last.
func TestProactorKeepsToTheHighMark(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		const high = 1000
		var got []byte
		ended, longest := false, 0
		bev.SetWatermark(Read, 0, high)
		bev.OnRead(func() { longest = max(longest, bev.Input().Len()) })
		bev.OnEvent(func(what Outcome) { ended = what.Has(EOF) })
		bev.Enable(Read)
		turns(t, b, 1)
		sent := bytes.Repeat([]byte("0123456789abcdef!"), 10_000)
		for rest := sent; len(rest) > 0; {
			n, err := unix.Write(peer, rest)
			if err != nil {
				break // a socket holds that much; the remainder is not needed
			}
			rest = rest[n:]
			if len(rest) == 0 {
				check(t, unix.Shutdown(peer, unix.SHUT_WR))
			}
		}
		for turn := 0; !ended && turn < 10_000; turn++ {
			turns(t, b, 1)
			p := make([]byte, high)
			n, _ := bev.Input().Read(p)
			got = append(got, p[:n]...)
		}
		if longest > high {
			t.Errorf("the input had %d bytes, the high mark is %d", longest, high)
		}
		if !ended || !bytes.Equal(got, sent) {
			t.Errorf("%d of %d bytes came, end of the stream %v", len(got), len(sent), ended)
		}
		bev.Close()
	})
}

// A large message goes out of the memory into which it came, and passing it on allocates nothing.
func TestProactorPassesOnWhatItReceives(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		echo(bev)
		turns(t, b, 1)
		message, back := bytes.Repeat([]byte("0123456789abcdef"), 2<<10), make([]byte, 64<<10)
		around := func() {
			n, err := unix.Write(peer, message)
			check(t, err)
			for got := 0; got < n; {
				turns(t, b, 1)
				m, err := unix.Read(peer, back[got:])
				if err == unix.EAGAIN {
					continue
				}
				check(t, err)
				got += m
			}
		}
		for range 200 { // every buffer has changed hands, and the pool has its chunks
			around()
		}
		if n := testing.AllocsPerRun(100, around); n > 0 {
			t.Errorf("%v allocations an echo", n)
		}
		if !bytes.Equal(back[:len(message)], message) {
			t.Error("the last echo is not what was sent")
		}
		bev.Close()
	})
}

// A sender that is faster than the reader is not received from for ever: the backlog is bounded.
func TestProactorBoundsTheBacklog(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		read, sent, longest := 0, 0, 0
		bev.OnRead(func() { read += bev.Input().Drain(bev.Input().Len()) })
		bev.Enable(Read)
		for range 100 { // a turn reads a chunk, and the sender sends what it can
			turns(t, b, 1)
			sent += fill(peer)
			longest = max(longest, sent-read)
		}
		if longest > 4<<20 {
			t.Errorf("%d bytes were taken in and not read", longest)
		}
		if read < 50*64<<10 {
			t.Errorf("only %d bytes of %d were read", read, sent)
		}
		bev.Close()
	})
}

// What is being sent is out of reach of whoever resets the output, and of the next user of its memory.
func TestProactorSendsWhatWasWritten(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, _ *virtualTime) {
		for _, end := range []func(*BufferEvent){
			func(bev *BufferEvent) { bev.Output().Reset() },
			func(bev *BufferEvent) { bev.Output().Pullup(1) },
			(*BufferEvent).Close,
		} {
			bev, peer := owned(t, b)
			other, otherPeer := owned(t, b)
			filled := fill(bev.FD())
			bev.Write(bytes.Repeat([]byte("A"), 5000))
			turns(t, b, 2) // is under way, and has no room
			end(bev)
			for range 20 {
				other.Write(bytes.Repeat([]byte("B"), 5000))
				turns(t, b, 1)
				drain(otherPeer)
			}
			var got strings.Builder
			for got.Len() < filled {
				got.WriteString(content(peer))
			}
			turns(t, b, 2)
			got.WriteString(content(peer))
			if text := got.String()[filled:]; strings.Trim(text, "A") != "" {
				t.Errorf("%d bytes of another's output came", len(strings.Trim(text, "A")))
			}
			bev.Close()
			other.Close()
		}
	})
}

// A base is closed with everything under way; the peers see the end at once.
func TestProactorClosesWithWorkUnderWay(t *testing.T) {
	for _, method := range Methods() {
		t.Run(method, func(t *testing.T) {
			b := newBase(t, WithBackend(method))
			var peers []int
			for range 20 {
				bev, peer := owned(t, b)
				bev.Enable(Read)
				fill(bev.FD())
				bev.Write(make([]byte, 100_000))
				peers = append(peers, peer)
			}
			turns(t, b, 2)
			check(t, b.Close())
			for _, peer := range peers {
				drain(peer)
				if n, err := unix.Read(peer, make([]byte, 1)); n != 0 || err != nil {
					t.Fatalf("the peer read %d, %v; want the end of the stream", n, err)
				}
			}
		})
	}
}

// A pipe is no socket, and a bufferevent serves it all the same.
func TestPipe(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		in, out := make([]int, 2), make([]int, 2)
		check(t, unix.Pipe2(in, unix.O_NONBLOCK))
		check(t, unix.Pipe2(out, unix.O_NONBLOCK))
		defer unix.Close(in[1])
		defer unix.Close(out[0])
		reader, writer := b.NewBufferEvent(in[0]), b.NewBufferEvent(out[1])
		reader.OnRead(func() { writer.Output().Append(reader.Input()) })
		reader.OnEvent(func(Outcome) { reader.Close(); writer.CloseAfterFlush() })
		reader.Enable(Read)
		turns(t, b, 2)
		for range 3 {
			write(t, in[1], "hello")
			turns(t, b, 3)
			equal(t, "through two pipes", read(t, out[0]), "hello")
		}
		reader.Close()
		writer.Close()
		loop(t, b, 0, Empty)
	})
}

// Who sets the descriptor to the mode that other methods want does no harm.
func TestProactorSurvivesNonBlocking(t *testing.T) {
	onEveryProactor(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		echo(bev)
		for range 3 {
			check(t, unix.SetNonblock(bev.FD(), true))
			bev.Disable(Read)
			turns(t, b, 2)
			bev.Enable(Read)
			turns(t, b, 2)
			write(t, peer, "hello")
			turns(t, b, 2)
			equal(t, "echo", read(t, peer), "hello")
		}
		filled := fill(bev.FD())
		check(t, unix.SetNonblock(bev.FD(), true))
		bev.Write([]byte("answer"))
		turns(t, b, 1)
		got := content(peer)
		for turn := 0; turn < 100 && len(got) < filled+len("answer"); turn++ {
			turns(t, b, 1)
			got += content(peer)
		}
		equal(t, "after what was there before", strings.Trim(got, "\x00"), "answer")
		bev.Close()
	})
}

// A loop goes on in another goroutine, and after the thread has ended that began the work.
func TestLoopMovesBetweenThreads(t *testing.T) {
	for _, method := range Methods() {
		t.Run(method, func(t *testing.T) {
			b, err := New(WithBackend(method), WithoutEnv())
			if err != nil {
				t.Skip(err)
			}
			fd, peer := pair(t)
			fd, err = unix.Dup(fd)
			check(t, err)
			check(t, unix.SetNonblock(peer, false))
			tv := unix.NsecToTimeval(int64(soon))
			check(t, unix.SetsockoptTimeval(peer, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
			echo(b.NewBufferEvent(fd))
			for round := range 10 {
				done := make(chan error)
				go func() {
					if round%2 == 0 {
						runtime.LockOSThread() // the thread ends with the goroutine
					}
					end, err := b.Loop(KeepAlive)
					if end != Broken {
						t.Errorf("the loop ended %v", end)
					}
					done <- err
				}()
				write(t, peer, "hello")
				equal(t, "echo", readUninterrupted(t, peer), "hello")
				check(t, b.Post(b.Break))
				check(t, <-done)
			}
			check(t, b.Close())
		})
	}
}

// readUninterrupted waits for bytes. The kernel may interrupt a thread that has work under way on a ring.
func readUninterrupted(t *testing.T, fd int) string {
	t.Helper()
	p := make([]byte, 100)
	for {
		n, err := unix.Read(fd, p)
		if err == unix.EINTR {
			continue
		}
		check(t, err)
		return string(p[:n])
	}
}

// The kernel lets go a little later of what a killed process had under way on a ring: its listener still takes connections, and its address is
// all the same one that a dead server has left.
func TestListenAfterAKilledServer(t *testing.T) {
	const variable = "REACTOR_TEST_LISTEN_AT"
	if network, address, listens := strings.Cut(os.Getenv(variable), " "); listens {
		b, err := New() // by the method of MethodVariable
		check(t, err)
		listenAgain(t, b, network, address)
		b.NewTimer(func() { fmt.Println("listening") }).Add(0)
		b.Dispatch() // until it is killed
		return
	}
	onEveryMethod(t, func(t *testing.T, b *Base) {
		free, err := b.Listen("tcp", "127.0.0.1:0", func(int, netip.AddrPort) {})
		check(t, err)
		where := []string{"unix " + t.TempDir() + "/socket", "tcp " + free.Addr()}
		free.Close()
		for i := range 10 {
			server := exec.Command(os.Args[0], "-test.run=^TestListenAfterAKilledServer$")
			server.Env = append(os.Environ(), variable+"="+where[i%2], MethodVariable+"="+b.Method())
			out, err := server.StdoutPipe()
			check(t, err)
			check(t, server.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			server.Process.Kill()
			server.Wait()
			if err != nil || line != "listening\n" {
				t.Fatalf("the server says %q, %v", line, err)
			}
		}
		for _, address := range where {
			network, address, _ := strings.Cut(address, " ")
			listenAgain(t, b, network, address).Close()
		}
	})
}

// listenAgain listens where a killed server may still be holding its TCP address, as Listen's comment has it.
func listenAgain(t *testing.T, b *Base, network, address string) *Listener {
	t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		listener, err := b.Listen(network, address, func(int, netip.AddrPort) {})
		if !errors.Is(err, unix.EADDRINUSE) || network != "tcp" || time.Now().After(deadline) {
			check(t, err)
			return listener
		}
	}
}
