package reactor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

var sharings = []Sharing{ReusePort, RoundRobin, LeastConnections}

// onEverySharing runs the test for each way of sharing on each backend.
func onEverySharing(t *testing.T, bases int, test func(t *testing.T, g *Group, sharing Sharing)) {
	t.Helper()
	for _, method := range backend.Methods() {
		for _, sharing := range sharings {
			t.Run(fmt.Sprintf("%s/%v", method, sharing), func(t *testing.T) {
				g, err := NewGroup(bases, WithBackend(method), WithoutEnv())
				check(t, err)
				test(t, g, sharing)
				check(t, g.Close())
			})
		}
	}
}

// whoServed counts connections by base, and answers each with one byte.
type whoServed struct {
	mu     sync.Mutex
	counts map[*Base]int
}

func (w *whoServed) serve(b *Base, fd int, _ netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts == nil {
		w.counts = map[*Base]int{}
	}
	w.counts[b]++
	bev := b.NewBufferEvent(fd)
	echo(bev)
	bev.Write([]byte{'!'})
}

func (w *whoServed) list(g *Group) (counts []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range g.Len() {
		counts = append(counts, w.counts[g.Base(i)])
	}
	return counts
}

// greeted connects and waits until somebody has served the connection.
func greeted(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(soon))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatalf("not served: %v", err)
	}
	return c
}

// Connections are spread over all loops: by the kernel somehow, by hand in turn, or to where the fewest are.
func TestA4ConnectionsAreSpread(t *testing.T) {
	onEverySharing(t, 4, func(t *testing.T, g *Group, sharing Sharing) {
		var served whoServed
		listeners, err := g.Listen("tcp", "127.0.0.1:0", sharing, served.serve)
		check(t, err)
		check(t, g.Start())
		const connections = 96 // that the kernel leaves one of four out has a chance of 4·(3/4)^96, one in 10^11
		for range connections {
			greeted(t, "tcp", listeners[0].Addr())
		}
		counts := served.list(g)
		total := 0
		for _, n := range counts {
			total += n
			if n == 0 || sharing != ReusePort && n != connections/4 {
				t.Errorf("%v connections", counts)
			}
		}
		equal(t, "connections", total, connections)
		equal(t, "accepted, by all", g.Stats().Accepted, connections)
		check(t, g.Stop())
		check(t, g.Wait())
	})
}

// The fewest are counted as they come and go: what has left makes room.
func TestLeastConnections(t *testing.T) {
	g, err := NewGroup(3, WithoutEnv())
	check(t, err)
	var served whoServed
	listeners, err := g.Listen("tcp", "127.0.0.1:0", LeastConnections, served.serve)
	check(t, err)
	check(t, g.Start())
	var open []net.Conn
	for range 9 {
		open = append(open, greeted(t, "tcp", listeners[0].Addr()))
	}
	same(t, "connections", served.list(g), []int{3, 3, 3})
	for i := 1; i < 9; i += 3 { // all of the second base
		open[i].Close()
	}
	for deadline := time.Now().Add(soon); g.bases[1].fds.connections.Load() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the closed connections still count")
		}
	}
	for range 3 {
		greeted(t, "tcp", listeners[0].Addr())
	}
	same(t, "connections", served.list(g), []int{3, 6, 3})
	check(t, g.Stop())
	check(t, g.Wait())
	check(t, g.Close())
}

// Shutdown delivers what every loop still owes, however slowly it is read, closes the idle connections and the listeners, and ends.
func TestShutdownDrainsEveryLoop(t *testing.T) {
	onEverySharing(t, 3, func(t *testing.T, g *Group, sharing Sharing) {
		var served whoServed
		listeners, err := g.Listen("tcp", "127.0.0.1:0", sharing, served.serve)
		check(t, err)
		address := listeners[0].Addr()
		check(t, g.Start())
		var connections [12]net.Conn
		for i := range connections {
			connections[i] = greeted(t, "tcp", address)
		}
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
		for _, c := range connections[:9] {
			_, err := c.Write(sent)
			check(t, err)
		}
		for s := g.Stats(); s.Reads < 9; s = g.Stats() { // a part of each is on its way
		}
		check(t, g.Shutdown(soon))
		for i, c := range connections {
			got, err := io.ReadAll(c)
			if !bytes.HasPrefix(sent, got) || i < 9 && len(got) == 0 || err != nil && !errors.Is(err, unix.ECONNRESET) {
				t.Errorf("connection %d: %d bytes, %v", i, len(got), err)
			}
			c.Close()
		}
		check(t, g.Wait())
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Error("somebody still listens")
		}
		equal(t, "pending", g.Stats().Pending, 0)
	})
}

// A Shutdown whose grace is over ends the loops though a peer never reads.
func TestShutdownEndsAfterItsGrace(t *testing.T) {
	g, err := NewGroup(2, WithoutEnv())
	check(t, err)
	for i := range 2 {
		_, server := tcpPair(t)
		bev := g.Base(i).NewBufferEvent(server)
		bev.Write(make([]byte, 16<<20))
	}
	check(t, g.Start())
	if err := g.Shutdown(-ms); !errors.Is(err, ErrTimeout) {
		t.Errorf("a negative grace: %v", err)
	}
	check(t, g.Shutdown(ms))
	check(t, g.Wait())
	check(t, g.Close())
}

// The error of one loop ends the group, and names the loop.
func TestErrorOfOneLoopEndsTheGroup(t *testing.T) {
	g, err := NewGroup(3, WithoutEnv())
	check(t, err)
	broken := errors.New("the kernel is out to lunch")
	b := g.Base(1)
	b.backend = &failing{b.backend, broken}
	err = g.Run()
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "loop 1") {
		t.Errorf("the group ended with %v", err)
	}
	check(t, g.Close())
}

type failing struct {
	backend.Backend
	err error
}

func (f *failing) Wait([]backend.Ready, time.Duration) (int, error) { return 0, f.err }

// One loop that ends by its own Break ends alone: the others go on, and get its share.
func TestBreakOfOneLoop(t *testing.T) {
	g, err := NewGroup(3, WithoutEnv())
	check(t, err)
	var served whoServed
	listeners, err := g.Listen("tcp", "127.0.0.1:0", RoundRobin, served.serve)
	check(t, err)
	check(t, g.Start())
	check(t, g.Base(1).Post(g.Base(1).Break))
	<-g.loops[1].ended
	for range 6 {
		greeted(t, "tcp", listeners[0].Addr())
	}
	same(t, "connections", served.list(g), []int{3, 0, 3})
	equal(t, "accepted, by all", g.Stats().Accepted, 6) // asks the ended loop too
	check(t, g.Shutdown(ms))
	check(t, g.Wait())
	check(t, g.Close())
}

// Shutdown works though the first loop, with which it begins, is over.
func TestShutdownWithoutTheFirstLoop(t *testing.T) {
	for _, wait := range []bool{true, false} {
		g, err := NewGroup(2, WithoutEnv())
		check(t, err)
		check(t, g.Start())
		check(t, g.Base(0).Post(g.Base(0).Break))
		if wait {
			<-g.loops[0].ended
		}
		check(t, g.Shutdown(soon))
		check(t, g.Wait())
		check(t, g.Close())
	}
}

// Post reaches each loop, in its own goroutine.
func TestPostToAll(t *testing.T) {
	g, err := NewGroup(3, WithDebug(), WithoutEnv())
	check(t, err)
	check(t, g.Start())
	reached := make(chan *Base)
	check(t, g.Post(func(b *Base) {
		b.NewTimer(func() {}).Add(time.Hour) // debug mode panics if this is not the loop's goroutine
		reached <- b
	}))
	seen := map[*Base]bool{}
	for range 3 {
		seen[<-reached] = true
	}
	equal(t, "bases", len(seen), 3)
	equal(t, "pending", g.Stats().Pending, 3)
	check(t, g.Stop())
	check(t, g.Wait())
	check(t, g.Close())
	if err := g.Post(func(*Base) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("Post after Close: %v", err)
	}
}

// What cannot be is refused, and leaves no listener and no descriptor behind.
func TestGroupRefusals(t *testing.T) {
	if _, err := NewGroup(0); err == nil {
		t.Error("a group of none")
	}
	if _, err := NewGroup(2, WithBackend("none such"), WithoutEnv()); err == nil {
		t.Error("a group on no backend")
	}
	g, err := NewGroup(2, WithoutEnv())
	check(t, err)
	ignore := func(_ *Base, fd int, _ netip.AddrPort) { unix.Close(fd) }
	for _, sharing := range sharings {
		first, err := g.Listen("tcp", "127.0.0.1:0", sharing, ignore)
		check(t, err)
		for _, other := range sharings {
			if _, err := g.Listen("tcp", first[0].Addr(), other, ignore); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("%v where %v listens: %v, want EADDRINUSE", other, sharing, err)
			}
		}
	}
	check(t, g.Start())
	if err := g.Start(); !errors.Is(err, ErrLooping) {
		t.Errorf("Start twice: %v", err)
	}
	if _, err := g.Listen("tcp", "127.0.0.1:0", ReusePort, ignore); !errors.Is(err, ErrLooping) {
		t.Errorf("Listen after Start: %v", err)
	}
	if err := g.Close(); !errors.Is(err, ErrLooping) {
		t.Errorf("Close while looping: %v", err)
	}
	check(t, g.Stop())
	check(t, g.Wait())
	check(t, g.Close())

	for _, sharing := range sharings {
		parsed, err := ParseSharing(sharing.String())
		equal(t, "sharing", parsed, sharing)
		check(t, err)
	}
	if _, err := ParseSharing("fair"); err == nil || !strings.Contains(err.Error(), "reuseport") {
		t.Errorf("an unknown sharing: %v", err)
	}
}

// A unix socket has no port: its connections are handed out. And every family is found at the address that was asked for.
func TestGroupOnEveryFamily(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0", "unix"} {
		for _, sharing := range sharings {
			network := "tcp"
			if address == "unix" {
				network = "unix"
			}
			t.Run(fmt.Sprintf("%s/%v", address, sharing), func(t *testing.T) {
				path := address
				if network == "unix" {
					path = filepath.Join(t.TempDir(), "socket")
				}
				g, err := NewGroup(2, WithoutEnv())
				check(t, err)
				var served whoServed
				listeners, err := g.Listen(network, path, sharing, served.serve)
				if err != nil && strings.HasPrefix(address, "[") {
					g.Close()
					t.Skip("no IPv6 here: ", err)
				}
				check(t, err)
				check(t, g.Start())
				for range 32 {
					greeted(t, network, listeners[0].Addr())
				}
				if counts := served.list(g); counts[0] == 0 || counts[1] == 0 {
					t.Errorf("connections %v", counts)
				}
				check(t, g.Shutdown(ms))
				check(t, g.Wait())
				check(t, g.Close())
			})
		}
	}
}

// Every counter is summed.
func TestStatsAreSummed(t *testing.T) {
	one := Stats{Levels: []LevelStats{{1, 1, 1}, {1, 1, 1}}}
	fields := reflect.ValueOf(&one).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.Uint64:
			f.SetUint(1)
		case reflect.Int:
			f.SetInt(1)
		}
	}
	var sum Stats
	sum.add(&one)
	sum.add(&one)
	if text := fmt.Sprintf("%+v", sum); strings.ContainsAny(text, "013456789") {
		t.Errorf("not everything is two: %s", text)
	}
	one.Levels[0].Called = 7
	equal(t, "the sum's own", sum.Levels[0].Called, 2)
}
