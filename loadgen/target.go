package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"reactorbench/impls"
)

// A target is what cells are run against: a program that is started afresh for each, or one server that runs already.
type target struct {
	impl    impls.Impl
	program *impls.Program
	running *stranger
}

// A session is a server for the time of one cell.
type session interface {
	subject
	// stop ends it. complaint is what it did wrong at its end, after the figures were taken. The error says that it had ended by
	// itself, which explains any other error of the cell; failed tells that there was one.
	stop(failed bool) (complaint string, err error)
}

// start gives the cell its server. The program's environment is padded by a random length, because the size of the environment
// shifts the stack and that alone can move a program's speed by percents; its port is random anyway.
func (t target) start(ctx context.Context, b *bench, seed uint64) (session, error) {
	if t.running != nil {
		return t.running, nil
	}
	server, err := t.program.Start(context.WithoutCancel(ctx), impls.Options{
		CPUs: b.serverCPUs, Loops: b.loops,
		Env:    append([]string{"REACTORBENCH_PADDING=" + strings.Repeat("x", int(seed%4096))}, b.serverEnv...),
		Stderr: b.serverStderr,
	})
	if err != nil {
		return nil, err
	}
	return child{server}, nil
}

// A child is a server that was started for the cell.
type child struct{ *impls.Server }

// dying is how long a server that broke its connections gets to be seen as dead.
const dying = 500 * time.Millisecond

func (c child) stop(failed bool) (complaint string, err error) {
	if failed {
		select {
		case <-c.Done():
		case <-time.After(dying):
		}
	}
	exit, err := c.Stop(context.Background())
	switch {
	case err != nil && exit.Stderr != "":
		return "", fmt.Errorf("%w; its stderr ends: %s", err, lastLine(exit.Stderr))
	case err != nil:
		return "", err
	case exit.Killed:
		return "the server did not end on SIGTERM and was killed", nil
	}
	return "", nil
}

// A stranger is a server that somebody else runs. Without its process number only the client side can be measured.
type stranger struct {
	network, address string
	pid              int
}

func (s *stranger) Network() string { return s.network }
func (s *stranger) Addr() string    { return s.address }
func (s *stranger) PID() int        { return s.pid }

func (s *stranger) stop(bool) (complaint string, err error) { return "", nil }

func (s *stranger) CPU() (time.Duration, error) {
	if s.pid == 0 {
		return 0, impls.ErrUnsupported
	}
	return impls.CPUOf(s.pid)
}

func (s *stranger) Usage() (impls.Usage, error) {
	if s.pid == 0 {
		return impls.Usage{}, impls.ErrUnsupported
	}
	return impls.UsageOf(s.pid)
}

// runningServer is the target of -addr and -pid.
func runningServer(address string, pid int) target {
	s := &stranger{network: "tcp", address: address, pid: pid}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		s.network, s.address = "unix", path
	}
	return target{running: s, impl: impls.Impl{Name: address, Folder: address, Language: "unknown", Design: "unknown"}}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
