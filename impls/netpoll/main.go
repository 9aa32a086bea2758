package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/cloudwego/netpoll"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("netpoll: ")
	addr := flag.String("addr", "127.0.0.1:0", "`address` to listen on: HOST:PORT (port 0: any free one) or unix:PATH")
	loops := flag.Int("loops", 1, "`number` of pollers")
	tight := flag.Bool("tight", false, "GOMAXPROCS is -loops, whatever the environment says: a loop that sleeps has the only P, or one of as many as there are loops")
	parse()
	if *loops < 1 || flag.NArg() > 0 {
		log.Printf("want -loops of at least 1 and no arguments, got %d and %q", *loops, flag.Args())
		os.Exit(2)
	}

	if *tight {
		runtime.GOMAXPROCS(*loops)
	}

	// The defaults suit large messages: one poller for twenty cores, and a pool of goroutines to save their stacks.
	// Both are set the other way for an echo: as many pollers as loops, and a plain goroutine for each message.
	err := netpoll.Configure(netpoll.Config{
		PollerNum: *loops,
		Runner:    func(_ context.Context, task func()) { go task() },
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, name, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	var s servers
	failed := make(chan error, 1)
	go func() { failed <- s.serve(listener) }()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("listening", name)

	select {
	case err := <-failed:
		log.Fatal("the event loop stopped by itself: ", err)
	case <-signals:
		signal.Reset(syscall.SIGTERM, syscall.SIGINT) // the next signal kills, as it would any program
		s.drain()
	}
}

// echo runs in a goroutine as long as the connection has input; netpoll ignores what it returns.
//
// Next lends the bytes without a copy, Flush sends them at once and waits until the last one is sent. Only then may
// they go back by Release. After an error they stay, since the poller may still hold them.
func echo(_ context.Context, conn netpoll.Connection) error {
	reader, writer := conn.Reader(), conn.Writer()
	received, err := reader.Next(reader.Len())
	if err == nil {
		_, err = writer.WriteBinary(received)
	}
	if err == nil {
		err = writer.Flush()
	}
	if err != nil {
		conn.Close()
		return err
	}
	return reader.Release()
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
