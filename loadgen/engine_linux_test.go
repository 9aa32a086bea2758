package main

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A byte that nobody asked for, lying in a socket when all is answered, must be found by the last look.
func TestUnaskedByteIsFound(t *testing.T) {
	address := serve(t, func(_ int, c net.Conn) {
		c.Write([]byte("!"))
		c.Read(make([]byte, 1)) // until the client closes
	})
	e := newEpollEngine(plan(address, 2, 1, 64)).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; n == 0; {
		var err error
		if n, err = e.ready(10); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.silent(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.finish(clock()); err == nil || !strings.Contains(err.Error(), "1 bytes more than it had sent (0)") {
		t.Errorf("%v", err)
	}
}

// The thread's clocks must move with the thread: work costs processor time.
func TestThreadClocks(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var clocks threadClocks
	if err := clocks.open(); err != nil {
		t.Fatal(err)
	}
	defer clocks.close()
	before, err := clocks.read()
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after.cpu == before.cpu; {
		if after, err = clocks.read(); err != nil || after.cpu < before.cpu {
			t.Fatalf("%v then %v, %v", before, after, err)
		}
	}
	if later, err := clocks.read(); err != nil || later.wait < before.wait {
		t.Errorf("waited %v then %v, %v", before, later, err)
	}
}

// Each wake-up is one time slice more.
func TestThreadClocksCountWakeUps(t *testing.T) {
	const naps = 20
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var clocks threadClocks
	if err := clocks.open(); err != nil {
		t.Fatal(err)
	}
	defer clocks.close()
	before, err := clocks.read()
	if err != nil {
		t.Fatal(err)
	}
	for range naps {
		nap := unix.NsecToTimespec(int64(100 * time.Microsecond))
		unix.Nanosleep(&nap, nil)
	}
	if after, err := clocks.read(); err != nil || after.slices < before.slices+naps {
		t.Errorf("%d slices, after %d naps %d, %v", before.slices, naps, after.slices, err)
	}
}

func TestSchedstatIsRead(t *testing.T) {
	if q, err := queuedOf([]byte("500 90 7\n")); err != nil || q != (queued{90, 7}) {
		t.Errorf("%v, %v", q, err)
	}
	for _, text := range []string{"5", "5 6", "5 x 7", "5 6 x"} {
		if q, err := queuedOf([]byte(text)); err == nil {
			t.Errorf("%q is believed: %v", text, q)
		}
	}
}
