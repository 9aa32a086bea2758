//go:build unix

// Command wrong is an echo server that can be wrong in one way at a time.
//
// Without -fault it honours the server contract: one goroutine per connection, plain reads and
// writes, a polite end. With -fault NAME exactly one of its verbs is replaced by the mistake of a real
// server. The conformance suite is tested with it: each fault must be caught by the check that was
// written for it, and by no other without a stated reason.
//
// The faults stand in one file per family (launch.go, data.go, ...); each says which real server does it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readSize      = 64 << 10               // what every server of this project reads at once
	drainDeadline = 5 * time.Second        // the contract's time for pending output after SIGTERM
	acceptBackoff = 50 * time.Millisecond  // long enough to cost no CPU, short enough to recover at once
	faultDelay    = 200 * time.Millisecond // how long a fault that waits, waits: a client notices, a test does not
)

// A server is the right echo server as a list of verbs. A fault replaces some of them before it starts
// and nobody touches them afterwards.
type server struct {
	usageStatus int                                         // exit status of a bad flag
	helpStatus  int                                         // and of -h
	idle        time.Duration                               // -idle-timeout; 0 is never
	deaf        bool                                        // to a second signal
	listen      func(addr string) (*net.TCPListener, error) //
	announce    func(asked string, l *net.TCPListener)      // prints the ready line
	await       func(l *net.TCPListener)                    // before each accept
	acceptError func(err error)                             // after one that failed
	welcome     func(c *net.TCPConn)                        // after accept, before the first byte
	echo        func(c *net.TCPConn) error                  // returns io.EOF at the end of stream
	read        func(c *net.TCPConn, b []byte) (int, error) // waits for bytes
	send        func(c *net.TCPConn, block []byte) error    // delivers one block
	hangUp      func(c *net.TCPConn, why error)             // ends a connection; why is what echo returned
	hurry       func(c *net.TCPConn)                        // makes the connection end soon, pending bytes first
	stop        func(l *net.TCPListener) (status int)       // after SIGTERM or SIGINT
	claimUnix   func(path string)                           // before listening on a unix socket
	echoUnix    func(c net.Conn) error                      // until the end of a stream there
	endUnix     func(c net.Conn)                            // at that end
	releaseUnix func(path string)                           // after SIGTERM

	mu       sync.Mutex
	conns    map[*net.TCPConn]bool // every connection that is being served
	stopping bool
	served   sync.WaitGroup
	held     net.Listener // see allows-one-instance
}

// faults maps each name to the replacement of verbs that makes the server wrong in that way.
// Every family's file adds its own.
var faults = map[string]func(*server){}

func main() {
	s := right()
	addr, err := s.parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(s.helpStatus)
	}
	if err != nil {
		os.Exit(s.usageStatus)
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		fail(s.serveUnix(path))
	}
	l, err := s.listen(addr)
	if err != nil {
		fail(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go s.accept(l)
	s.announce(addr, l)
	<-signals
	if !s.deaf {
		signal.Reset(syscall.SIGTERM, syscall.SIGINT) // the next one kills
	}
	os.Exit(s.stop(l))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "wrong:", err)
	os.Exit(1)
}

// parse reads the flags of the server contract, and applies the fault.
func (s *server) parse(args []string) (addr string, err error) {
	flags := flag.NewFlagSet("wrong", flag.ContinueOnError)
	flags.StringVar(&addr, "addr", "127.0.0.1:0", "`host:port` to listen on")
	flags.Int("loops", 1, "ignored: the runtime shares the goroutines out")
	flags.DurationVar(&s.idle, "idle-timeout", 0, "close a connection that has been silent for so long; 0: never")
	fault := flags.String("fault", "", "`name` of the one mistake to make")
	list := flags.Bool("list", false, "print the names of the faults and exit")
	switch { // two faults strike before the flags are known
	case slices.Contains(args, "-fault=bad-flag-exits-zero"):
		s.usageStatus = 0
	case slices.Contains(args, "-fault=help-is-a-mistake"):
		s.helpStatus = s.usageStatus
	}
	if err := flags.Parse(args); err != nil {
		return "", err // the flag package has said why
	}
	if *list {
		printFaults()
		os.Exit(0)
	}
	if *fault != "" {
		inject, known := faults[*fault]
		if !known {
			fmt.Fprintf(os.Stderr, "wrong: no fault %q; -list names them\n", *fault)
			return "", errors.New("no such fault")
		}
		inject(s)
	}
	return addr, nil
}

func printFaults() {
	var names []string
	for name := range faults {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Println(name)
	}
}

// right is the server without a fault.
func right() *server {
	s := &server{usageStatus: 2, conns: map[*net.TCPConn]bool{}}
	s.listen = listen
	s.announce = func(_ string, l *net.TCPListener) { fmt.Println("listening", l.Addr()) }
	s.await = func(*net.TCPListener) {}
	s.acceptError = func(error) { time.Sleep(acceptBackoff) }
	s.welcome = func(*net.TCPConn) {}
	s.echo = s.echoBlocks
	s.read = s.readInTime
	s.hurry = hurry
	s.send = func(c *net.TCPConn, block []byte) error { _, err := c.Write(block); return err }
	s.hangUp = func(c *net.TCPConn, _ error) { c.Close() }
	s.stop = s.drain
	s.claimUnix = claimUnix
	s.echoUnix = echoUnix
	s.endUnix = func(c net.Conn) { c.Close() }
	s.releaseUnix = func(path string) { os.Remove(path) }
	return s
}

func listen(addr string) (*net.TCPListener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// accept serves every new connection in a goroutine of its own until the listener is closed.
func (s *server) accept(l *net.TCPListener) {
	for {
		s.await(l)
		c, err := l.AcceptTCP()
		switch {
		case err == nil:
			s.served.Add(1)
			go s.serve(c)
		case isClosed(err):
			return
		default:
			s.acceptError(err)
		}
	}
}

func (s *server) serve(c *net.TCPConn) {
	defer s.served.Done()
	s.enter(c)
	s.welcome(c)
	why := s.echo(c)
	s.leave(c)
	s.hangUp(c, why)
}

func (s *server) enter(c *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	if s.stopping {
		s.hurry(c)
	}
}

func (s *server) leave(c *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// echoBlocks returns each block before it reads the next, so that a client that does not read is one
// that soon cannot send.
func (s *server) echoBlocks(c *net.TCPConn) error {
	buffer := make([]byte, readSize)
	for {
		n, err := s.read(c, buffer)
		if n > 0 {
			if err := s.send(c, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// readInTime is read with the idle timeout, if there is one.
func (s *server) readInTime(c *net.TCPConn, buffer []byte) (int, error) {
	if s.idle > 0 && !s.isStopping() {
		c.SetReadDeadline(time.Now().Add(s.idle))
	}
	return read(c, buffer)
}

// read waits for bytes, and after SIGTERM, or the idle timeout, takes only those that have already arrived.
func read(c *net.TCPConn, buffer []byte) (int, error) {
	n, err := c.Read(buffer)
	if isTimeout(err) {
		n, err = readNow(c, buffer)
	}
	return n, err
}

// drain is the contract's end: no new connections, idle ones closed at once, pending bytes delivered first.
func (s *server) drain(l *net.TCPListener) int {
	l.Close()
	s.mu.Lock()
	s.stopping = true
	for c := range s.conns {
		s.hurry(c)
	}
	s.mu.Unlock()
	s.served.Wait()
	return 0
}

func (s *server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// hurry wakes a reader at once and bounds a writer.
func hurry(c *net.TCPConn) {
	c.SetReadDeadline(time.Unix(1, 0))
	c.SetWriteDeadline(time.Now().Add(drainDeadline))
}

// readNow reads what is there without waiting; nothing there is the end of a drained connection.
func readNow(c *net.TCPConn, buffer []byte) (n int, err error) {
	n, err = try(c, func(fd int) (int, error) { return syscall.Read(fd, buffer) })
	if n == 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err
}

// try makes one system call on the descriptor, which never blocks.
func try(c *net.TCPConn, call func(fd int) (int, error)) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if failed := raw.Control(func(fd uintptr) { n, err = call(int(fd)) }); failed != nil {
		return 0, failed
	}
	return n, err
}
