package main

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// Connections, and those that take their place, begin at all of the addresses and at no other.
func TestConnectionsBeginAtTheirSources(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[netip.Addr]int)
	address := serve(t, func(number int, c net.Conn) {
		mu.Lock()
		seen[netip.MustParseAddrPort(c.RemoteAddr().String()).Addr()]++
		mu.Unlock()
		echo(unchanged)(number, c)
	})
	p := plan(address, 6, 1, 64)
	p.RequestsPerConn, p.Stalled = 5, 1
	p.Sources = sourceAddresses(netip.MustParsePrefix("127.0.1.4/30"))
	if _, err := drive(t.Context(), newEpollEngine, brief, p); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, a := range p.Sources {
		if seen[a] < 2 {
			t.Errorf("%d connections from %v", seen[a], a)
		}
	}
	if len(seen) != 4 {
		t.Errorf("connections from %v", seen)
	}
}

// An address that no connection can begin at is named, and is no fault of the server.
func TestImpossibleSourcesAreNamed(t *testing.T) {
	address := serve(t, echo(unchanged))
	for prefix, want := range map[string]string{
		"192.0.2.1/32":   "192.0.2.1, which is no address of this machine",
		"2001:db8::/128": "2001:db8::, from which no connection leads to this server",
	} {
		p := plan(address, 1, 1, 64)
		p.Sources = sourceAddresses(netip.MustParsePrefix(prefix))
		e := newEpollEngine(p)
		if err := e.connect(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", prefix, err)
		}
		e.close()
	}
}
