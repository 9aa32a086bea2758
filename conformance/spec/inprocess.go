package spec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"reactorbench/impls"
)

// Command is the target that a command line starts: a program in any language. {addr}, {host} and {port} in it are
// filled in; without them -addr HOST:PORT is appended.
func Command(argv ...string) Target {
	name := filepath.Base(argv[0])
	return Target{Name: name, Program: Launch(impls.Command(name, argv...), 0), Again: "-- " + strings.Join(argv, " ")}
}

// At is the target that runs already, at HOST:PORT or unix:PATH. pid is its process, 0 if that is unknown: then it is asked only
// what can be seen from outside. It is never ended.
func At(addr string, pid int) Target {
	process := Attached{Net: "tcp", Address: addr, Process: pid}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		process.Net, process.Address = "unix", path
	}
	again := "-addr " + addr
	if pid != 0 {
		again += fmt.Sprintf(" -pid %d", pid)
	}
	return Target{Name: addr, Attached: process, Again: again}
}

// InProcess is the target that serve starts inside this program, each time anew: for a library's own tests. serve listens on
// addr, which may have port 0, serves in goroutines of its own, and returns the address that is bound and what ends
// the server: stop closes the listener and every connection, and returns when they are closed. It is called once.
//
// There is no process to stop, to signal or to measure, so checks that need one are n/a; Command asks them too.
func InProcess(name string, serve func(addr string) (bound string, stop func(), err error)) Target {
	return Target{Name: name, Program: inProcess(serve), Again: "(inside a test)"}
}

type inProcess func(addr string) (string, func(), error)

func (serve inProcess) Start(ctx context.Context, o impls.Options) (Process, error) {
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	bound, stop, err := serve(addr)
	if err != nil {
		return nil, fmt.Errorf("it does not listen on %s: %w", addr, err)
	}
	s := &insider{addr: bound, done: make(chan struct{})}
	s.end = sync.OnceFunc(func() {
		defer close(s.done)
		stop()
	})
	context.AfterFunc(ctx, s.Kill)
	return s, nil
}

func (inProcess) Run(context.Context, impls.Options) (impls.Exit, error) {
	return impls.Exit{}, errNoProgram
}

var errNoProgram = errors.New("needs a server that is a program")

// An insider is a server in this process.
type insider struct {
	addr string
	end  func()
	done chan struct{}
}

func (s *insider) Network() string        { return "tcp" }
func (s *insider) Addr() string           { return s.addr }
func (s *insider) PID() int               { return 0 }
func (s *insider) Signal(os.Signal) error { return errUnobservable }
func (s *insider) Done() <-chan struct{}  { return s.done }
func (s *insider) Exit() impls.Exit       { return impls.Exit{Killed: true} }
func (s *insider) Stderr() string         { return "" }
func (s *insider) StderrBytes() int64     { return 0 }
func (s *insider) StdoutExtra() string    { return "" }

// stopTimeInside is what an in-process server gets to stop. One that never does is left behind: nothing can end a goroutine.
const stopTimeInside = 10 * time.Second

// Kill stops the server, and gives up on one whose stop does not return.
func (s *insider) Kill() {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.end()
	}()
	select {
	case <-stopped:
	case <-time.After(stopTimeInside):
		panic("conformance: the stop function of an in-process server has not returned for " + stopTimeInside.String())
	}
}
