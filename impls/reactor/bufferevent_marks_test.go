package reactor

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// A few bytes may keep a whole chunk of memory: a peer that sends pieces a little larger than a small chunk, and reads nothing, is stopped by
// what they keep, not by what they are.
func TestC3BackPressureCountsMemory(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		echo(bev)
		fill(bev.FD()) // nothing is written from here on
		piece := make([]byte, 2100)
		for range 500 {
			unix.Write(peer, piece)
			turns(t, b, 1)
		}
		high, chunk := bev.settings.writeHigh, b.pool.ChunkBytes()
		if bev.output.Takes(high + 2*chunk) {
			t.Errorf("%d bytes keep more than %d bytes of memory", bev.output.Len(), high+2*chunk)
		}
		equal(t, "reading while paused", bev.io.what.Has(Read), false)
		until(t, b, "reading again", func() bool {
			drain(peer)
			return bev.io.what.Has(Read)
		})
		bev.Close()
	})
}

// A little output does not pause, however low the mark: it is in a small chunk, and a chunk is granted in any case.
func TestSmallMarksDoNotPauseForMemory(t *testing.T) {
	b := newBase(t)
	bev, _ := owned(t, b)
	bev.SetWatermark(Write, 0, 100)
	bev.Enable(Read)
	fill(bev.FD())
	bev.Output().Write(make([]byte, 100))
	turns(t, b, 1)
	equal(t, "reading at the mark", bev.io.what.Has(Read), true)
	bev.Output().Write([]byte("x"))
	turns(t, b, 1)
	equal(t, "reading above it", bev.io.what.Has(Read), false)
	bev.Close()
}

// A high mark that was set binds writers: Write takes what fits and says so, and OnWrite tells when there is room.
func TestC4HighMarkBindsWrite(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		equal(t, "room with the mark of the house", bev.Room(), 256<<10)
		n, err := bev.Write(make([]byte, 300<<10))
		equal(t, "taken without a mark of one's own", n, 300<<10)
		check(t, err)
		bev.Output().Reset()

		sent := bytes.Repeat([]byte("0123456789"), 100_000)
		got := take(peer)
		rest, longest := sent, 0
		write := func() {
			n, err := bev.Write(rest)
			equal(t, "error", errors.Is(err, ErrOutputFull), n < len(rest))
			rest = rest[n:]
			longest = max(longest, bev.output.Len())
		}
		bev.SetWatermark(Write, 1000, 5000)
		bev.OnWrite(write)
		equal(t, "room", bev.Room(), 5000)
		write()
		equal(t, "room when full", bev.Room(), 0)
		until(t, b, "everything", func() bool { return got.Len() == len(sent) })
		equal(t, "received what was sent", bytes.Equal(got.Bytes(), sent), true)
		equal(t, "longest output", longest, 5000)
		bev.SetWatermark(Write, 0, 0)
		equal(t, "room without a mark", bev.Room(), math.MaxInt)
	})
}

// A filter puts no more into the output under it than that one's high mark allows, and one unit of its own.
func TestC4HighMarkOfTheUnderlying(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, _ *virtualTime) {
		under, peer := owned(t, b)
		bev := framed(under)
		under.SetWatermark(Write, 0, 10_000)
		longest := 0
		under.output.OnChange(func(int, int, int) { longest = max(longest, under.unwritten()) })
		fill(under.FD())
		bev.Write(make([]byte, 200_000))
		calm(t, b)
		between(t, "underlying output", under.unwritten(), 10_000, 11_002)
		between(t, "output that waits", bev.output.Len(), 180_000, 190_000)
		until(t, b, "everything is written", func() bool {
			drain(peer)
			return bev.unwritten()+under.unwritten() == 0
		})
		between(t, "longest", longest, 10_000, 11_002)
		bev.Close()
	})
}

func TestMaxSingle(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		var reads, writes []int
		peer.OnRead(func() { reads = append(reads, peer.Input().Drain(math.MaxInt)) })
		left := 100_000
		bev.SetWatermark(Write, left, 0)
		bev.OnWrite(func() {
			writes = append(writes, left-bev.unwritten())
			left = bev.unwritten()
		})
		peer.SetMaxSingle(3000, 0)
		bev.SetMaxSingle(0, 7000)
		peer.Enable(Read)
		bev.Write(make([]byte, left))
		calm(t, b)
		total := 0
		for _, n := range reads {
			between(t, "one read", n, 1, 3000)
			total += n
		}
		for _, n := range writes {
			between(t, "one write", n, 1, 7000)
		}
		equal(t, "all", total, 100_000)
		equal(t, "left", left, 0)
	})
	bev, _ := newBase(t).NewPair()
	panics(t, func() { bev.SetMaxSingle(-1, 0) })
	panics(t, func() { bev.SetMaxSingle(0, -1) })
}

// libevent's test trigger in all its variants: marks count unless ignored, and nothing is called at once.
func TestTrigger(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		var calls []string
		bev.OnRead(func() { calls = append(calls, fmt.Sprint("read ", bev.Input().Len())) })
		bev.OnWrite(func() { calls = append(calls, "write") })
		bev.OnEvent(func(what Outcome) { calls = append(calls, what.String()) })
		bev.SetWatermark(Read, 10, 0)
		bev.Enable(Read)
		peer.Write([]byte("12345"))
		calm(t, b)
		bev.Trigger(Read, false)
		bev.Trigger(Write, false)
		same(t, "called at once", calls, nil)
		calm(t, b)
		same(t, "calls", calls, []string{"write"})

		calls = nil
		bev.Trigger(Read|Write, true)
		bev.TriggerEvent(EOF | Reading)
		calm(t, b)
		same(t, "calls", calls, []string{"read 5", "write", "EOF|Reading"})

		calls = nil
		peer.Write([]byte("67890"))
		calm(t, b)
		bev.Trigger(Read, false)
		calm(t, b)
		same(t, "calls", calls, []string{"read 10", "read 10"})

		calls = nil
		bev.Trigger(Read|Write, true)
		bev.TriggerEvent(EOF | Reading)
		bev.Close()
		bev.TriggerEvent(EOF | Reading)
		calm(t, b)
		same(t, "calls after Close", calls, nil)
	})
}

func TestCallbacks(t *testing.T) {
	b := newBase(t)
	bev, _ := b.NewPair()
	calls := 0
	bev.OnRead(func() { calls++ })
	bev.OnWrite(func() { calls += 10 })
	bev.OnEvent(func(Outcome) { calls += 100 })
	set := bev.Callbacks()
	set.Read(bev)
	set.Write(bev)
	set.Event(bev, EOF)
	equal(t, "calls", calls, 111)
	bev.SetWatermark(Read, 1, 2)
	bev.SetWatermark(Write, 3, 4)
	low, high := bev.Watermarks(Read)
	wlow, whigh := bev.Watermarks(Write)
	same(t, "marks", []int{low, high, wlow, whigh}, []int{1, 2, 3, 4})
}

// libevent's bufferevent_replacefd: a client that reconnects keeps its bufferevent, and what is in it.
func TestC9SetFD(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		got, told := take(bev), outcomes(bev)
		check(t, unix.Shutdown(peer, unix.SHUT_RDWR))
		turns(t, b, 2)
		same(t, "told", *told, []Outcome{EOF | Reading})
		first := bev.FD()
		fill(first)
		bev.Write([]byte("kept"))
		turns(t, b, 1)

		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		check(t, unix.SetNonblock(fds[0], true))
		check(t, unix.SetNonblock(fds[1], true))
		defer unix.Close(fds[1])
		check(t, bev.SetFD(fds[0]))
		equal(t, "the first is open", isOpen(first), false)
		equal(t, "descriptor", bev.FD(), fds[0])
		bev.Enable(Read)
		bev.Write([]byte(" and new"))
		write(t, fds[1], "hello")
		turns(t, b, 2)
		equal(t, "received", got.String(), "hello")
		if text := read(t, fds[1]); text != "kept and new" && text != " and new" {
			t.Errorf("sent %q", text)
		}
		check(t, bev.SetFD(-1))
		equal(t, "the second is open", isOpen(fds[0]), false)
		loop(t, b, 0, Empty)
		bev.Close()

		one, _ := b.NewPair()
		under, _ := owned(t, b)
		equal(t, "error", bev.SetFD(-1), ErrClosed)
		equal(t, "error", one.SetFD(-1), ErrNoSocket)
		equal(t, "error", rot13(under).SetFD(-1), ErrNoSocket)
		equal(t, "error", under.SetFD(-1), ErrFiltered)
	})
}

// The same number given anew is another connection.
func TestC9SetFDToTheSameNumber(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev := b.NewBufferEvent(-1)
		for range 3 {
			one, other := pair(t)
			fd, err := unix.FcntlInt(uintptr(one), unix.F_DUPFD_CLOEXEC, 0)
			check(t, err)
			check(t, bev.SetFD(fd))
			echo(bev)
			write(t, other, "hello")
			turns(t, b, 2)
			equal(t, "echo", read(t, other), "hello")
			check(t, bev.SetFD(-1))
		}
		bev.Close()
	})
}
