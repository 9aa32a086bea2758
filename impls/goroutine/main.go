// Command goroutine is the echo server that Go's own manner of writing servers leads to: a goroutine for every
// connection, which reads, writes, and sleeps in between as if it had the machine to itself.
//
// The waiting has not gone away. The runtime keeps an epoll (kqueue, ...) loop of its own; a goroutine that
// finds nothing to read is parked, and the loop puts it back on a run queue when its socket is ready. What a
// reactor spells out as state, "this connection waits for input, that one has output pending", is here simply the
// line on which a goroutine stands:
//
//   - Back-pressure: while it stands in Write it is not in Read, so the kernel makes the client wait.
//   - Half-close: Read reports the end of the stream after everything before it has been written. Then Close sends FIN.
//   - Fairness: the scheduler's business.
//
// The price is the memory of all the goroutines that stand in Read: a stack each and, as Read needs somewhere to
// read into, a buffer each. That is 64 KiB here, as for every server of the comparison; the charts of bytes per idle
// connection show it, though of a buffer that has never been full the kernel has only backed the first pages.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("goroutine: ")
	addr := flag.String("addr", "127.0.0.1:0", "`address` to listen on: HOST:PORT (port 0: any free one) or unix:PATH")
	loops := flag.Int("loops", 1, "`number` of threads that run Go code at a time (GOMAXPROCS): this design's loops")
	splice := flag.Bool("splice", false, "echo by io.Copy, which on Linux moves the bytes inside the kernel")
	idle := flag.Duration("idle-timeout", 0, "close a connection whose client has been silent for so long; 0: never")
	parse()
	if *loops < 1 || *idle < 0 || flag.NArg() > 0 {
		log.Printf("want -loops of at least 1, -idle-timeout of at least 0 and no arguments, got %d, %v and %q", *loops, *idle, flag.Args())
		os.Exit(2)
	}
	runtime.GOMAXPROCS(*loops) // the launcher leaves one for what is no loop; here all of them are loops

	listener, name, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	stop, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(stop, func() {
		forget() // the next signal kills, as it would any program
		listener.Close()
	})

	s := server{echo: readWrite, idleTimeout: *idle, conns: make(map[net.Conn]struct{})}
	if *splice {
		s.echo = spliced
	}
	fmt.Println("listening", name)
	s.accept(stop, listener)
	s.drain()
}

// parse reads the flags. A mistake is answered in one line, and only -h prints them all.
func parse() {
	help := flag.Bool("h", false, "print this help")
	flag.Usage = func() {}
	flag.Parse()
	if *help {
		flag.CommandLine.SetOutput(os.Stdout)
		flag.PrintDefaults()
		os.Exit(0)
	}
}
