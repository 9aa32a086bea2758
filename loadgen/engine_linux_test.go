package main

import (
	"net"
	"runtime"
	"strings"
	"testing"
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
		if n, err = e.ready(idleWait); err != nil {
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
	before, waited, err := clocks.read()
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after == before; {
		if after, _, err = clocks.read(); err != nil || after < before {
			t.Fatalf("%v then %v, %v", before, after, err)
		}
	}
	if _, later, err := clocks.read(); err != nil || later < waited {
		t.Errorf("waited %v then %v, %v", waited, later, err)
	}
	if _, err := waitOf([]byte("5")); err == nil {
		t.Error("a schedstat of one field is believed")
	}
}
