// Command echo is an echo server on bufferevents. The server is [serve] and [echo]; the rest is its life from flags to signal.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"reactorbench/impls/reactor"
)

// drainTime is what pending output has to be delivered in after a signal.
const drainTime = 4 * time.Second

func main() {
	log.SetFlags(0)
	log.SetPrefix("echo: ")
	addr := flag.String("addr", "127.0.0.1:7007", "listen at `HOST:PORT`, or unix:PATH")
	loops := flag.Int("loops", 1, "event loops, each in a goroutine of its own")
	share := flag.String("share", reactor.RoundRobin.String(), "how connections come to the loops: "+
		"handoff (in turn, from the first), least (to whom has the fewest), reuseport (by the kernel)")
	method := flag.String("method", "", "backend: "+strings.Join(reactor.Methods(), ", ")+" (default: the first)")
	idle := flag.Duration("idle-timeout", 0, "close a connection whose client has been silent for so long (default: never)")
	flag.Parse()
	if flag.NArg() > 0 || *loops < 1 || *idle < 0 {
		log.Fatal("want flags only, at least one loop, and no negative time; see -h")
	}
	sharing, err := reactor.ParseSharing(*share)
	if err == nil {
		err = run(*addr, *loops, sharing, *method, *idle)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// echo is what all connections do: what comes in goes out, and the end of the input is the end of the output.
var echo = &reactor.Callbacks{
	Read: func(bev *reactor.BufferEvent) { bev.Output().Append(bev.Input()) }, // moves the chunks, copies nothing
	Event: func(bev *reactor.BufferEvent, what reactor.Outcome) {
		if what.Has(reactor.EOF | reactor.Timeout) {
			bev.CloseAfterFlush() // the peer has stopped sending, not reading
			return
		}
		bev.Close()
	},
}

// serve has a connection echo, and end after a silence of idle, if that is not 0; while the client keeps the server from reading on, by
// not reading itself, it is not silent.
func serve(base *reactor.Base, fd int, idle time.Duration) {
	bev := base.NewBufferEvent(fd)
	bev.SetTimeouts(idle, 0)
	bev.SetCallbacks(echo)
	bev.Enable(reactor.Read)
}

// run returns when a signal has ended all loops.
func run(addr string, loops int, sharing reactor.Sharing, method string, idle time.Duration) error {
	group, err := reactor.NewGroup(loops, reactor.WithBackend(method))
	if err != nil {
		return err
	}
	defer group.Close()
	network, address := split(addr)
	accept := func(base *reactor.Base, fd int, _ netip.AddrPort) { serve(base, fd, idle) }
	listeners, err := group.Listen(network, address, sharing, accept)
	for deadline := time.Now().Add(lingering(method)); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
		listeners, err = group.Listen(network, address, sharing, accept)
	}
	if err != nil {
		return err
	}
	for _, l := range listeners {
		l.OnError(func(err error) { log.Print(err) })
	}
	if err := stopOnSignal(group); err != nil {
		return err
	}
	fmt.Println("listening " + strings.TrimSuffix(addr, address) + listeners[0].Addr())
	return group.Run()
}

// lingering is how long a server that was killed may go on holding its address. What a ring works on, the listening socket too, is
// let go by a thread of the kernel some time after the process has ended; 0.4 s were seen on a busy machine. File locks show the
// same (liburing issue 1627). A server that lives is refused so much later.
func lingering(method string) time.Duration {
	if strings.HasPrefix(method, "io_uring") {
		return 2 * time.Second
	}
	return 0
}

// split tells "unix:PATH" from "HOST:PORT".
func split(addr string) (network, address string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", path
	}
	return "tcp", addr
}

// stopOnSignal stops accepting, closes what is idle, and has the rest deliver what is pending.
func stopOnSignal(group *reactor.Group) error {
	var signals []*reactor.Event
	stop := func() {
		for _, s := range signals {
			s.Del()
		}
		group.Shutdown(drainTime)
	}
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		event := group.Base(0).NewSignal(s, stop)
		signals = append(signals, event)
		if err := event.Add(reactor.Forever); err != nil {
			return err
		}
	}
	return nil
}
