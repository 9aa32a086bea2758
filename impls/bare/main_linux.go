package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bare: ")
	addr, count := options()

	listener, err := listen(addr)
	if err != nil {
		log.Fatalf("listen on %s: %v", addr, err)
	}
	loops := make([]*loop, count)
	for i := range loops {
		if loops[i], err = newLoop(); err != nil {
			log.Fatal(err)
		}
	}
	if err := acceptInto(loops, listener); err != nil {
		log.Fatal(err)
	}
	stopOnSignal(loops[0])

	var running sync.WaitGroup
	for _, l := range loops {
		running.Go(l.run)
	}
	fmt.Println("listening", listener.addr)
	running.Wait()
}

// options reads the command line. A mistake is answered in one line, and only -h prints them all.
func options() (addr string, loops int) {
	flag.StringVar(&addr, "addr", "127.0.0.1:0", "`address` to listen on: HOST:PORT (port 0: any free one) or unix:PATH")
	flag.IntVar(&loops, "loops", 1, "`number` of loops, each an epoll instance of its own")
	help := flag.Bool("h", false, "print this help")
	flag.Usage = func() {}
	flag.Parse()
	if *help {
		flag.CommandLine.SetOutput(os.Stdout)
		flag.PrintDefaults()
		os.Exit(0)
	}
	if loops < 1 || flag.NArg() > 0 {
		log.Printf("want -loops of at least 1 and no arguments, got %d and %q", loops, flag.Args())
		os.Exit(2)
	}
	return addr, loops
}

// stopOnSignal lets the first SIGTERM or SIGINT stop the server with care. The second one kills it, as it would
// any program. Go's runtime owns the signal masks of its threads, so an eventfd carries the news into epoll
// where C would take a signalfd.
func stopOnSignal(first *loop) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	go func() {
		<-signals
		signal.Reset(unix.SIGTERM, unix.SIGINT)
		first.wakeUp()
	}()
}
