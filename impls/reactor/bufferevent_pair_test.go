package reactor

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What is particular to pairs; kinds_test.go has what they share with the others.

// libevent's test bufferevent_pair.
func TestC13PartnersKnowEachOther(t *testing.T) {
	b := newBase(t, WithPriorities(3))
	one, other := b.NewPair()
	equal(t, "partner", one.Partner() == other && other.Partner() == one, true)
	equal(t, "partner of a filter", rot13(one).Partner() == nil, true)
	equal(t, "descriptor", one.FD(), -1)
	equal(t, "enabled", one.Enabled(), Write)
	other.SetPriority(0)
	equal(t, "priority", other.io.priority, 0)
	one.Close()
	equal(t, "partner of a closed one", other.Partner() == one && one.Partner() == other, true)
	panics(t, func() { other.SetPriority(3) })
}

// Two that answer each other do it turn by turn, not one within the other.
func TestC13PairsDoNotRecurse(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		one, other := b.NewPair()
		const rounds = 1000
		depth, calls := 0, 0
		for _, bev := range []*BufferEvent{one, other} {
			bev.OnRead(func() {
				depth++
				if calls++; depth > 1 {
					t.Error("called from within the other")
				}
				if calls < rounds {
					bev.Output().Append(bev.Input())
				}
				depth--
			})
			bev.OnWrite(func() { equal(t, "depth", depth, 0) })
			bev.Enable(Read)
		}
		one.Write([]byte("ball"))
		equal(t, "calls before the loop", calls, 0)
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, rounds)
		if turns := b.Stats().Turns; turns < rounds {
			t.Errorf("%d calls in %d turns", rounds, turns)
		}
	})
}

// The very memory that was written is read.
func TestC13PairsCopyNothing(t *testing.T) {
	b := newBase(t)
	one, other := b.NewPair()
	memory, freed := make([]byte, 1<<20), false
	one.Output().AddReference(memory, func() { freed = true })
	other.OnRead(func() {
		if b.Stats().Reads > 1 {
			return
		}
		var first [1][]byte
		other.Input().Peek(first[:], 1)
		if &first[0][0] != &memory[0] {
			t.Error("the bytes were copied")
		}
	})
	other.Enable(Read)
	loop(t, b, 0, Empty)
	equal(t, "received", other.Input().Len(), len(memory))
	equal(t, "freed while it is in the input", freed, false)
	other.Input().Reset()
	equal(t, "freed afterwards", freed, true)
}

// Nothing is under way but what the reader wants: the output of the writer shows what does not fit.
func TestC13OnlyWhatTheReaderWantsIsUnderWay(t *testing.T) {
	b := newBase(t)
	one, other := b.NewPair()
	one.Write(make([]byte, 1000))
	calm(t, b)
	equal(t, "output while nobody reads", one.output.Len(), 1000)
	other.SetWatermark(Read, 0, 300)
	other.Enable(Read)
	calm(t, b)
	equal(t, "output", one.output.Len(), 700)
	equal(t, "input", other.input.Len(), 300)
	one.Disable(Write)
	other.Input().Drain(300)
	calm(t, b)
	equal(t, "input while writing is disabled", other.input.Len(), 0)
	one.Close()
	told := outcomes(other)
	calm(t, b)
	same(t, "told", *told, []Outcome{EOF | Reading})
	equal(t, "what Close dropped", other.input.Len(), 0)
}

// An echo over a pair, and a stream through one, allocate nothing.
func TestC1PairAllocatesNothing(t *testing.T) {
	b := newBase(t)
	one, other := b.NewPair()
	echo(other)
	message, p := bytes.Repeat([]byte("x"), 3000), make([]byte, 4096)
	one.Enable(Read)
	once := func() {
		one.Write(message)
		for one.input.Len() < len(message) {
			b.Loop(NonBlock)
		}
		one.Input().Read(p)
	}
	once()
	if n := testing.AllocsPerRun(200, once); n != 0 {
		t.Errorf("%v allocations an echo", n)
	}
}

// An echo through a filter, or TLS, is one read and one write of the socket, no change of interest and no allocation of ours.
func TestC1FilteredEchoCosts(t *testing.T) {
	for name, wrap := range map[string]maker{"filter": over(socketKind, framed), "TLS": secure(socketKind)} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				bev, peer := wrap(t, b)
				echo(bev)
				got := take(peer)
				calm(t, b)
				bev.SetTimeouts(time.Minute, time.Minute)
				before := b.Stats()
				const echoes = 50
				for range echoes {
					peer.Write([]byte("hello"))
					until(t, b, "the echo", func() bool { return got.Len() == 5 })
					got.Reset()
				}
				after := b.Stats()
				// Two ends, each with a read on two levels and a write of the socket.
				between(t, "reads", int(after.Reads-before.Reads), 4*echoes, 4*echoes)
				between(t, "writes", int(after.Writes-before.Writes), 2*echoes, 2*echoes)
				equal(t, "changes of interest", after.Sets-before.Sets, 0)
				between(t, "turns", int(after.Turns-before.Turns), 2*echoes, 4*echoes)
				once := func() {
					peer.Write([]byte("hello"))
					for got.Len() < 5 {
						b.Loop(NonBlock)
					}
					got.Reset()
				}
				once()
				if n := testing.AllocsPerRun(100, once); n > 0 && name == "filter" || n > 10 {
					t.Errorf("%v allocations an echo", n)
				} else {
					t.Logf("%v allocations an echo", n)
				}
				bev.Close()
				peer.Close()
			})
		})
	}
}

// What is wrong with a descriptor under a filter is told by the filter.
func TestC12BadDescriptorUnderAFilter(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev := rot13(b.NewBufferEvent(1 << 20))
		told := outcomes(bev)
		bev.Enable(Read)
		loop(t, b, 0, Empty)
		same(t, "told", *told, []Outcome{Error | Reading | Writing})
		if !errors.Is(bev.Err(), unix.EBADF) {
			t.Errorf("error %v", bev.Err())
		}
		bev.Close()
	})
}
