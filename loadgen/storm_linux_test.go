package main

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A server that lets nobody's echo out before the whole crowd is there can be passed only by a client that opens all connections before it
// waits for any; and no connection of the next storm may come while one of the last is open.
func TestStormsComeAtOnceAndOneAfterTheOther(t *testing.T) {
	const crowd, each = 20, 3
	var mu sync.Mutex
	arrived := sync.NewCond(&mu)
	seen, open, mixed := 0, 0, 0
	address := serve(t, func(number int, c net.Conn) {
		mu.Lock()
		seen, open = seen+1, open+1
		if open > crowd {
			mixed++
		}
		arrived.Broadcast()
		for whole := (number/crowd + 1) * crowd; seen < whole; {
			arrived.Wait()
		}
		mu.Unlock()
		var bytes int
		echo(func(_ int, _ int64, b []byte) ([]byte, bool) {
			if bytes += len(b); bytes == each*64 { // before the client can know that it is over
				mu.Lock()
				open--
				mu.Unlock()
			}
			return b, true
		})(number, c)
	})
	p := plan(address, crowd, 2, 64)
	p.RequestsPerConn, p.Storm = each, true
	w := window{WarmUp: brief.WarmUp, Measure: 500 * time.Millisecond, Requests: 4 * crowd * each}
	m, err := drive(t.Context(), newEpollEngine, w, p)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if mixed > 0 || seen < 2*crowd || seen%crowd != 0 || m.Connects == 0 || m.Latencies.Count() != m.Requests {
		t.Errorf("%d connections came, %d of them into the storm before; %d requests over %d connections in the window", seen, mixed, m.Requests, m.Connects)
	}
}

// A server that is not there loses every connection of the storm, and the run ends with its faults.
func TestStormAgainstNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p := plan(l.Addr().String(), 5, 1, 64)
	p.RequestsPerConn, p.Storm = 1, true
	_, err = drive(t.Context(), newEpollEngine, brief, p)
	if faults, ok := err.(*Faults); !ok || faults.count[reset] != 5 {
		t.Errorf("%v", err)
	}
}

// A handshake that nobody answers is not called a server that stopped reading.
func TestConnectionThatIsNotMadeIsCalledSo(t *testing.T) {
	s := newStreams(Plan{Conns: 1, Schedule: Schedule{Depth: 1}, Sizes: fixedSize(64)}, newPayload(1))[0]
	s.queue(0, 64)
	s.release()
	err := s.stuck(int64(6*time.Second), 5*time.Second)
	if err == nil || err.Error() != "connection 0 was not made within 6.0 s" {
		t.Errorf("%v", err)
	}
}
