// Command echo is an echo server on bufferevents. The server is [serve]; the rest is its life from flags to signal.
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
	method := flag.String("method", "", "backend: "+strings.Join(reactor.Methods(), ", ")+" (default: the first)")
	idle := flag.Duration("idle-timeout", 0, "close a connection whose client has been silent for so long (default: never)")
	flag.Parse()
	if flag.NArg() > 0 || *loops < 1 || *idle < 0 {
		log.Fatal("want flags only, at least one loop, and no negative time; see -h")
	}
	if err := run(*addr, *loops, *method, *idle); err != nil {
		log.Fatal(err)
	}
}

// serve is the echo: what comes in goes out, and the end of the input is the end of the output. So is a silence of idle, if that is
// not 0; while the client keeps the server from reading on, by not reading itself, it is not silent.
func serve(base *reactor.Base, fd int, idle time.Duration) {
	bev := base.NewBufferEvent(fd)
	bev.SetTimeouts(idle, 0)
	bev.OnRead(func() { bev.Output().Append(bev.Input()) }) // moves the chunks, copies nothing
	bev.OnEvent(func(what reactor.Outcome) {
		if what.Has(reactor.EOF | reactor.Timeout) {
			bev.CloseAfterFlush() // the peer has stopped sending, not reading
			return
		}
		bev.Close()
	})
	bev.Enable(reactor.Read)
}

// run listens in the first loop, which hands the connections out in turn, and returns when a signal has ended all loops.
func run(addr string, loops int, method string, idle time.Duration) error {
	bases := make([]*reactor.Base, loops)
	for i := range bases {
		base, err := reactor.New(reactor.WithBackend(method))
		if err != nil {
			return err
		}
		defer base.Close()
		bases[i] = base
	}

	next := 0
	network, address := split(addr)
	listener, err := bases[0].Listen(network, address, func(fd int, _ netip.AddrPort) {
		base := bases[next%loops]
		next++
		if base == bases[0] {
			serve(base, fd, idle)
		} else if base.Post(func() { serve(base, fd, idle) }) != nil {
			syscall.Close(fd) // that loop has ended
		}
	})
	if err != nil {
		return err
	}
	listener.OnError(func(err error) { log.Print(err) })
	stopOnSignal(bases, listener)
	fmt.Println("listening " + strings.TrimSuffix(addr, address) + listener.Addr())
	return loopAll(bases)
}

// split tells "unix:PATH" from "HOST:PORT".
func split(addr string) (network, address string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", path
	}
	return "tcp", addr
}

// stopOnSignal stops accepting, closes what is idle, and has the rest deliver what is pending.
func stopOnSignal(bases []*reactor.Base, listener *reactor.Listener) {
	var signals []*reactor.Event
	stop := func() {
		listener.Close()
		for _, s := range signals {
			s.Del()
		}
		for _, base := range bases {
			base.Post(func() {
				for bev := range base.BufferEvents() {
					bev.CloseAfterFlush()
				}
				base.Break()
			})
		}
	}
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		event := bases[0].NewSignal(s, stop)
		event.Add(reactor.Forever)
		signals = append(signals, event)
	}
}

// loopAll runs every loop until the signal, and then until it has nothing left to deliver.
func loopAll(bases []*reactor.Base) error {
	ended := make(chan error, len(bases))
	for _, base := range bases {
		go func() {
			_, err := base.Loop(reactor.KeepAlive)
			base.Exit(drainTime)
			ended <- errors.Join(err, base.Dispatch())
		}()
	}
	var err error
	for range bases {
		err = errors.Join(err, <-ended)
	}
	return err
}
