package reactor

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// The price of the library: an echo over 64 connections by bufferevents, and by nothing but a backend, a read and a write.
// Both include the client's write and read.

const benchConnections = 64

func BenchmarkEcho(b *testing.B) {
	for _, method := range backend.Methods() {
		b.Run(method+"/library", func(b *testing.B) { benchLibrary(b, method, 0) })
		b.Run(method+"/library with timeouts", func(b *testing.B) { benchLibrary(b, method, time.Minute) })
		b.Run(method+"/bare", func(b *testing.B) { benchBare(b, method) })
	}
}

func benchLibrary(b *testing.B, method string, timeout time.Duration) {
	base := newBase(b, WithBackend(method))
	clients := make([]int, benchConnections)
	for i := range clients {
		var bev *BufferEvent
		bev, clients[i] = owned(b, base)
		echo(bev)
		bev.SetTimeouts(timeout, timeout)
	}
	base.Loop(NonBlock)
	measure(b, clients, func() { base.Loop(NonBlock) })
}

func benchBare(b *testing.B, method string) {
	poller, err := backend.Open(method)
	check(b, err)
	defer poller.Close()
	clients := make([]int, benchConnections)
	for i := range clients {
		var fd int
		fd, clients[i] = pair(b)
		check(b, poller.Set(fd, backend.NewToken(fd, 1), 0, Read))
	}
	ready, p := make([]backend.Ready, 128), make([]byte, 64<<10)
	measure(b, clients, func() {
		n, _ := poller.Wait(ready, 0)
		for _, r := range ready[:n] {
			fd := r.Token.Slot()
			got, _ := rawRead(fd, p)
			rawWrite(fd, p[:got])
		}
	})
}

// measure sends a message on each connection, makes a turn of the server, and receives the answers.
func measure(b *testing.B, clients []int, turn func()) {
	message, p := make([]byte, 64), make([]byte, 128)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(clients) {
		for _, fd := range clients {
			rawWrite(fd, message)
		}
		turn()
		for _, fd := range clients {
			if n, err := rawRead(fd, p); n != len(message) {
				b.Fatal(n, err)
			}
		}
	}
}

func rawRead(fd int, p []byte) (int, unix.Errno)  { return rawTransfer(unix.SYS_READ, fd, p) }
func rawWrite(fd int, p []byte) (int, unix.Errno) { return rawTransfer(unix.SYS_WRITE, fd, p) }

// BenchmarkTimers is a timer set and fired, among so many others that are waiting.
func BenchmarkTimers(b *testing.B) {
	for _, others := range []int{0, 100, 10_000} {
		b.Run(fmt.Sprintf("among %d", others), func(b *testing.B) {
			base := newBase(b)
			for i := range others {
				base.NewTimer(func() {}).Add(time.Hour + time.Duration(i))
			}
			timer := base.NewTimer(func() {})
			b.ReportAllocs()
			for b.Loop() {
				timer.Add(0)
				base.Loop(NonBlock)
			}
		})
	}
}

// BenchmarkTimerOf100Microseconds tells how often the loop wakes for a timer that is alone: a turn has one wait.
func BenchmarkTimerOf100Microseconds(b *testing.B) {
	for _, method := range backend.Methods() {
		b.Run(method, func(b *testing.B) {
			base := newBase(b, WithBackend(method))
			fired := 0
			timer := base.NewTimer(func() { fired++ })
			before := base.Stats().Turns
			for range b.N {
				timer.Add(100 * time.Microsecond)
				base.Loop(0)
			}
			if fired != b.N {
				b.Fatalf("%d timers fired of %d", fired, b.N)
			}
			b.ReportMetric(float64(base.Stats().Turns-before)/float64(b.N), "waits/timer")
		})
	}
}

// BenchmarkLife is a connection from accept over an echo to its end. Go's own figure of allocations is cut to a whole number, this one not.
func BenchmarkLife(b *testing.B) {
	for _, method := range backend.Methods() {
		b.Run(method, func(b *testing.B) {
			base := newBase(b, WithBackend(method))
			where, p := listenForLives(b, base, func(bev *BufferEvent) { bev.SetCallbacks(echoes) }), make([]byte, 16)
			for range 2 * pagePlaces { // until all that is made once is there: pages, queues, chunks
				live(b, base, where, p)
			}
			before := mallocs()
			b.ResetTimer()
			for range b.N {
				live(b, base, where, p)
			}
			b.ReportMetric(float64(mallocs()-before)/float64(b.N), "allocations/life")
		})
	}
}

func rawTransfer(call uintptr, fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
