package reactor

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These are ends that meet: a call in the last callback of a turn, a buffer that nobody will empty any more.

// A refused descriptor tells its error while the bufferevent settles; what the callback asks for is still done.
func TestCloseAfterFlushFromTheLastCallback(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		name := filepath.Join(t.TempDir(), "file")
		check(t, os.WriteFile(name, nil, 0o600))
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_CLOEXEC, 0)
		check(t, err)
		bev := b.NewBufferEvent(fd)
		bev.OnEvent(func(Outcome) { bev.CloseAfterFlush() })
		bev.Enable(Read)
		loop(t, b, 0, Empty)
		equal(t, "closed", bev.Closed(), true)
		equal(t, "pending", b.Pending(), 0)
	})
}

// Output that comes after CloseWrite goes nowhere, so it must not hold back the input.
func TestOutputAfterCloseWriteDoesNotPause(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		ended := false
		bev.OnEvent(func(Outcome) { ended = true; bev.Close() })
		bev.Enable(Read)
		bev.CloseWrite()
		for sent := 0; sent <= 2*bev.settings.writeHigh; {
			n := fill(peer)
			if n == 0 {
				t.Fatalf("nothing is read any more after %d bytes", sent)
			}
			sent += n
			for range 8 { // a turn reads at most a chunk
				turns(t, b, 1)
			}
		}
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		for turn := 0; turn < 100 && !ended; turn++ { // a proactor may have taken in more than the eight chunks
			turns(t, b, 1)
		}
		equal(t, "the end of the input was told", ended, true)
	})
}

// Without a high mark there is nothing to pause for.
func TestRemovingTheHighMarkResumes(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) {
		bev, peer := owned(t, b)
		got := ""
		bev.OnRead(func() { got += string(bev.Input().Pullup(bev.Input().Len())) })
		bev.Enable(Read)
		bev.Write(make([]byte, 4*bev.settings.writeHigh))
		turns(t, b, 1)
		equal(t, "reading above the mark", bev.io.what.Has(Read), false)
		bev.SetWatermark(Write, 0, 0)
		write(t, peer, "hello")
		turns(t, b, 2)
		equal(t, "input", got, "hello")
		bev.Close()
	})
}

// A name in Linux's abstract namespace is no file, so closing its listener removes none.
func TestAbstractNameIsNoFile(t *testing.T) {
	if !abstract("@x") {
		t.Skip("this system has no abstract names")
	}
	t.Chdir(t.TempDir())
	check(t, os.WriteFile("@precious", []byte("data"), 0o600))
	b := newBase(t)
	l, err := b.Listen("unix", "@precious", func(fd int, _ netip.AddrPort) { unix.Close(fd) })
	check(t, err)
	l.Close()
	if _, err := os.Stat("@precious"); err != nil {
		t.Fatal(err)
	}
}

// Activations that are cancelled again leave nothing behind, even at a level that never runs.
func TestCancelledActivationsTakeNoMemory(t *testing.T) {
	b := newBase(t, WithPriorities(2))
	low := b.NewTimer(func() {})
	low.SetPriority(1)
	var urgent *Event
	rounds := 0
	urgent = b.NewTimer(func() {
		low.Active(Timeout)
		low.Del()
		if rounds++; rounds < 10_000 {
			urgent.Active(Timeout)
		}
	})
	urgent.SetPriority(0)
	urgent.Active(Timeout)
	loop(t, b, 0, Empty)
	if places := cap(b.levels[1].queue); places > 64 {
		t.Errorf("%d rounds left %d places", rounds, places)
	}
}

// A clean-up function that adds to the buffer that is being closed: what it adds is refused and cleaned up, not kept for ever.
func TestCleanupThatAddsDuringClose(t *testing.T) {
	b := newBase(t)
	bev, _ := owned(t, b)
	var cleaned []string
	output := bev.Output()
	check(t, output.AddReference([]byte("first"), func() {
		cleaned = append(cleaned, "first")
		if err := output.AddReference([]byte("second"), func() { cleaned = append(cleaned, "second") }); err == nil {
			t.Error("a closing bufferevent has taken more output")
		}
	}))
	bev.Close()
	same(t, "cleaned up", cleaned, []string{"first", "second"})
	equal(t, "left in the output", output.Len(), 0)
}

// A callback that takes longer than the timeouts comes before CloseAfterFlush: what is pending still has its whole time.
func TestSlowCallbackLeavesDrainingItsTime(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		bev.SetTimeouts(time.Hour, time.Second) // with a timer pending, each turn begins by reading the clock
		sent := 4 << 20
		bev.OnRead(func() {
			v.pass(time.Minute)
			bev.Write(make([]byte, sent))
			bev.CloseAfterFlush()
		})
		bev.Enable(Read)
		write(t, peer, "go")
		got := 0
		turns(t, b, 2) // the second finds the socket full
		for !bev.Closed() {
			got += drain(peer)
			b.Loop(Once)
		}
		equal(t, "received", got+drain(peer), sent)
	})
}

// The same for lingering: two seconds of silence are two seconds after our FIN, and not after the turn that sent it began.
func TestSlowCallbackLeavesLingeringItsTime(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		bev.SetTimeouts(time.Hour, 0)
		bev.OnRead(func() {
			v.pass(time.Minute)
			bev.Write([]byte("unread")) // else closing at once would lose nothing
			bev.CloseAfterFlush()
		})
		bev.Enable(Read)
		write(t, peer, "go")
		until(t, b, "lingering", func() bool { return bev.state == lingering })
		begun := v.now
		for !bev.Closed() {
			b.Loop(Once)
		}
		equal(t, "waited", time.Duration(v.now-begun), lingerSilence)
	})
}

// What has been written is known to be written, whatever holds back what comes next: FIN follows it, and OnWrite is called.
func TestHeldBackAfterTheLastByte(t *testing.T) {
	for name, hold := range map[string]func(t *testing.T, bev *BufferEvent){
		"disabled": func(t *testing.T, bev *BufferEvent) { bev.Disable(Write) },
		"limited": func(t *testing.T, bev *BufferEvent) {
			check(t, bev.SetRateLimit(RateLimit{Write: Rate{PerTick: 1}, Tick: time.Hour}))
			bev.SpendRate(0, 1<<20)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				for closing, end := range map[string]func(*BufferEvent){
					"nothing": func(*BufferEvent) {}, "CloseWrite": (*BufferEvent).CloseWrite, "CloseAfterFlush": (*BufferEvent).CloseAfterFlush,
				} {
					bev, peer := owned(t, b)
					written := 0
					bev.OnWrite(func() { written++ })
					bev.Write([]byte("hello"))
					bev.settle()
					hold(t, bev)
					end(bev)
					for range 4 {
						_, err := b.Loop(NonBlock | KeepAlive) // a disabled direction alone does not keep the loop going
						check(t, err)
					}
					equal(t, "bytes", read(t, peer), "hello")
					if closing != "CloseAfterFlush" {
						equal(t, "OnWrite", written, 1)
					}
					if closing != "nothing" {
						n, err := unix.Read(peer, make([]byte, 1))
						if n != 0 || err != nil {
							t.Errorf("%s: the peer read %d, %v, want the end of the stream", closing, n, err)
						}
					}
					bev.Close()
				}
			})
		})
	}
}

// Reading that is stopped when bytes have come, and goes on before the turn is over, has lost none of them.
func TestReadingStopsForHalfATurn(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		take(peer)
		got := take(bev)
		bev.OnWrite(func() { bev.Enable(Read) })
		calm(t, b)
		stopped := 0
		watcher := b.NewCheck(func() {
			if stopped < 3 && bev.io.result.Has(Read) {
				stopped++
				bev.Disable(Read)
				bev.Write([]byte("x"))
			}
		})
		peer.Write([]byte("hello"))
		until(t, b, "the bytes", func() bool { return got.String() == "hello" })
		watcher.Del()
	})
}

// A limit that is lifted by the very callback that follows its denial holds nothing back.
func TestLimitIsLiftedWithinTheTurn(t *testing.T) {
	lift := map[string]func(bev *BufferEvent, g *RateGroup){
		"taken away": func(bev *BufferEvent, _ *RateGroup) { bev.SetRateLimit(RateLimit{}) },
		"removed":    func(bev *BufferEvent, g *RateGroup) { g.Remove(bev) },
		"filled up":  func(bev *BufferEvent, g *RateGroup) { bev.SpendRate(-100, 0); g.Spend(-100, 0) },
	}
	for name, lift := range lift {
		t.Run(name, func(t *testing.T) {
			forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
				take(peer)
				got := take(bev)
				calm(t, b)
				limit := RateLimit{Read: Rate{PerTick: 100}, Tick: time.Hour}
				g, err := b.NewRateGroup(limit)
				check(t, err)
				if name == "removed" {
					check(t, g.Add(bev))
				} else {
					check(t, bev.SetRateLimit(limit))
				}
				bev.OnWrite(func() { lift(bev, g) })
				denied := false
				watcher := b.NewCheck(func() {
					if bev.io.result.Has(Read) && !denied {
						denied = true
						bev.SpendRate(100, 0)
						g.Spend(100, 0)
						bev.Write([]byte("x"))
					}
				})
				peer.Write([]byte("hello"))
				until(t, b, "the bytes", func() bool { return got.String() == "hello" })
				watcher.Del()
			})
		})
	}
}

// A negative timeout is mostly a difference the wrong way about: it is refused, and what was set before still counts.
func TestC5NegativeTimeoutIsRefused(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, _ := owned(t, b)
		told := outcomes(bev)
		check(t, bev.SetTimeouts(100*ms, Forever))
		for _, times := range [][2]time.Duration{{-ms, 0}, {0, -2}, {Forever - 1, Forever}} {
			if err := bev.SetTimeouts(times[0], times[1]); !errors.Is(err, ErrTimeout) {
				t.Errorf("SetTimeouts(%v, %v): %v", times[0], times[1], err)
			}
		}
		bev.Enable(Read)
		pass(t, b, 200*ms)
		same(t, "told", *told, []Outcome{Timeout | Reading})
		bev.Close()
	})
}

// A callback of a buffer may end the bufferevent in the midst of a read or a write, or give it another descriptor.
func TestC9CallbackOfABufferEndsIt(t *testing.T) {
	for name, end := range map[string]func(bev *BufferEvent){
		"Close":           func(bev *BufferEvent) { bev.Close() },
		"CloseAfterFlush": func(bev *BufferEvent) { bev.CloseAfterFlush() },
		"CloseWrite":      func(bev *BufferEvent) { bev.CloseWrite() },
		"SetFD":           func(bev *BufferEvent) { bev.SetFD(-1) },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				for _, output := range []bool{false, true} {
					bev, peer := owned(t, b)
					buffer := bev.Input()
					if output {
						buffer = bev.Output()
					}
					buffer.OnChange(func(_, added, deleted int) {
						if !output && added > 0 || output && deleted > 0 {
							end(bev)
						}
					})
					bev.Enable(Read)
					write(t, peer, "some")
					check(t, unix.Shutdown(peer, unix.SHUT_WR))
					bev.Write([]byte("more"))
					calm(t, b)
					bev.Close()
					calm(t, b)
					equal(t, "pending", b.Pending(), 0)
				}
			})
		})
	}
}

// A bufferevent that gets another descriptor in the midst of a write goes on there.
func TestC9WriteGoesOnElsewhere(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, _ := owned(t, b)
		fd, other := pair(t)
		fd, err := unix.Dup(fd)
		check(t, err)
		bev.Output().OnChange(func(_, _, deleted int) {
			if deleted == len("here") {
				check(t, bev.SetFD(fd))
				bev.Write([]byte("elsewhere"))
			}
		})
		bev.Write([]byte("here"))
		calm(t, b)
		equal(t, "written", content(other), "elsewhere")
		bev.Close()
	})
}
