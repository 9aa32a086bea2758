package main

import (
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A kernel that gives no ring is told with the way out, whatever its reason.
func TestRefusalOfARingNamesTheWayOut(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.ENOSYS: "too old", unix.EINVAL: "6.12", unix.EPERM: "io_uring_disabled", unix.EACCES: "seccomp", unix.ENOMEM: "ulimit -l", unix.EMFILE: "gives no ring",
	} {
		if text := refusal(errno).Error(); !strings.Contains(text, want) || !strings.Contains(text, "-engine epoll") {
			t.Errorf("%s; want %q in it", text, want)
		}
	}
}

// Without a descriptor left there is no ring, which is found before anything is started.
func TestRefusedRingEndsTheCommand(t *testing.T) {
	needEngine(t, "io_uring")
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	err := refused("io_uring")
	if err2 := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err2 != nil {
		t.Fatal(err2)
	}
	if err == nil || !strings.Contains(err.Error(), "the io_uring engine cannot run: io_uring_setup: too many open files") {
		t.Errorf("%v", err)
	}
}

// A byte that nobody asked for, lying in a socket when all is answered, must be found by the last look of this engine, too.
func TestUnaskedByteIsFoundInTheRing(t *testing.T) {
	needEngine(t, "io_uring")
	asked := make(chan bool)
	address := serve(t, func(_ int, c net.Conn) {
		got := make([]byte, 64)
		if _, err := c.Read(got); err != nil {
			return
		}
		c.Write(got)
		<-asked
		c.Write([]byte("!"))
		c.Read(got) // until the client closes
	})
	runtime.LockOSThread() // the ring belongs to it
	defer runtime.UnlockOSThread()
	e := newUringEngine(plan(address, 1, 1, 64)).(*uringEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.start(); err != nil {
		t.Fatal(err)
	}
	e.phase = draining
	for e.inFlight > 0 {
		if err := e.turn(); err != nil {
			t.Fatal(err)
		}
	}
	close(asked)
	poll := []unix.PollFd{{Fd: e.fds[0], Events: unix.POLLIN}}
	for n := 0; n == 0; {
		n, _ = unix.Poll(poll, -1)
	}
	if err := e.silent(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.finish(clock()); err == nil || !strings.Contains(err.Error(), "1 bytes more than it had sent (64)") {
		t.Errorf("%v", err)
	}
}

// More connections than the kernel has buffers for at once: receives end for want of one and begin again, and no byte is lost.
func TestReceivesThatFindNoBufferBeginAgain(t *testing.T) {
	needEngine(t, "io_uring")
	p := plan(serve(t, echo(unchanged)), 4, 1, 16<<20) // 256 buffers each
	m, err := drive(t.Context(), newUringEngine, brief, p)
	if err != nil {
		t.Fatal(err)
	}
	if m.Latencies.Count() != m.Requests {
		t.Errorf("%d latencies of %d requests", m.Latencies.Count(), m.Requests)
	}
}

// More connections than submissions: the ring is handed over whenever it is full.
func TestMoreConnectionsThanSubmissions(t *testing.T) {
	needEngine(t, "io_uring")
	path := filepath.Join(t.TempDir(), "socket")
	p := plan(path, ringSubmissions/2+200, 1, 1)
	if descriptorLimit() > 0 && descriptorLimit() < 3*p.Conns {
		t.Skipf("%d descriptors are too few", descriptorLimit())
	}
	p.Network = "unix"
	serveOn(t, "unix", path, echo(unchanged))
	if _, err := drive(t.Context(), newUringEngine, brief, p); err != nil {
		t.Fatal(err)
	}
}

// Completions that do not fit would stop the engine for good, so it takes no more connections than that cannot happen with.
func TestTooManyConnectionsForARing(t *testing.T) {
	needEngine(t, "io_uring")
	e := newUringEngine(plan("nowhere", 40_000, 1, 64))
	defer e.close()
	if err := e.connect(t.Context()); err == nil || !strings.Contains(err.Error(), "40000 connections are too many for one io_uring engine, which has 32256 at most") {
		t.Errorf("%v", err)
	}
}

// A reply never counts as come before it was read, nor a request as sent after it was: what a server holds back shows whole in the open
// loop, too, and the three times add up.
func TestTimesOfTheRingAddUp(t *testing.T) {
	needEngine(t, "io_uring")
	const delay = 20 * time.Millisecond
	p := openPlan(serve(t, delayed(delay)), 4, 0, 200)
	m, err := drive(t.Context(), newUringEngine, window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond, Open: true}, p)
	if err != nil {
		t.Fatal(err)
	}
	if shortest := time.Duration(m.Service.Min()); shortest < delay-delay/1000 {
		t.Errorf("service of %v, the server holds each reply for %v", shortest, delay)
	}
	if m.Latencies.Count() != m.Offered || m.Latencies.Min() < m.Service.Min() {
		t.Errorf("%d of %d; response from %d, service from %d ns on", m.Latencies.Count(), m.Offered, m.Latencies.Min(), m.Service.Min())
	}
}
