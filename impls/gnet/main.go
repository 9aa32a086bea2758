// Command gnet is the echo server on github.com/panjf2000/gnet, an event-loop framework: it calls back on the loop
// itself, lends out the loop's read buffer, and writes at once, keeping the rest in a buffer of its own.
//
// It is written with all the care that the library's interface has a place for. Where there is none, the server
// has the library's behaviour, and impl.json lists what comes of it:
//
//   - Back-pressure. A connection cannot be asked to stop reading, and what a callback leaves unread is copied into a
//     growing buffer. Left are: to grow without bound, as here, or to close the connection of a slow client, which
//     is no echo. https://github.com/panjf2000/gnet/issues/722, https://github.com/panjf2000/gnet/issues/764
//   - Half-close. At the client's end of stream gnet tries one more write and closes. OnClose comes before that
//     write and cannot put it off, and the bytes that wait are out of the application's reach.
//   - Running out of descriptors. A failing accept ends the engine; there is no callback for it.
//     https://github.com/panjf2000/gnet/issues/367. This server then exits with an error rather than with 0.
//   - Stopping. Engine.Stop closes the connections with what they owe, so drain.go delivers first. Accepting cannot be
//     stopped alone: until the engine stops, a late client gets a connection that is closed at once.
package main

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/panjf2000/gnet/v2"
)

const readSize = 64 << 10 // the same for every server of the comparison

func main() {
	log.SetFlags(0)
	log.SetPrefix("gnet: ")
	addr := flag.String("addr", "127.0.0.1:0", "`address` to listen on: HOST:PORT (port 0: any free one) or unix:PATH")
	loops := flag.Int("loops", 1, "`number` of event loops")
	mode := flag.String("mode", "level", "level or edge: epoll's way to report; reuseport: level, and a listening socket for each loop instead of one acceptor")
	tight := flag.Bool("tight", false, "GOMAXPROCS is -loops, whatever the environment says: a loop that sleeps has the only P, or one of as many as there are loops")
	parse()
	if *loops < 1 || flag.NArg() > 0 {
		usageError("want -loops of at least 1 and no arguments, got %d and %q", *loops, flag.Args())
	}
	if *mode != "level" && *mode != "edge" && *mode != "reuseport" {
		usageError("want -mode=level, edge or reuseport, got %q", *mode)
	}

	if *tight {
		runtime.GOMAXPROCS(*loops)
	}
	s := &server{release: func() {}, conns: make(map[gnet.Conn]struct{})}
	err := s.listenAndServe(*addr, *mode, *loops)
	switch {
	case err != nil:
		log.Fatalf("listen on %s: %v", *addr, err)
	case !s.stopping.Load(): // Run has no error to tell when the engine gives up
		log.Fatal("the engine stopped by itself")
	}
}

// listenAndServe returns when the engine has stopped.
func (s *server) listenAndServe(addr, mode string, loops int) error {
	if mode == "reuseport" && !strings.HasPrefix(addr, "unix:") {
		held, release, err := holdPort(addr)
		if err != nil {
			return err
		}
		addr, s.release = held, release
	}
	where, err := protocolAddress(addr)
	if err != nil {
		return err
	}
	return gnet.Run(s, where,
		gnet.WithNumEventLoop(loops),
		gnet.WithEdgeTriggeredIO(mode == "edge"),
		gnet.WithReusePort(mode == "reuseport"),
		gnet.WithReadBufferCap(readSize),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithReuseAddr(true),
		gnet.WithTicker(true),
		gnet.WithLogger(quiet{}))
}

// stopOnSignal needs an engine to stop; a signal before that kills.
func stopOnSignal(s *server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		signal.Reset(syscall.SIGTERM, syscall.SIGINT) // the next signal kills, as it would any program
		s.stop()
	}()
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

func usageError(format string, values ...any) {
	log.Printf(format, values...)
	os.Exit(2)
}

// quiet is a log of errors alone. gnet's own writes to standard output, which belongs to the listening line.
type quiet struct{}

func (quiet) Debugf(string, ...any)               {}
func (quiet) Infof(string, ...any)                {}
func (quiet) Warnf(string, ...any)                {}
func (quiet) Errorf(format string, values ...any) { log.Printf(format, values...) }
func (quiet) Fatalf(format string, values ...any) { log.Fatalf(format, values...) }
