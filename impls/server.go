package impls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// A Server is a running server process. Its methods may be called from any goroutine.
type Server struct {
	Impl Impl

	child  *child
	at     announcement // written before Start returns
	stdout *firstLine
	stderr *tail
	told   atomic.Bool // the harness has told it to end

	done chan struct{}
	exit Exit // written before done is closed
}

// The contract gives a server 5 s after SIGTERM to deliver what is pending; a second more covers a busy machine.
const stopTime = 5*time.Second + time.Second

// Network is "tcp" or "unix", for net.Dial.
func (s *Server) Network() string { return s.at.network }

// Addr is where the server listens, as net.Dial takes it: HOST:PORT, or the path of a Unix socket.
func (s *Server) Addr() string { return s.at.address }

// PID is the number of its process.
func (s *Server) PID() int { return s.child.pid() }

// Done is closed when the process has ended, its output is read and nothing that it started lives.
func (s *Server) Done() <-chan struct{} { return s.done }

// Exit tells how the server ended. It waits for that.
func (s *Server) Exit() Exit {
	<-s.done
	return s.exit
}

// Stderr is the last 4 KiB that the server wrote to stderr.
func (s *Server) Stderr() string { return s.stderr.String() }

// StderrBytes counts everything that the server wrote to stderr.
func (s *Server) StderrBytes() int64 { return s.stderr.bytes() }

// StdoutExtra is the last 4 KiB of what the server printed on stdout beside the line of the contract, which asks for nothing
// more.
func (s *Server) StdoutExtra() string { return s.stdout.extra() }

// Signal sends a signal to the server's process, not to its children.
func (s *Server) Signal(signal os.Signal) error { return s.child.cmd.Process.Signal(signal) }

// Kill ends the server and everything in its process group at once, without waiting; Done tells when it is over.
func (s *Server) Kill() {
	s.told.Store(true)
	s.child.kill()
}

// Stop sends SIGTERM and waits for the end: until ctx's deadline, or for the 5 s of the contract and one more where
// ctx has none. After that it kills, and Exit.Killed says so. The error is not nil when the server had
// ended before anybody told it to.
func (s *Server) Stop(ctx context.Context) (Exit, error) {
	select {
	case <-s.done:
		if !s.told.Load() {
			return s.exit, fmt.Errorf("%s ended before it was told to: it %s", s.Impl.Name, s.exit)
		}
		return s.exit, nil
	default:
	}
	s.told.Store(true)
	if err := s.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return Exit{}, err
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, stopTime)
		defer cancel()
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		s.Kill()
		<-s.done
	}
	return s.exit, nil
}

// Usage measures the living process; see UsageOf.
func (s *Server) Usage() (Usage, error) {
	var usage Usage
	err := s.child.whileAlive(func(pid int) (err error) {
		usage, err = UsageOf(pid)
		return err
	})
	return usage, err
}

// CPU is the processor time of the living process alone: one system call, for the edges of a window.
func (s *Server) CPU() (time.Duration, error) {
	var used time.Duration
	err := s.child.whileAlive(func(pid int) (err error) {
		used, err = CPUOf(pid)
		return err
	})
	return used, err
}
