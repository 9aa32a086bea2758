package main

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every connection carries exactly its number of requests and is then closed, in both loops; each byte is verified against the
// stream of its own connection.
func TestChurn(t *testing.T) {
	const size, each = 64, 5
	for loop, rate := range map[string]float64{"closed": 0, "open": 2000} {
		t.Run(loop, func(t *testing.T) {
			var mu sync.Mutex
			bytes := make(map[int]int64)
			address := serve(t, func(number int, c net.Conn) {
				echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
					mu.Lock()
					bytes[number] += int64(len(b))
					mu.Unlock()
					return b, true
				})(number, c)
			})
			p := plan(address, 4, 2, size)
			p.RequestsPerConn = each
			w := window{WarmUp: brief.WarmUp, Measure: 500 * time.Millisecond, Requests: 10 * each}
			if rate > 0 {
				p.Schedule, w.Open = Schedule{Open: steadyAt(rate, true)}, true
			}
			m, err := drive(t.Context(), newEpollEngine, w, p)
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			whole := 0
			for number, n := range bytes {
				if n > each*size {
					t.Errorf("connection %d carried %d bytes, want at most %d", number, n, each*size)
				}
				if n == each*size {
					whole++
				}
			}
			if m.Connects == 0 || m.Connects < m.Requests/each-8 || int64(whole) < m.Connects-8 || m.Requests == 0 {
				t.Errorf("%d requests over %d new connections in the window; the server saw %d full ones in all", m.Requests, m.Connects, whole)
			}
		})
	}
}

// A server that takes no new connection shows in churn as a fault of that connection, not as an end of the generator.
func TestRefusedRenewalIsAFault(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		l.Close()
		if err == nil {
			echo(unchanged)(0, c)
		}
	}()
	p := plan(l.Addr().String(), 1, 1, 64)
	p.RequestsPerConn = 3
	_, err = drive(t.Context(), newEpollEngine, brief, p)
	if faults, ok := err.(*Faults); !ok || faults.count[reset] != 1 {
		t.Errorf("%v", err)
	}
}

// Stalled readers fill the server's output and then only exist; the measured connections go on.
func TestStalledReadersSendAndNeverRead(t *testing.T) {
	var taken atomic.Int64
	address := serve(t, func(number int, c net.Conn) {
		echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
			if number >= 4 {
				taken.Add(int64(len(b)))
			}
			return b, true
		})(number, c)
	})
	p := plan(address, 4, 1, 64)
	p.Stalled = 3
	m, err := drive(t.Context(), newEpollEngine, brief, p)
	if err != nil {
		t.Fatal(err)
	}
	if m.Requests == 0 || taken.Load() < 100_000 || m.StalledLost != 0 {
		t.Errorf("%d requests; the server took %d bytes of stalled readers, %d of which it ended", m.Requests, taken.Load(), m.StalledLost)
	}
}

func TestStalledReadersThatTheServerEndsAreCounted(t *testing.T) {
	p := plan(serve(t, func(number int, c net.Conn) {
		if number >= 1 {
			c.Read(make([]byte, 1)) // not before the client is there
			c.(*net.TCPConn).SetLinger(0)
			return
		}
		echo(unchanged)(number, c)
	}), 1, 1, 64)
	p.Stalled = 2
	e := newEpollEngine(p).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range e.stalled.fds {
		for e.stalled.fds[i] >= 0 {
			e.stalled.sent[i] = 0
			e.stalled.feed(e.payload, i)
		}
	}
	if e.stalled.lost != 2 {
		t.Errorf("%d lost", e.stalled.lost)
	}
}

// Connections come at their pace: n of them take at least the n-1 gaps between them, however fast the machine is.
func TestConnectionsKeepTheirPace(t *testing.T) {
	p := plan(serve(t, echo(unchanged)), 11, 1, 64)
	p.ConnectsPerS = 100
	e := newEpollEngine(p)
	defer e.close()
	began := time.Now()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("eleven connections at 100/s took %v", took)
	}
}
