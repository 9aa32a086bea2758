package spec

import (
	"cmp"
	"context"
	"os"
	"syscall"

	"reactorbench/impls"
)

// A Program is a server that can be started, once for the shared checks and again for each check that wants its own.
type Program interface {
	// Start returns when the server has announced its address.
	Start(context.Context, impls.Options) (Process, error)
	// Run waits for the program's own end, announcement or not: for a bad flag, for a busy port.
	Run(context.Context, impls.Options) (impls.Exit, error)
}

// A Process is a server that runs: *impls.Server, or one that was there before the suite came.
type Process interface {
	Network() string // tcp or unix
	Addr() string
	PID() int // 0: unknown, the process cannot be observed
	Signal(os.Signal) error
	Kill()                 // without waiting
	Done() <-chan struct{} // closed at its end; nil for a process that the suite did not start
	Exit() impls.Exit      // after Done
	Stderr() string        // the end of its log
	StderrBytes() int64    // how much it has logged in all
	StdoutExtra() string   // what it has printed after its announcement
}

// Launch makes a Program of one that package impls can start, with so many event loops unless a start asks for others; 0 is one.
func Launch(p *impls.Program, loops int) Program { return launched{p, loops} }

type launched struct {
	program *impls.Program
	loops   int
}

func (l launched) Start(ctx context.Context, o impls.Options) (Process, error) {
	o.Loops = cmp.Or(o.Loops, l.loops)
	server, err := l.program.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return server, nil
}

func (l launched) Run(ctx context.Context, o impls.Options) (impls.Exit, error) {
	o.Loops = cmp.Or(o.Loops, l.loops)
	return l.program.Run(ctx, o)
}

// Attached is a server that runs already: the suite knows its address and perhaps its process.
type Attached struct {
	Net     string // tcp or unix
	Address string
	Process int
}

func (a Attached) Network() string       { return a.Net }
func (a Attached) Addr() string          { return a.Address }
func (a Attached) PID() int              { return a.Process }
func (a Attached) Kill()                 {}
func (a Attached) Done() <-chan struct{} { return nil }
func (a Attached) Exit() impls.Exit      { return impls.Exit{} }
func (a Attached) Stderr() string        { return "" }
func (a Attached) StderrBytes() int64    { return 0 }
func (a Attached) StdoutExtra() string   { return "" }

// Signal reaches the process if its number is known.
func (a Attached) Signal(signal os.Signal) error {
	if a.Process == 0 {
		return errUnobservable
	}
	return syscall.Kill(a.Process, signal.(syscall.Signal))
}
