package main

import (
	"context"
	"errors"
	"io"
	"time"

	"reactorbench/conformance/spec"
)

// A reporter is told what happens as it happens: the targets one after another, the checks of each one after another.
type reporter interface {
	begin(t target)
	unavailable(t target)            // instead of begin: something is not installed
	notBuilt(t target, output error) // after begin, and nothing but end follows
	running(check spec.Check)
	finished(result spec.Result)
	end(o outcome)
	summary(o []outcome)
}

// An outcome is all that is known about one target.
type outcome struct {
	target      target
	results     []spec.Result
	counts      tally
	elapsed     time.Duration
	buildError  error
	unstartable error
}

// A session is one run of the command.
type session struct {
	config   config
	checks   []spec.Check
	reporter reporter
	outcomes []outcome
	ended    error // why it stopped early: interrupted, or -timeout
}

var errTimeout = errors.New("the run took longer than -timeout")

func newSession(c config, checks []spec.Check, stdout, stderr io.Writer) *session {
	s := &session{config: c, checks: checks}
	if c.json {
		s.reporter = newEvents(stdout, c.strict)
	} else {
		s.reporter = newText(c, len(checks)*c.count, stdout, stderr)
	}
	return s
}

// run takes one target after another.
func (s *session) run(ctx context.Context, targets []target) {
	if s.config.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.config.timeout, errTimeout)
		defer cancel()
	}
	for _, t := range targets {
		if ctx.Err() != nil {
			break
		}
		o := s.runTarget(ctx, t)
		s.outcomes = append(s.outcomes, o)
		if s.config.failFast && o.counts.failed(s.config.strict) > 0 {
			break
		}
	}
	s.ended = context.Cause(ctx)
	s.reporter.summary(s.outcomes)
}

func (s *session) runTarget(ctx context.Context, t target) outcome {
	o := outcome{target: t, counts: tally{}}
	if t.unavailable != "" {
		s.reporter.unavailable(t)
		return o
	}
	s.reporter.begin(t)
	if o.buildError = t.prepare(ctx, &t.Target); o.buildError != nil {
		s.reporter.notBuilt(t, o.buildError)
	} else {
		began := time.Now() // what the compiler took is not the server's time
		s.runChecks(ctx, &t.Target, &o)
		o.elapsed = time.Since(began)
	}
	s.reporter.end(o)
	return o
}

func (s *session) runChecks(ctx context.Context, t *spec.Target, o *outcome) {
	runner := spec.Runner{Target: t, Options: spec.Options{Seed: s.config.seed, Slow: s.config.slow, Profile: s.config.profile}}
	defer runner.Close()
	for range s.config.count {
		for _, check := range s.checks {
			if ctx.Err() != nil {
				return
			}
			s.reporter.running(check)
			result := runner.Run(ctx, check)
			o.results = append(o.results, result)
			o.counts[result.Verdict]++
			o.unstartable = runner.Unstartable()
			s.reporter.finished(result)
			if s.config.failFast && o.counts.failed(s.config.strict) > 0 {
				return
			}
		}
	}
}

// exitStatus is the verdict over all. A broken promise is certain whatever else went wrong, so it comes first.
func (s *session) exitStatus() int {
	total, notStarted, ran := tally{}, false, 0
	for _, o := range s.outcomes {
		if o.buildError != nil || o.unstartable != nil {
			notStarted = true
			continue
		}
		total.add(o.counts)
		ran += len(o.results)
	}
	switch {
	case s.ended != nil && !errors.Is(s.ended, errTimeout):
		return exitInterrupted
	case total.failed(s.config.strict) > 0:
		return exitFailed
	case s.ended != nil:
		return exitCannotTell
	case notStarted || ran == 0:
		return exitNotStarted
	case total[spec.Error] > 0:
		return exitCannotTell
	}
	return exitConformant
}
