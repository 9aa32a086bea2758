package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"reactorbench/conformance/spec"
)

// A reporter is told what happens: the targets one after another, the checks of each one after another.
type reporter interface {
	progress
	summary(o []outcome)
}

// Progress is the part of a reporter that one target needs.
type progress interface {
	begin(t target)
	unavailable(t target)            // instead of begin: something is not installed
	notBuilt(t target, output error) // after begin, and nothing but end follows
	running(check spec.Check)
	finished(result spec.Result)
	end(o outcome)
}

// An outcome is all that is known about one target.
type outcome struct {
	target      target
	results     []spec.Result
	counts      tally
	elapsed     time.Duration
	buildError  error
	unstartable error
	served      bool // some server has started, perhaps before or beside one that did not
	tooLong     bool // -timeout came
}

// A session is one run of the command.
type session struct {
	config   config
	checks   []spec.Check
	reporter reporter
	outcomes []outcome
	ended    bool // early: interrupted
}

func newSession(c config, checks []spec.Check, stdout, stderr io.Writer) *session {
	s := &session{config: c, checks: checks}
	if c.json {
		s.reporter = newEvents(stdout, c.strict)
	} else {
		s.reporter = newText(c, len(checks)*c.count, stdout, stderr)
	}
	return s
}

// run takes -parallel targets at a time, in their order.
func (s *session) run(ctx context.Context, targets []target) {
	failed, giveUp := context.WithCancel(ctx)
	defer giveUp()
	turns, free := newTurns(s.reporter), make(chan struct{}, s.config.parallel)
	outcomes, begun := make([]outcome, len(targets)), 0
	var running sync.WaitGroup
	for i, t := range targets {
		free <- struct{}{}
		if failed.Err() != nil {
			break
		}
		begun++
		running.Go(func() {
			outcomes[i] = s.runTarget(failed, t, turn{turns, i})
			turns.leave(i)
			if s.config.failFast && outcomes[i].counts.failed(s.config.strict) > 0 {
				giveUp()
			}
			<-free
		})
	}
	running.Wait()
	s.outcomes, s.ended = outcomes[:begun], ctx.Err() != nil
	s.reporter.summary(s.outcomes)
}

var errTimeout = errors.New("the implementation took longer than -timeout")

func (s *session) runTarget(ctx context.Context, t target, tell progress) outcome {
	o := outcome{target: t, counts: tally{}}
	if t.unavailable != "" {
		tell.unavailable(t)
		return o
	}
	tell.begin(t)
	if o.buildError = t.prepare(ctx, &t.Target); o.buildError != nil {
		tell.notBuilt(t, o.buildError)
	} else {
		began := time.Now() // what the compiler took is not the server's time
		s.runChecks(ctx, &t.Target, &o, tell)
		o.elapsed = time.Since(began)
	}
	tell.end(o)
	return o
}

func (s *session) runChecks(ctx context.Context, t *spec.Target, o *outcome, tell progress) {
	if s.config.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.config.timeout, errTimeout)
		defer cancel()
	}
	l := newLanes(ctx, slices.Repeat(s.checks, s.config.count), tell)
	l.enough = func(result spec.Result) bool {
		return s.config.failFast && tally{result.Verdict: 1}.failed(s.config.strict) > 0
	}
	l.run(func() *spec.Runner {
		return &spec.Runner{Target: t, Options: spec.Options{
			Seed: s.config.seed, Slow: s.config.slow, Profile: s.config.profile, Pcap: s.config.pcap, Artifacts: s.config.trace,
		}}
	})
	o.tooLong = l.cutShort() && context.Cause(ctx) == errTimeout
	o.results, o.unstartable, o.served = l.finished(), l.unstartable, l.served
	for _, result := range o.results {
		o.counts[result.Verdict]++
	}
}

// exitStatus is the verdict over all. A broken promise is certain whatever else went wrong, so it comes first.
func (s *session) exitStatus() int {
	total, notStarted, tooLong, ran := tally{}, false, false, 0
	for _, o := range s.outcomes {
		tooLong = tooLong || o.tooLong
		notStarted = notStarted || o.buildError != nil || o.unstartable != nil
		if o.unstartable != nil && !o.served {
			continue // what failed is only that it did not start
		}
		total.add(o.counts)
		ran += len(o.results)
	}
	switch {
	case s.ended:
		return exitInterrupted
	case total.failed(s.config.strict) > 0:
		return exitFailed
	case tooLong:
		return exitCannotTell
	case notStarted || ran == 0:
		return exitNotStarted
	case total[spec.Error] > 0:
		return exitCannotTell
	}
	return exitConformant
}
