package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// sleeps counts how often each thread of this process has gone to sleep.
func sleeps(t *testing.T) map[string]int {
	t.Helper()
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]int)
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		var n int
		_, count, _ := strings.Cut(string(text), "\nvoluntary_ctxt_switches:")
		if _, err := fmt.Sscan(count, &n); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[path] = n
	}
	return all
}

// An open loop sleeps some twice for a request. No other thread of the generator may wake up as often because of it: what they cost
// stands in no record, and is taken from the engine's core.
func TestSleepsLeaveTheSchedulerAlone(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("there is one P, and an engine that kept it would keep it from the test")
	}
	silent := serve(t, func(_ int, c net.Conn) { // so that nothing but the engine has anything to do
		c.Read(make([]byte, 1<<20))
		<-t.Context().Done()
	})
	e := newEpollEngine(openPlan(silent, 1, 0, 5000)).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, ended := new(control), make(chan error, 1)
	before := sleeps(t)
	go func() {
		_, err := e.run(c)
		ended <- err
	}()
	time.Sleep(500 * time.Millisecond) // the load is by the clock; there is no state to wait for
	all, most := 0, 0                  // the engine's own thread is the one that sleeps most
	for thread, n := range sleeps(t) {
		n -= before[thread]
		all, most = all+n, max(most, n)
	}
	c.enter(draining)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	aside, sent := all-most, int(e.streams[0].begun)
	t.Logf("%d requests sent, other threads slept %d times", sent, aside)
	if sent == 0 || aside > sent/4 {
		t.Errorf("other threads slept %d times while the engine sent %d requests", aside, sent)
	}
}

// An engine may keep its P only if one is left for who conducts it.
func TestEnginesLeaveAP(t *testing.T) {
	for _, c := range []struct {
		ps, engines int
		want        bool
	}{{1, 1, false}, {2, 1, true}, {2, 2, false}, {4, 3, true}} {
		was := runtime.GOMAXPROCS(c.ps)
		got := mayKeepP(Plan{Shares: c.engines})
		runtime.GOMAXPROCS(was)
		if got != c.want {
			t.Errorf("%d engines of %d Ps: %v", c.engines, c.ps, got)
		}
	}
}
