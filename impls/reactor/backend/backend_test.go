//go:build unix

package backend_test

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// One suite, every method: the contract of the package comment as a program.

const (
	read   = backend.Read
	write  = backend.Write
	closed = backend.Closed
	all    = read | write | closed

	soon = 30 * time.Second // for what must come: a hung test ends, a slow machine does not fail
)

func eachMethod(t *testing.T, test func(t *testing.T, b backend.Backend)) {
	for _, name := range backend.Methods() {
		t.Run(name, func(t *testing.T) {
			b := open(t, name)
			defer b.Close()
			test(t, b)
		})
	}
}

// open opens a method on a thread that the test keeps, if that matters to the method. A system may refuse a method (a container, io_uring).
func open(t *testing.T, name string) backend.Backend {
	t.Helper()
	b, err := backend.Open(name)
	if errors.Is(err, backend.ErrUnavailable) {
		t.Skip(err)
	}
	check(t, err)
	if b.Features().Has(backend.OneThread) {
		runtime.LockOSThread()
		t.Cleanup(runtime.UnlockOSThread)
	}
	return b
}

// pair returns two connected unix stream sockets that close with the test.
func pair(t *testing.T) (int, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetNonblock(fd, true)
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

// tcpPair returns two connected loopback TCP sockets, which the caller closes: RST exists only there.
func tcpPair(t *testing.T) (int, int) {
	t.Helper()
	listener := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	defer unix.Close(listener)
	check(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(listener, 1))
	address := must(unix.Getsockname(listener))(t)
	client := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))(t)
	check(t, unix.Connect(client, address))
	server, _, err := unix.Accept(listener)
	check(t, err)
	return client, server
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wait collects readiness by slot, masked by interest, until something came or timeout passed.
func wait(t *testing.T, b backend.Backend, interest backend.What, timeout time.Duration) map[backend.Token]backend.What {
	t.Helper()
	got := map[backend.Token]backend.What{}
	ready := make([]backend.Ready, 16)
	for deadline := time.Now().Add(timeout); len(got) == 0; {
		n, err := b.Wait(ready, max(0, time.Until(deadline)))
		check(t, err)
		for _, r := range ready[:n] {
			got[r.Token] |= r.What & interest
		}
		if time.Now().After(deadline) {
			break
		}
	}
	return got
}

func expect(t *testing.T, got map[backend.Token]backend.What, token backend.Token, want backend.What) {
	t.Helper()
	if len(got) != 1 || got[token] != want {
		t.Fatalf("got %v, want %v for token %#x alone", got, want, token)
	}
}

func TestMethodsOpenByNameAndByPreference(t *testing.T) {
	names := backend.Methods()
	if len(names) == 0 {
		t.Fatal("no methods")
	}
	for _, name := range names {
		b, err := backend.Open(name)
		if errors.Is(err, backend.ErrUnavailable) {
			t.Log(err)
			continue
		}
		check(t, err)
		if b.Name() != name {
			t.Errorf("Open(%q) is called %q", name, b.Name())
		}
		check(t, b.Close())
	}
	b, err := backend.Open("")
	check(t, err)
	if b.Name() != names[0] {
		t.Errorf("preferred is %q, want %q", b.Name(), names[0])
	}
	check(t, b.Close())
	if _, err := backend.Open("carrier pigeon"); err == nil {
		t.Error("an unknown method opened")
	}
}

func TestTokenKeepsSlotAndGeneration(t *testing.T) {
	token := backend.NewToken(123456, 0xfedcba98)
	if token.Slot() != 123456 || token.Generation() != 0xfedcba98 {
		t.Fatalf("slot %d, generation %#x", token.Slot(), token.Generation())
	}
}

func TestWhatNamesItself(t *testing.T) {
	for what, want := range map[backend.What]string{0: "none", read: "Read", read | closed: "Read|Closed"} {
		if got := what.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint8(what), got, want)
		}
	}
}

func TestFeaturesNameThemselves(t *testing.T) {
	for features, want := range map[backend.Features]string{0: "none", backend.EarlyClose | backend.OneThread: "EarlyClose|OneThread"} {
		if got := features.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint8(features), got, want)
		}
	}
}

// A withdrawal lets go of the file, however much comes at the same moment: what is closed next is closed for its peer.
func TestWithdrawalWhileSomethingComes(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		ready := make([]backend.Ready, 1)
		for round := range 300 {
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			check(t, err)
			for _, fd := range fds {
				unix.SetNonblock(fd, true)
			}
			ended := make(chan error)
			go func() {
				for {
					if _, err := unix.Write(fds[1], []byte("x")); err != nil && err != unix.EAGAIN {
						ended <- err
						return
					}
				}
			}()
			token := backend.NewToken(fds[0], 1)
			check(t, b.Set(fds[0], token, 0, read|backend.ET))
			for range 3 {
				must(b.Wait(ready, 0))(t)
			}
			check(t, b.Set(fds[0], token, read|backend.ET, 0))
			unix.Close(fds[0])
			select {
			case <-ended: // EPIPE, or ECONNRESET for what was not read
			case <-time.After(soon / 10):
				t.Fatalf("round %d: the peer is not told of the end", round)
			}
			unix.Close(fds[1])
		}
	})
}

// E1: readiness to read, to write, and both.
func TestReadiness(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		token := backend.NewToken(a, 7)
		check(t, b.Set(a, token, 0, read))
		if got := wait(t, b, all, 0); len(got) != 0 {
			t.Fatalf("ready before anything was sent: %v", got)
		}
		unix.Write(peer, []byte("x"))
		expect(t, wait(t, b, all, soon), token, read)
		check(t, b.Set(a, token, read, read|write))
		expect(t, wait(t, b, all, soon), token, read|write)
		check(t, b.Set(a, token, read|write, write))
		expect(t, wait(t, b, all, soon), token, write)
		check(t, b.Set(a, token, write, 0))
		if got := wait(t, b, all, 0); len(got) != 0 {
			t.Fatalf("ready after interest was withdrawn: %v", got)
		}
	})
}

// E10: the end of the stream is Read, and Closed for who asked; a hang-up reaches whatever was asked.
func TestEndOfStreamAndHangUp(t *testing.T) {
	interests := []backend.What{read, write, closed, read | closed, read | write, all}
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		for _, interest := range interests {
			if !b.Features().Has(backend.EarlyClose) && interest.Has(closed) {
				continue
			}
			a, peer := pair(t)
			token := backend.NewToken(a, 1)
			check(t, b.Set(a, token, 0, interest))
			check(t, unix.Shutdown(peer, unix.SHUT_WR))
			if interest.Has(read | closed) {
				expect(t, wait(t, b, interest, soon), token, interest)
			}
			check(t, unix.Shutdown(peer, unix.SHUT_RD))
			expect(t, wait(t, b, interest, soon), token, interest)
			check(t, b.Set(a, token, interest, 0))
		}
	})
}

// E10: a reset is told on every method, to any interest, also to one in Closed alone (libevent on epoll spins here). Only select has no
// bit for it.
func TestReset(t *testing.T) {
	interests := []backend.What{read, write, closed, all}
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		for _, interest := range interests {
			if b.Name() == "select" {
				interest &^= closed
			}
			if interest == 0 {
				continue
			}
			client, server := tcpPair(t)
			token := backend.NewToken(server, 1)
			check(t, b.Set(server, token, 0, interest))
			check(t, unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
			check(t, unix.Close(client)) // sends RST
			for wait(t, b, interest, soon)[token] != interest {
				// Write is ready before the reset is: go on until all that was asked is told.
			}
			check(t, b.Set(server, token, interest, 0))
			check(t, unix.Close(server))
		}
	})
}

// E10: an error or a hang-up that comes alone, without readiness to read or write, is told to whoever waits.
func TestHangUpAlone(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		for _, interest := range []backend.What{read, write} {
			fds := make([]int, 2)
			check(t, unix.Pipe(fds))
			watched, other := fds[0], fds[1]
			if interest == write {
				watched, other = other, watched
				check(t, unix.SetNonblock(watched, true))
				for p := make([]byte, 1<<12); ; { // a full pipe has no room, and then no reader
					if _, err := unix.Write(watched, p); err != nil {
						break
					}
				}
			}
			token := backend.NewToken(watched, 1)
			check(t, b.Set(watched, token, 0, interest))
			if got := wait(t, b, interest, 0); len(got) != 0 {
				t.Fatalf("ready before the hang-up: %v", got)
			}
			check(t, unix.Close(other))
			expect(t, wait(t, b, interest, soon), token, interest)
			check(t, b.Set(watched, token, interest, 0))
			check(t, unix.Close(watched))
		}
	})
}

// Closed alone is for one who does not read: data that waits must not wake the loop again and again.
func TestClosedAloneIsNotWokenByData(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		if !b.Features().Has(backend.EarlyClose) {
			t.Skip("the method cannot tell")
		}
		a, peer := pair(t)
		token := backend.NewToken(a, 1)
		check(t, b.Set(a, token, 0, closed))
		unix.Write(peer, []byte("x"))
		if got := wait(t, b, all, 0); len(got) != 0 {
			t.Fatalf("ready for data: %v", got)
		}
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		expect(t, wait(t, b, closed, soon), token, closed)
		expect(t, wait(t, b, closed, soon), token, closed) // a level, not an edge
		check(t, b.Set(a, token, closed, read|closed))
		expect(t, wait(t, b, all, soon), token, read|closed)
		check(t, b.Set(a, token, read|closed, read))
		expect(t, wait(t, b, all, soon), token, read) // Closed is only for who asked
		check(t, b.Set(a, token, read, 0))
	})
}

// E10: who waits to write is not woken, again and again, because the peer has stopped sending; and still learns that there is room.
func TestEndOfStreamIsNotForWhoWaitsToWrite(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		p := make([]byte, 1<<16)
		for {
			if _, err := unix.Write(a, p); err != nil {
				break
			}
		}
		token := backend.NewToken(a, 1)
		check(t, b.Set(a, token, 0, write))
		for range 2 {
			if got := wait(t, b, all, 0); len(got) != 0 {
				t.Fatalf("ready without room: %v", got)
			}
			check(t, unix.Shutdown(peer, unix.SHUT_WR))
		}
		for {
			if _, err := unix.Read(peer, p); err != nil {
				break
			}
		}
		for range 2 { // a level
			expect(t, wait(t, b, all, soon), token, write)
		}
		check(t, b.Set(a, token, write, 0))
	})
}

// E6: a number that was closed while registered and names another file now belongs to the new owner alone.
func TestReusedNumber(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		old, oldPeer := pair(t)
		check(t, b.Set(old, backend.NewToken(old, 1), 0, read))
		other, otherPeer := pair(t)
		check(t, unix.Dup2(other, old)) // closes the registered file, and its number names another
		if err := b.Set(old, backend.NewToken(old, 1), read, read|write); !errors.Is(err, backend.ErrReplaced) {
			t.Fatalf("changing the interest of a replaced file: %v, want ErrReplaced", err)
		}
		check(t, b.Set(old, backend.NewToken(old, 1), read, 0)) // there is nothing to withdraw: no error
		token := backend.NewToken(old, 2)
		check(t, b.Set(old, token, 0, read))
		unix.Write(oldPeer, []byte("to the dead"))
		unix.Write(otherPeer, []byte("x"))
		expect(t, wait(t, b, all, soon), token, read)
		check(t, b.Set(old, token, read, 0))
	})
}

// E7: closing one of two duplicates leaves the other; dup2 may bring the file back to the number.
func TestDuplicates(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		twin := must(unix.Dup(a))(t)
		check(t, b.Set(a, backend.NewToken(a, 1), 0, read))
		check(t, b.Set(twin, backend.NewToken(twin, 1), 0, read))
		unix.Write(peer, []byte("x"))
		got := map[backend.Token]backend.What{}
		for len(got) < 2 {
			for token, what := range wait(t, b, all, soon) {
				got[token] |= what
			}
		}
		check(t, unix.Close(twin))
		b.Set(twin, backend.NewToken(twin, 1), read, 0) // too late for epoll to find it
		check(t, unix.Dup2(a, twin))
		token := backend.NewToken(twin, 2)
		check(t, b.Set(twin, token, 0, read|write))
		check(t, b.Set(a, backend.NewToken(a, 1), read, 0))
		expect(t, wait(t, b, all, soon), token, read|write)
		check(t, b.Set(twin, token, read|write, 0))
		unix.Close(twin)
	})
}

// A descriptor closed while registered is forgotten without a word and ends no wait for ever after.
func TestClosedWhileRegistered(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, _ := pair(t)
		gone := must(unix.Dup(a))(t)
		token := backend.NewToken(gone, 1)
		fds := make([]int, 2)
		check(t, unix.Pipe(fds))
		check(t, unix.Dup2(fds[0], gone)) // a file with no duplicate once fds[0] is closed
		check(t, unix.Close(fds[0]))
		defer unix.Close(fds[1])
		check(t, b.Set(gone, token, 0, read))
		check(t, unix.Close(gone))
		for range 3 {
			if got := wait(t, b, all, 0); len(got) != 0 {
				t.Fatalf("a closed descriptor is ready: %v", got)
			}
		}
		if err := b.Set(gone, token, read, read|write); !errors.Is(err, backend.ErrReplaced) {
			t.Fatalf("changing the interest of a closed descriptor: %v, want ErrReplaced", err)
		}
		check(t, b.Set(gone, token, read, 0))
	})
}

// Nor does it end a wait before its time: a loop would spin on it.
func TestClosedWhileRegisteredLetsWaitsSleep(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		undisturbed(t)
		fds := make([]int, 2)
		check(t, unix.Pipe(fds))
		defer unix.Close(fds[1])
		check(t, b.Set(fds[0], backend.NewToken(fds[0], 1), 0, read))
		check(t, unix.Close(fds[0]))
		wait(t, b, all, 0) // the one that finds out
		expectMostlyInTime(t, b, 10*time.Millisecond, 4)
	})
}

// expectMostlyInTime makes a number of waits that end by their timeout, and fails if half of them are over early. Signals of the runtime
// interrupt a wait now and then, and so does the kernel on a thread that had a ring which was closed; what is early by a fault is
// so each time.
func expectMostlyInTime(t *testing.T, b backend.Backend, timeout time.Duration, waits int) {
	t.Helper()
	early := 0
	for range waits {
		begun := time.Now()
		n, err := b.Wait(make([]backend.Ready, 1), timeout)
		if n != 0 || err != nil {
			t.Fatalf("waiting %v: %d, %v", timeout, n, err)
		}
		if time.Since(begun) < timeout {
			early++
		}
	}
	if early >= waits/2 {
		t.Fatalf("%d of %d waits for %v were over early", early, waits, timeout)
	}
}

// Nor does it hide what is ready beside it: select fails as a whole for the sake of one.
func TestReadyBesideClosed(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		token := backend.NewToken(a, 1)
		check(t, b.Set(a, token, 0, read))
		var twins []int
		for range 100 {
			twin := must(unix.Dup(peer))(t)
			twins = append(twins, twin)
			check(t, b.Set(twin, backend.NewToken(twin, 1), 0, read))
		}
		for i, twin := range twins {
			check(t, unix.Close(twin))
			if i%2 == 0 {
				check(t, b.Set(twin, backend.NewToken(twin, 1), read, 0))
			}
		}
		unix.Write(peer, []byte("x"))
		expect(t, wait(t, b, all, soon), token, read)
		check(t, b.Set(a, token, read, 0))
	})
}

// E12: what can never be waited for is refused, and refusal changes nothing.
func TestRefusal(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		file := must(os.CreateTemp(t.TempDir(), ""))(t)
		defer file.Close()
		regular := int(file.Fd())
		for range 2 {
			if err := b.Set(regular, backend.NewToken(regular, 1), 0, read); !errors.Is(err, unix.EPERM) {
				t.Fatalf("a regular file: %v, want EPERM", err)
			}
		}
		directory := must(os.Open(t.TempDir()))(t)
		defer directory.Close()
		if err := b.Set(int(directory.Fd()), backend.NewToken(0, 1), 0, read); !errors.Is(err, unix.EPERM) {
			t.Fatalf("a directory: %v, want EPERM", err)
		}
		if err := b.Set(1<<20, backend.NewToken(1<<20, 1), 0, read); !errors.Is(err, unix.EBADF) {
			t.Fatalf("no descriptor at all: %v, want EBADF", err)
		}
		if got := wait(t, b, all, 0); len(got) != 0 {
			t.Fatalf("a refused descriptor is ready: %v", got)
		}
	})
}

// E8, E9: an edge is told once where the method can, and level is what the others give.
func TestEdge(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		token := backend.NewToken(a, 1)
		check(t, b.Set(a, token, 0, read|backend.ET))
		unix.Write(peer, []byte("xy"))
		expect(t, wait(t, b, all, soon), token, read)
		again := len(wait(t, b, all, 0))
		if edge := b.Features().Has(backend.EdgeTriggered); edge && again != 0 || !edge && again != 1 {
			t.Fatalf("told %d times more, with edge triggering %v", again, edge)
		}
		unix.Write(peer, []byte("z"))
		expect(t, wait(t, b, all, soon), token, read)
		check(t, b.Set(a, token, read|backend.ET, 0))
	})
}

// T8 for the method itself: late is allowed, early is not, and 0 does not block.
func TestTimeoutIsNeverEarly(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		undisturbed(t)
		for _, timeout := range []time.Duration{0, time.Microsecond, 300 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond} {
			expectMostlyInTime(t, b, timeout, 20)
		}
	})
}

// An interruption is (0, nil), not an error.
func TestInterruption(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		runtime.LockOSThread() // the signal has to hit the thread that waits
		defer runtime.UnlockOSThread()
		interrupt := interrupter(t)
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					interrupt()
				}
			}
		}()
		defer close(stop)
		n, err := b.Wait(make([]backend.Ready, 1), time.Minute)
		if n != 0 || err != nil {
			t.Fatalf("interrupted wait: %d, %v", n, err)
		}
	})
}

// E11: far more ready descriptors than fit into one answer are all told, none twice before all once.
func TestThousandsReadyAtOnce(t *testing.T) {
	const wanted = 5000
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		unix.Write(peer, []byte("x"))
		var twins []int
		for range wanted {
			twin, err := unix.Dup(a)
			if err != nil {
				t.Logf("only %d descriptors: %v", len(twins), err)
				break
			}
			defer unix.Close(twin)
			err = b.Set(twin, backend.NewToken(twin, 9), 0, read)
			if err != nil && b.Name() == "select" && runtime.GOOS != "linux" {
				t.Logf("only %d descriptors: %v", len(twins), err)
				break
			}
			check(t, err)
			twins = append(twins, twin)
		}
		for _, size := range []int{len(twins), 512} {
			seen := map[backend.Token]bool{}
			ready := make([]backend.Ready, size)
			for turn := 0; len(seen) < len(twins); turn++ {
				if turn > len(twins) {
					t.Fatalf("%d of %d seen after %d turns of %d", len(seen), len(twins), turn, size)
				}
				n, err := b.Wait(ready, soon)
				check(t, err)
				for _, r := range ready[:n] {
					seen[r.Token] = true
				}
			}
		}
		for _, twin := range twins {
			check(t, b.Set(twin, backend.NewToken(twin, 9), read, 0))
		}
	})
}

// Registrations that come and go in a seeded order leave exactly the ready ones ready: the table behind poll moves entries about.
func TestChurn(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		generator, seed := seeded()
		t.Logf("seed %d", seed)
		interest := map[backend.Token]backend.What{}
		var fds []int
		for range 40 {
			a, peer := pair(t)
			unix.Write(peer, []byte("x")) // a is ready to read and to write
			fds = append(fds, a)
		}
		choices := []backend.What{0, read, write, read | write}
		ready := make([]backend.Ready, 2*len(fds)) // with kqueue the directions of a descriptor come apart
		for range 3000 {
			fd, what := fds[generator.IntN(len(fds))], choices[generator.IntN(len(choices))]
			token := backend.NewToken(fd, 3)
			check(t, b.Set(fd, token, interest[token], what))
			if interest[token] = what; what == 0 {
				delete(interest, token)
			}
			n, err := b.Wait(ready, 0)
			check(t, err)
			got := map[backend.Token]backend.What{}
			for _, r := range ready[:n] {
				got[r.Token] |= r.What
			}
			if !maps.Equal(got, interest) || n != len(got) && b.Name() != "kqueue" {
				t.Fatalf("%d ready: %v, want %v", n, got, interest)
			}
		}
	})
}

// A wait allocates nothing, nor does a change of interest.
func TestAllocatesNothing(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		a, peer := pair(t)
		unix.Write(peer, []byte("x"))
		token := backend.NewToken(a, 1)
		check(t, b.Set(a, token, 0, read))
		ready := make([]backend.Ready, 8)
		turn := func() {
			b.Wait(ready, time.Millisecond)
			b.Wait(ready, -1)
			b.Wait(ready, 0)
			b.Set(a, token, read, read|write)
			b.Set(a, token, read|write, 0)
			b.Wait(ready, time.Microsecond)
			b.Set(a, token, 0, read)
		}
		turn()
		if n := testing.AllocsPerRun(100, turn); n != 0 {
			t.Fatalf("%v allocations a turn", n)
		}
	})
}

func TestMethodsAreDistinct(t *testing.T) {
	names := backend.Methods()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(backend.Methods()) {
		t.Fatal("a method is listed twice")
	}
}

// TestClosedAloneBesideARemoval: select has no bit for Closed, and an owner without bits must survive that the words are trimmed.
func TestClosedAloneBesideARemoval(t *testing.T) {
	eachMethod(t, func(t *testing.T, b backend.Backend) {
		low, _ := pair(t)
		high, _ := pair(t)
		far := must(unix.FcntlInt(uintptr(high), unix.F_DUPFD_CLOEXEC, 512))(t)
		defer unix.Close(far)
		check(t, b.Set(far, backend.NewToken(far, 1), 0, backend.Closed))
		check(t, b.Set(low, backend.NewToken(low, 1), 0, read))
		check(t, b.Set(low, backend.NewToken(low, 1), read, 0))
		check(t, b.Set(far, backend.NewToken(far, 1), backend.Closed, read))
		check(t, b.Set(far, backend.NewToken(far, 1), read, 0))
	})
}

// Each feature has its name.
func TestFeaturesHaveNames(t *testing.T) {
	all := backend.EdgeTriggered | backend.ConstantTime | backend.EarlyClose | backend.OneThread
	if text := all.String(); text != "EdgeTriggered|ConstantTime|EarlyClose|OneThread" {
		t.Errorf("all features are %q", text)
	}
	if text := backend.Features(0).String(); text != "none" {
		t.Errorf("no features are %q", text)
	}
}
