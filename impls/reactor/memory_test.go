package reactor

import (
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// echoes is what all connections of these tests share.
var echoes = &Callbacks{Read: func(bev *BufferEvent) { bev.Output().Append(bev.Input()) }}

// The sizes are promised in the package comment.
func TestSizes(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the sizes are those of a 64-bit machine")
	}
	equal(t, "Event", unsafe.Sizeof(Event{}), 64)
	equal(t, "BufferEvent", unsafe.Sizeof(BufferEvent{}), 128)
	equal(t, "connection", unsafe.Sizeof(connection{}), 64) // on a Proactor, in addition
	equal(t, "fdEntry", unsafe.Sizeof(fdEntry{}), 16)
	equal(t, "heapNode", unsafe.Sizeof(heapNode{}), 24)
}

// An idle connection that has echoed costs no more than its parts, with a timeout for each direction: 128 for the BufferEvent, 16 for
// its place in the table of descriptors, 25 in a list of timers, and what the backend keeps.
func TestIdleConnectionMemory(t *testing.T) {
	most := map[string]int{"epoll": 180, "kqueue": 180, "poll": 225, "select": 250, "io_uring-poll": 250, "io_uring": 295}
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const connections, batch = 4096, 64
		peers := make([]int, 0, connections+batch)
		idleBatch(t, b, &peers, batch) // with what the loop has once
		before := heapBytes()
		for range connections / batch {
			idleBatch(t, b, &peers, batch)
		}
		each := (heapBytes() - before) / connections
		t.Logf("%d bytes a connection, of which 16 are the place of the peer's descriptor", each)
		if runtime.GOOS == "linux" && b.Method() == "kqueue" {
			t.Skip("the model of kevent keeps on the heap what a kernel keeps for itself")
		}
		if each > most[b.Method()]+16 {
			t.Errorf("%d bytes a connection, want %d and the 16 of its peer's place at most", each, most[b.Method()])
		}
		for _, fd := range peers {
			unix.Close(fd)
		}
		loop(t, b, 0, Empty)
	})
}

// idleBatch adds n connections to peers that have echoed once.
func idleBatch(t *testing.T, b *Base, peers *[]int, n int) {
	first := len(*peers)
	for range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		check(t, unix.SetNonblock(fds[0], true))
		*peers = append(*peers, fds[1])
		bev := b.NewBufferEvent(fds[0])
		bev.SetTimeouts(time.Minute, time.Minute)
		bev.SetCallbacks(echoes)
		bev.Enable(Read)
		write(t, fds[1], "hello")
	}
	turns(t, b, 3)
	p := make([]byte, 16)
	for _, fd := range (*peers)[first:] {
		if n, _, _ := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT); n != 5 {
			t.Fatalf("an echo of %d bytes", n)
		}
	}
}

// heapBytes is what is alive on the heap.
func heapBytes() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// A connection's whole life, from accept over an echo to its end, is one allocation: its BufferEvent. Whoever holds on to that after the
// end holds nobody else's, so it is not used again. Callbacks by closures are three objects more; that is the control.
func TestLifeOfAConnectionAllocatesOnce(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		shared := func(bev *BufferEvent) { bev.SetCallbacks(echoes) }
		closures := func(bev *BufferEvent) { bev.OnRead(func() { bev.Output().Append(bev.Input()) }) }
		equal(t, "allocations with shared callbacks", allocationsOfALife(t, b, shared), 1)
		equal(t, "allocations with closures", allocationsOfALife(t, b, closures), 4)
	})
}

func allocationsOfALife(t *testing.T, b *Base, prepare func(*BufferEvent)) uint64 {
	t.Helper()
	where, p := listenForLives(t, b, prepare), make([]byte, 16)
	for range 2 * pagePlaces { // until all that is made once is there: pages, queues, chunks
		live(t, b, where, p)
	}
	const lives = 500
	before := mallocs()
	for range lives {
		live(t, b, where, p)
	}
	return (mallocs() - before + lives/2) / lives // the runtime itself may allocate a few
}

// listenForLives accepts connections with a timeout for each direction.
func listenForLives(t testing.TB, b *Base, prepare func(*BufferEvent)) socketAddress {
	t.Helper()
	listener, err := b.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
		bev := b.NewBufferEvent(fd)
		bev.SetTimeouts(time.Minute, time.Minute)
		prepare(bev)
		bev.Enable(Read)
	})
	check(t, err)
	t.Cleanup(listener.Close)
	where, err := resolve("tcp", listener.Addr())
	check(t, err)
	return where
}

// live is a connection from beginning to end, as its client sees it.
func live(t testing.TB, b *Base, where socketAddress, p []byte) {
	fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	unix.Connect(fd, where.raw)
	unix.SetNonblock(fd, true)
	unix.Write(fd, p[:5])
	n, begun := -1, time.Now()
	for ; n <= 0 && time.Since(begun) < soon; n, _ = unix.Read(fd, p) {
		b.Loop(NonBlock)
	}
	unix.Close(fd)
	for b.fds.connections.Load() > 0 && time.Since(begun) < soon {
		b.Loop(NonBlock)
	}
	if n != 5 || b.fds.connections.Load() > 0 {
		t.Fatalf("an echo of %d bytes; %d connections are left", n, b.fds.connections.Load())
	}
}

// mallocs is how many objects were allocated so far.
func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}
