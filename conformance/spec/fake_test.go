package spec

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"

	"reactorbench/impls"
)

// A fakeProgram serves inside the test. Its processes are only bookkeeping, so a test can let one die at a chosen moment.
type fakeProgram struct {
	handle func(*fakeProcess, *net.TCPConn)
	refuse error // what Start fails with

	mu      sync.Mutex
	started []*fakeProcess
}

func (p *fakeProgram) Start(context.Context, impls.Options) (Process, error) {
	if p.refuse != nil {
		return nil, p.refuse
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	process := &fakeProcess{listener: l, done: make(chan struct{})}
	p.mu.Lock()
	p.started = append(p.started, process)
	p.mu.Unlock()
	go process.accept(p.handle)
	return process, nil
}

func (p *fakeProgram) Run(context.Context, impls.Options) (impls.Exit, error) {
	return impls.Exit{}, errors.New("a fake cannot be run to its end")
}

func (p *fakeProgram) starts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.started)
}

type fakeProcess struct {
	listener net.Listener
	once     sync.Once
	exit     impls.Exit // written before done is closed
	done     chan struct{}

	mu    sync.Mutex
	conns []net.Conn
}

func (p *fakeProcess) accept(handle func(*fakeProcess, *net.TCPConn)) {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, c)
		p.mu.Unlock()
		go handle(p, c.(*net.TCPConn))
	}
}

// die ends the process as the kernel would: its sockets are closed, and then its end is known.
func (p *fakeProcess) die(exit impls.Exit) {
	p.once.Do(func() {
		p.listener.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.exit = exit
		close(p.done)
	})
}

func (p *fakeProcess) Network() string        { return "tcp" }
func (p *fakeProcess) Addr() string           { return p.listener.Addr().String() }
func (p *fakeProcess) PID() int               { return 0 }
func (p *fakeProcess) Signal(os.Signal) error { return nil }
func (p *fakeProcess) Kill()                  { p.die(impls.Exit{Code: -1, Signal: syscall.SIGKILL, Killed: true}) }
func (p *fakeProcess) Done() <-chan struct{}  { return p.done }
func (p *fakeProcess) Exit() impls.Exit       { return p.exit }
func (p *fakeProcess) Stderr() string         { return "its last words\n" }
func (p *fakeProcess) StderrBytes() int64     { return 15 }
func (p *fakeProcess) StdoutExtra() string    { return "" }

// right echoes as a server should.
func right(_ *fakeProcess, c *net.TCPConn) { echo(c) }

// fake returns a target that is served by handle.
func fake(t *testing.T, handle func(*fakeProcess, *net.TCPConn)) (*Target, *fakeProgram) {
	t.Helper()
	program := &fakeProgram{handle: handle}
	t.Cleanup(func() {
		for _, p := range program.started {
			p.Kill()
		}
	})
	return &Target{Name: "fake", Program: program, Again: "./fake"}, program
}
