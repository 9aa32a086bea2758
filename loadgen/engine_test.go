package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// eachEngine runs a test with every engine of this system.
func eachEngine(t *testing.T, test func(t *testing.T, newEngine func(Plan) engine)) {
	eachOf(t, engines(), test)
}

func eachOf(t *testing.T, engines map[string]func(Plan) engine, test func(t *testing.T, newEngine func(Plan) engine)) {
	for name, newEngine := range engines {
		t.Run(name, func(t *testing.T) {
			needEngine(t, name)
			test(t, newEngine)
		})
	}
}

// eachThreadEngine runs a test with every engine that has a thread of its own and can do the open loop.
func eachThreadEngine(t *testing.T, test func(t *testing.T, newEngine func(Plan) engine)) {
	own := engines()
	delete(own, "portable")
	eachOf(t, own, test)
}

// needEngine skips a test where the kernel lets the engine not run.
func needEngine(t *testing.T, name string) {
	t.Helper()
	if err := refused(name); err != nil {
		t.Skip(err)
	}
}

var brief = window{WarmUp: 60 * time.Millisecond, Measure: 100 * time.Millisecond}

func plan(address string, conns, depth, messageBytes int) Plan {
	return Plan{
		Network: "tcp", Address: address, Seed: 42, CPU: -1, Conns: conns, All: conns, Shares: 1,
		Schedule: Schedule{Depth: depth}, Sizes: fixedSize(messageBytes), Patience: 20 * time.Second,
	}
}

// drive connects engines for the plans and conducts them.
func drive(ctx context.Context, newEngine func(Plan) engine, w window, plans ...Plan) (Measurement, error) {
	var all []engine
	for _, p := range plans {
		e := newEngine(p)
		defer e.close()
		if err := e.connect(ctx); err != nil {
			return Measurement{}, err
		}
		all = append(all, e)
	}
	return conduct(ctx, all, &place{address: plans[0].Address}, w)
}

func TestRightServersPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		for _, c := range []struct {
			name                       string
			handle                     handler
			conns, depth, messageBytes int
		}{
			{"one byte", echo(unchanged), 1, 1, 1},
			{"small", echo(unchanged), 64, 1, 64},
			{"pipelined", echo(unchanged), 16, 16, 64},
			{"bulk", echo(unchanged), 4, 1, 64 << 10},
			{"longer than the table", echo(unchanged), 2, 2, 1 << 20},
			{"odd sizes", echo(unchanged), 7, 3, 1009},
		} {
			t.Run(c.name, func(t *testing.T) {
				p := plan(serve(t, c.handle), c.conns, c.depth, c.messageBytes)
				m, err := drive(t.Context(), newEngine, brief, p)
				if err != nil {
					t.Fatal(err)
				}
				if m.Latencies.Count() != m.Requests {
					t.Errorf("%d latencies of %d requests", m.Latencies.Count(), m.Requests)
				}
				if err := littlesLaw(float64(c.conns*c.depth), m); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// A Unix socket takes some 200 KB, so most writes of this test fall short and the engine must wait for room.
func TestShortWritesOverAUnixSocket(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		p := plan(filepath.Join(t.TempDir(), "socket"), 2, 1, 1<<20)
		p.Network = "unix"
		serveOn(t, p.Network, p.Address, wholeMessages(1<<20))
		e := newEngine(p)
		defer e.close()
		if err := e.connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := conduct(t.Context(), []engine{e}, &place{}, brief); err != nil {
			t.Fatal(err)
		}
		if e.answered() == 0 {
			t.Error("nothing was answered")
		}
	})
}

func TestSeveralEnginesAreOneLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		plans := split(plan(serve(t, echo(unchanged)), 10, 2, 64), []int{0, 0, 0})
		first := 0
		for i := range plans {
			plans[i].CPU = -1 // this machine may have one core
			if plans[i].First != first {
				t.Errorf("engine %d begins at connection %d, want %d", i, plans[i].First, first)
			}
			first += plans[i].Conns
		}
		if len(plans) != 3 || first != 10 {
			t.Fatalf("%d engines with %d connections", len(plans), first)
		}
		if m, err := drive(t.Context(), newEngine, brief, plans...); err != nil || m.Latencies.Count() != m.Requests {
			t.Errorf("%v, %d requests", err, m.Requests)
		}
	})
}

// What the engine counts must be what the server saw: bytes out = bytes in = requests × size.
func TestBothSidesCountTheSame(t *testing.T) {
	const size = 1000
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		var seen atomic.Int64
		counting := echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
			seen.Add(int64(len(b)))
			return b, true
		})
		e := newEngine(plan(serve(t, counting), 9, 3, size))
		defer e.close()
		if err := e.connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		m, err := conduct(t.Context(), []engine{e}, &place{}, brief)
		if err != nil {
			t.Fatal(err)
		}
		if e.answered()*size != seen.Load() || m.Requests > e.answered() || e.answered() == 0 {
			t.Errorf("%d requests of %d bytes, %d of them within the window; the server saw %d bytes", e.answered(), size, m.Requests, seen.Load())
		}
	})
}

// Every fault of a server must be named. The engine may find it in warm-up or later: either way the cell has no figures.
func TestWrongServersAreNamed(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		for _, c := range []struct {
			name     string
			handle   handler
			patience time.Duration
			want     []string
		}{
			{"wrong byte", wrongAt(3, 777), 20 * time.Second, []string{"wrong byte at offset 777 of connection 3"}},
			{"wrong first byte", wrongAt(0, 0), 20 * time.Second, []string{"wrong byte at offset 0 of connection 0"}},
			{"truncates", endsAt(1000), 20 * time.Second, []string{"the server closed connection", "after 1000 bytes of echo, with 24 still owed", "reset by peer", "broken pipe"}},
			{"resets", resets, 20 * time.Second, []string{"reset by peer", "broken pipe", "the server closed connection"}},
			{"stalls", stallsAt(640), 200 * time.Millisecond, []string{"has waited 0."}},
			{"says too much", talkative, 20 * time.Second, []string{"more than it had sent", "wrong byte at offset 64"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				p := plan(serve(t, c.handle), 8, 1, 64)
				p.Patience = c.patience
				_, err := drive(t.Context(), newEngine, brief, p)
				if err == nil {
					t.Fatal("no error")
				}
				for _, want := range c.want {
					if strings.Contains(err.Error(), want) {
						return
					}
				}
				t.Errorf("%v; want one of %q", err, c.want)
			})
		}
	})
}

// A server is not to blame for what the portable engine's own writer has not come to yet.
func TestOwnDelayIsNoFault(t *testing.T) {
	p := plan("nowhere", 1, 1, 64)
	p.Patience = time.Second
	e := newPortableEngine(p).(*portableEngine)
	now := int64(time.Hour)
	e.issue(&e.streams[0], now)
	if err := e.overdue(&e.streams[0], now+int64(time.Second)); err != nil {
		t.Error(err)
	}
	if err := e.overdue(&e.streams[0], now+int64(time.Second)+1); err == nil {
		t.Error("it waits for ever")
	}
}

// An engine that got no core for the whole window has nothing to count, and must not count what came before it.
func TestMissedWindowIsEmpty(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		e := newEngine(plan(serve(t, echo(unchanged)), 2, 1, 64))
		defer e.close()
		if err := e.connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, ended := new(control), make(chan Tally)
		go func() {
			tally, err := e.run(c)
			if err != nil {
				t.Error(err)
			}
			ended <- tally
		}()
		for e.answered() < 100 {
			time.Sleep(time.Millisecond)
		}
		c.enter(draining)
		if tally := <-ended; tally.Requests != 0 || tally.Latencies.Count() != 0 || tally.CPU != 0 {
			t.Errorf("%d requests, %d latencies, %v of CPU", tally.Requests, tally.Latencies.Count(), tally.CPU)
		}
	})
}

func TestMissingBytesAreExplained(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		drops := echo(func(_ int, offset int64, b []byte) ([]byte, bool) {
			if offset == 0 {
				return b[100:], true
			}
			return b, true
		})
		_, err := drive(t.Context(), newEngine, brief, plan(serve(t, drops), 1, 1, 4096))
		if err == nil || !strings.Contains(err.Error(), "so 100 bytes are missing") {
			t.Errorf("%v", err)
		}
	})
}

func TestRefusedConnectionIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		e := newEngine(plan(address, 8, 1, 64))
		defer e.close()
		if err := e.connect(t.Context()); err == nil || !strings.Contains(err.Error(), "connection 0 of 8") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v", err)
		}
	})
}

// A server that holds each reply back for 20 ms must show all of it: no latency may be shorter. (How much longer is the
// machine's affair.)
func TestDelayShowsInFull(t *testing.T) {
	const delay = 20 * time.Millisecond
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		p := plan(serve(t, delayed(delay)), 4, 1, 64)
		var m Measurement
		for m.Requests == 0 { // a machine may stand still for longer than a window
			var err error
			if m, err = drive(t.Context(), newEngine, window{WarmUp: 60 * time.Millisecond, Measure: 200 * time.Millisecond}, p); err != nil {
				t.Fatal(err)
			}
		}
		if shortest := time.Duration(m.Latencies.Min()); shortest < delay-delay/1000 { // the histogram keeps one part in a thousand
			t.Errorf("a reply took %v, the server holds each for %v", shortest, delay)
		}
	})
}

func TestCalledOff(t *testing.T) {
	eachEngine(t, func(t *testing.T, newEngine func(Plan) engine) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := drive(ctx, newEngine, window{WarmUp: time.Hour, Measure: time.Hour}, plan(serve(t, echo(unchanged)), 8, 1, 64))
		if !errors.Is(err, errAborted) {
			t.Errorf("%v", err)
		}
	})
}

// TestSteadyStateAllocatesNothing counts the allocations of the whole process while the engine answers 20 000 requests.
// Go's runtime and the server of the test may allocate now and then; an engine that allocates per request would make 20 000.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	eachThreadEngine(t, allocatesNothing)
}

func allocatesNothing(t *testing.T, newEngine func(Plan) engine) {
	const requests = 20_000
	e := newEngine(plan(serve(t, echo(unchanged)), 16, 4, 64))
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := new(control)
	ended := make(chan error, 1)
	go func() {
		_, err := e.run(c)
		ended <- err
	}()
	until := func(answered int64) {
		for e.answered() < answered {
			select {
			case err := <-ended:
				t.Fatal(err)
			case <-time.After(time.Millisecond):
			}
		}
	}
	var before, after runtime.MemStats
	until(2000)
	runtime.ReadMemStats(&before)
	until(e.answered() + requests)
	runtime.ReadMemStats(&after)
	c.enter(draining)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	polls := uint64(after.Mallocs-before.Mallocs) / 4 // time.After allocates a few objects each millisecond
	t.Logf("%d allocations in all", after.Mallocs-before.Mallocs)
	if polls > requests/10 {
		t.Errorf("%d allocations while %d requests were answered", after.Mallocs-before.Mallocs, requests)
	}
}
