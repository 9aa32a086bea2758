package impls

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A StartError says that a server was run and did not come up as the contract asks.
type StartError struct {
	Impl   string
	Kind   StartKind
	Detail string // what happened, in one sentence
	Stderr string // the last 4 KiB of its stderr
}

// StartKind tells the ways of not coming up apart.
type StartKind string

const (
	Silent  StartKind = "silent"  // it lived and printed no line in time
	Died    StartKind = "died"    // it ended before it listened
	Garbled StartKind = "garbled" // its first line on stdout is not `listening ADDR`
	Lied    StartKind = "lied"    // it does not listen where it says, or not where it was told
)

func (e *StartError) Error() string {
	text := e.Impl + " did not start: " + e.Detail
	if e.Stderr != "" {
		text += "; its stderr ends: " + lastLines(e.Stderr, 5)
	}
	return text
}

// Start runs the program and returns when it listens, which is proven and not just believed. Otherwise the
// process is ended, with everything that it started, and the error is a *StartError, or tells why nothing could be run.
// When ctx ends, be it hours later, the server is killed.
func (p *Program) Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	l, err := p.launch(o)
	if err != nil {
		return nil, err
	}
	s, err := p.spawn(ctx, l, o)
	if err != nil {
		return nil, err
	}
	kind, err := s.awaitListening(ctx, l, o.Ready)
	if err == nil {
		return s, nil
	}
	s.Kill()
	<-s.Done()
	if kind == "" {
		return nil, fmt.Errorf("%s: start called off: %w", p.Impl.Name, err)
	}
	return nil, &StartError{Impl: p.Impl.Name, Kind: kind, Detail: err.Error(), Stderr: s.Stderr()}
}

// Run runs the program to its own end, without expecting that it listens: for a bad flag, a busy port, -h. The error is ctx's
// when that ended first; the program was killed then.
func (p *Program) Run(ctx context.Context, o Options) (Exit, error) {
	o = o.withDefaults()
	l, err := p.launch(o)
	if err != nil {
		return Exit{}, err
	}
	s, err := p.spawn(ctx, l, o)
	if err != nil {
		return Exit{}, err
	}
	<-s.Done()
	if s.exit.Killed {
		return s.exit, fmt.Errorf("%s did not end by itself: %w", p.Impl.Name, context.Cause(ctx))
	}
	return s.exit, nil
}

// spawn forks the process and connects its output.
func (p *Program) spawn(ctx context.Context, l launch, o Options) (*Server, error) {
	s := &Server{Impl: p.Impl, stdout: newFirstLine(), stderr: newTail(keptOutput), done: make(chan struct{})}
	outputs, err := newPipes(l.cmd)
	if err != nil {
		return nil, err
	}
	s.child, err = fork(l, o)
	outputs.closeWriters()
	if err != nil {
		outputs.closeReaders()
		return nil, fmt.Errorf("%s cannot be run: %w", p.Impl.Name, err)
	}
	drained := outputs.drain(s, o)
	callOff := context.AfterFunc(ctx, s.Kill)
	go func() {
		<-s.child.ended
		callOff()
		outputs.finish(drained)
		s.exit = s.child.exit
		s.exit.Stdout, s.exit.Stderr = s.StdoutExtra(), s.Stderr()
		close(s.done)
	}()
	return s, nil
}

// awaitListening returns when the server has proven itself, or with what went wrong. A kind of "" is ctx's end.
func (s *Server) awaitListening(ctx context.Context, l launch, patience time.Duration) (StartKind, error) {
	tooLate := time.NewTimer(patience)
	defer tooLate.Stop()
	var look <-chan time.Time // only for those who may stay silent
	if l.maySilent {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case line := <-s.stdout.line:
			said, err := parseAnnouncement(line)
			if err == nil {
				s.stdout.claim()
				return s.prove(said, l.addr)
			}
			if !l.maySilent { // a stranger may greet as he likes
				return Garbled, err
			}
		case <-look:
			if told := addressOf(l.addr); proveListening(s.PID(), told) == nil {
				s.at = told
				return "", nil
			}
		case <-s.Done():
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			return Died, fmt.Errorf("it %s before it listened", s.exit)
		case <-tooLate.C:
			return Silent, s.silence(l, patience)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// prove checks the announced address against what was asked for and against the kernel.
func (s *Server) prove(said announcement, asked string) (StartKind, error) {
	if err := said.answers(asked); err != nil {
		return Lied, err
	}
	if err := proveListening(s.PID(), said); err != nil {
		return s.liedOrDied(err)
	}
	s.at = said
	return "", nil
}

// liedOrDied gives a process that is just ending, and whose sockets are gone already, the time to be seen as ended.
func (s *Server) liedOrDied(err error) (StartKind, error) {
	select {
	case <-s.Done():
		return Died, fmt.Errorf("it announced its address and then %s", s.exit)
	case <-time.After(200 * time.Millisecond):
		return Lied, err
	}
}

func (s *Server) silence(l launch, patience time.Duration) error {
	if l.maySilent {
		return fmt.Errorf("after %v its process does not listen on %s: %w", patience, l.addr, proveListening(s.PID(), addressOf(l.addr)))
	}
	if begun := s.stdout.unfinished(); begun != "" {
		return fmt.Errorf("after %v its first line on stdout has no end: %q", patience, begun)
	}
	return fmt.Errorf("after %v it has printed no line `listening ADDR` on stdout", patience)
}

// addressOf is the address that a server was told, in the form of one that it announces.
func addressOf(addr string) announcement {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		return announcement{"unix", path}
	}
	return announcement{"tcp", addr}
}
