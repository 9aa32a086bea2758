package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// TestQuietChecksRunBesideTheOthers: each check waits for the next one to begin, and they are reported in their order all the same.
func TestQuietChecksRunBesideTheOthers(t *testing.T) {
	second, third := make(chan struct{}), make(chan struct{})
	heard := &listener{}
	l := newLanes(t.Context(), []spec.Check{
		{Slug: "test/waits", Starts: true, Quiet: true, Run: func(*spec.T) { <-second }},
		{Slug: "test/waits-too", Starts: true, Quiet: true, Run: func(*spec.T) { close(second); <-third }},
		{Slug: "test/begins", Starts: true, Run: func(*spec.T) { close(third) }},
	}, heard)
	l.enough = func(spec.Result) bool { return false }
	l.run(contractRunner)
	if want := []string{"test/waits", "test/waits-too", "test/begins"}; !slices.Equal(heard.lines, want) {
		t.Errorf("reported %q, want %q", heard.lines, want)
	}
	results := l.finished()
	if len(results) != 3 || slices.ContainsFunc(results, func(r spec.Result) bool { return r.Verdict != spec.Pass }) {
		t.Errorf("results %v", results)
	}
}

// TestStrangersAreAskedOneThingAtATime: their program may have one address only, and what runs already cannot be doubled.
func TestStrangersAreAskedOneThingAtATime(t *testing.T) {
	l := newLanes(t.Context(), []spec.Check{{Slug: "test/waits", Quiet: true}, {Slug: "test/works"}}, &listener{})
	if loud, quiet := l.divide(&spec.Target{}); len(loud) != 2 || len(quiet) != 0 {
		t.Errorf("lanes %v and %v", loud, quiet)
	}
}

// TestLanesAreCalledOff: after a result that is enough no lane begins another check, and what has run is reported.
func TestLanesAreCalledOff(t *testing.T) {
	var begun sync.WaitGroup
	begun.Add(quietLanes)
	failed := make(chan struct{})
	waits := spec.Check{Slug: "test/waits", Starts: true, Quiet: true, Run: func(*spec.T) { begun.Done(); <-failed }}
	never := spec.Check{Slug: "test/never", Starts: true, Quiet: true, Run: func(*spec.T) { t.Error("run all the same") }}
	fails := spec.Check{Slug: "test/fails", Starts: true, Run: func(t *spec.T) { begun.Wait(); t.Failf("as it should") }}

	heard := &listener{}
	l := newLanes(t.Context(), slices.Concat(slices.Repeat([]spec.Check{waits}, quietLanes), []spec.Check{never, fails, never}), heard)
	l.enough = func(result spec.Result) bool {
		if result.Verdict == spec.Fail {
			close(failed)
		}
		return result.Verdict == spec.Fail
	}
	l.run(contractRunner)
	if want := append(slices.Repeat([]string{"test/waits"}, quietLanes), "test/fails"); !slices.Equal(heard.lines, want) {
		t.Errorf("reported %q, want %q", heard.lines, want)
	}
	if results := l.finished(); len(results) != quietLanes+1 {
		t.Errorf("%d results, want %d", len(results), quietLanes+1)
	}
}

// TestALaneWithoutAServer: where only one lane gets a server, what that one finds is found, and the rest is not called conformant.
func TestALaneWithoutAServer(t *testing.T) {
	checks := []spec.Check{
		{Slug: "test/quiet", Fresh: true, Quiet: true, Run: func(*spec.T) {}},
		{Slug: "test/fails", Starts: true, Run: func(t *spec.T) { t.Failf("as it should") }},
		{Slug: "test/loud", Fresh: true, Run: func(*spec.T) {}},
	}
	for _, test := range []struct {
		name   string
		checks []spec.Check
		starts int // how many servers the program allows
		want   int
	}{
		{"one lane, nothing else", []spec.Check{checks[0], checks[2]}, 1, exitNotStarted},
		{"one lane, and a broken promise", checks, 1, exitFailed},
		{"no lane at all", checks, 0, exitNotStarted},
		{"a server for each", checks, 2, exitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := &limitedProgram{Program: spec.Command(wrong, "-addr", "{addr}").Program, left: test.starts}
			s := &session{config: config{count: 1}, checks: test.checks}
			o := outcome{counts: tally{}}
			s.runChecks(t.Context(), &spec.Target{Program: program, Features: map[string]bool{contract: true}}, &o, &listener{})
			if s.outcomes = []outcome{o}; s.exitStatus() != test.want {
				t.Errorf("exit status %d, want %d; results %v", s.exitStatus(), test.want, o.results)
			}
		})
	}
}

// A limitedProgram starts so many times and never again.
type limitedProgram struct {
	spec.Program
	mu      sync.Mutex
	left    int
	started []spec.Process
}

func (p *limitedProgram) Start(ctx context.Context, o impls.Options) (spec.Process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return nil, errors.New("one is enough")
	}
	p.left--
	process, err := p.Program.Start(ctx, o)
	if err == nil {
		p.started = append(p.started, process)
	}
	return process, err
}

// TestNoLaneLeavesAServer: called off in the middle of a check, each lane ends its own.
func TestNoLaneLeavesAServer(t *testing.T) {
	var begun sync.WaitGroup
	begun.Add(2)
	waits := func(t *spec.T) { begun.Done(); t.Sleep(time.Minute) }
	l, program := twoLanes(t, waits, waits)
	go func() { begun.Wait(); l.giveUp() }()
	l.run(func() *spec.Runner { return contractRunnerOf(program) })
	if len(program.started) != 2 {
		t.Errorf("%d servers, want one for each lane", len(program.started))
	}
	for _, process := range program.started {
		select {
		case <-process.Done():
		default:
			t.Errorf("process %d is left", process.PID())
		}
	}
}

// TestACrashIsItsOwnLanes: the check beside it has another server, and is not blamed.
func TestACrashIsItsOwnLanes(t *testing.T) {
	begun, crashed := make(chan struct{}), make(chan struct{})
	l, program := twoLanes(t,
		func(t *spec.T) { close(begun); <-crashed; t.Dial().Ping() },
		func(t *spec.T) { <-begun; kill(t.Server()); close(crashed) })
	l.run(func() *spec.Runner { return contractRunnerOf(program) })
	if quiet, loud := l.results[0], l.results[1]; quiet.Verdict != spec.Pass || loud.Verdict != spec.Crash {
		t.Errorf("the quiet check %s, the other one %s\n%s%s", quiet.Verdict, loud.Verdict, quiet.Report("wrong"), loud.Report("wrong"))
	}
}

// kill ends a server behind the back of its check.
func kill(server *spec.Server) {
	for syscall.Kill(server.PID(), syscall.SIGKILL); server.Alive(); {
		time.Sleep(time.Millisecond)
	}
}

// twoLanes has a check for each, and servers enough.
func twoLanes(t *testing.T, quiet, loud func(*spec.T)) (*lanes, *limitedProgram) {
	l := newLanes(t.Context(), []spec.Check{{Slug: "test/quiet", Quiet: true, Run: quiet}, {Slug: "test/loud", Run: loud}}, &listener{})
	l.enough = func(spec.Result) bool { return false }
	return l, &limitedProgram{Program: spec.Command(wrong, "-addr", "{addr}").Program, left: 9}
}

func contractRunnerOf(program spec.Program) *spec.Runner {
	return &spec.Runner{Target: &spec.Target{Program: program, Features: map[string]bool{contract: true}}}
}

// TestATimeoutInTheLastCheck is no success: what it interrupts has not been asked.
func TestATimeoutInTheLastCheck(t *testing.T) {
	waits := func(t *spec.T) { t.Sleep(time.Minute) }
	s := &session{config: config{count: 1, timeout: 50 * time.Millisecond}, checks: []spec.Check{
		{Slug: "test/quiet", Starts: true, Quiet: true, Run: waits},
		{Slug: "test/loud", Starts: true, Run: waits},
	}}
	o := outcome{counts: tally{}}
	s.runChecks(t.Context(), contractRunner().Target, &o, &listener{})
	if s.outcomes = []outcome{o}; s.exitStatus() != exitCannotTell {
		t.Errorf("exit status %d, want %d; results %v", s.exitStatus(), exitCannotTell, o.results)
	}
}

func contractRunner() *spec.Runner { return contractRunnerOf(spec.Command("true").Program) }
