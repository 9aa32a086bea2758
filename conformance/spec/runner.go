package spec

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// A Target is one server under test: a program to start, or a process that runs already.
type Target struct {
	Name     string            // on screen and in reports
	Program  Program           // nil: the server is attached and cannot be started
	Attached Process           // the running server, if Program is nil
	Features map[string]bool   // what the server claims
	Known    map[string]string // slug → why the server fails it
	Again    string            // how the server is named on this command's line
}

// Options are the same for every check of a run.
type Options struct {
	Seed    uint64
	Slow    float64 // stretches every limit of time; 0 is 1
	Profile Profile
}

func (o Options) slow() float64 {
	if o.Slow <= 0 {
		return 1
	}
	return o.Slow
}

// A Runner holds one target to checks, one after another. Checks that are not Fresh share a server process, as long as it
// answers: after each of them a canary pings, so a check that breaks the server is found guilty itself and the next
// one gets a new process.
type Runner struct {
	Target  *Target
	Options Options
	shared  *Server
}

// retries is how often a failed Timed check is tried again, each time in a fresh process.
const retries = 2

// Run runs one check and judges it.
func (r *Runner) Run(ctx context.Context, check Check) Result {
	result := r.attempt(ctx, check, check.Fresh)
	if check.Timed && result.Broken() && r.Target.Program != nil {
		result = r.retry(ctx, check, result)
	}
	return r.expected(result)
}

func (r *Runner) retry(ctx context.Context, check Check, first Result) Result {
	for range retries {
		if again := r.attempt(ctx, check, true); again.Verdict == Pass {
			first.Verdict = Flaky
			return first
		}
	}
	return first
}

// expected compares with the target's known failures.
func (r *Runner) expected(result Result) Result {
	known, listed := r.Target.Known[result.Check.Slug]
	switch {
	case !listed:
		return result
	case result.Broken():
		result.Verdict, result.Known = XFail, known
	case result.Verdict == Pass || result.Verdict == Info:
		result.Verdict, result.Known = XPass, known
	}
	return result
}

func (r *Runner) attempt(ctx context.Context, check Check, fresh bool) Result {
	began := time.Now()
	result := Result{Check: check, Seed: r.Options.Seed, Again: r.again(check)}
	finish := func(v Verdict, reason string) Result {
		result.Verdict, result.Reason, result.Elapsed = v, reason, time.Since(began)
		return result
	}
	switch {
	case ctx.Err() != nil:
		return finish(Skip, "interrupted")
	case check.Feature != "" && !r.Target.Features[check.Feature]:
		return finish(NotApplicable, "the server does not claim "+check.Feature)
	case fresh && r.Target.Program == nil:
		return finish(NotApplicable, "needs a server process of its own")
	}
	t := newT(ctx, check, r.Target, r.Options)
	if err := r.provide(t, fresh); err != nil {
		return finish(Error, "the server did not start: "+err.Error())
	}
	escaped := t.run()
	if fresh {
		defer t.server.close(true)
	}
	r.judge(t, &result, escaped)
	t.close()
	result.Elapsed = time.Since(began)
	if !fresh {
		r.canary(ctx, &result)
	}
	return result
}

// provide gives the check its server.
func (r *Runner) provide(t *T, fresh bool) error {
	switch {
	case r.Target.Program == nil:
		t.server = &Server{t: t, process: r.Target.Attached}
		return nil
	case !fresh && r.shared != nil && r.shared.Alive():
		r.shared.t = t
		t.server = r.shared
		return nil
	}
	process, err := r.Target.Program.Start(t.ctx, StartOptions{})
	if err != nil {
		return err
	}
	t.server = &Server{t: t, process: process}
	if !fresh {
		r.shared = t.server
	}
	// What the start took is not the check's time.
	t.began = time.Now()
	t.timeline.began = t.began
	t.deadline = t.began.Add(time.Duration(float64(t.check.budget()) * t.slow))
	return nil
}

// run calls the check's function in a goroutine, which may end by Goexit. It returns what escaped as a panic: a fault of the check.
func (t *T) run() (escaped string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				escaped = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		t.check.Run(t)
	}()
	<-done
	return escaped
}

// judge turns what the check left into a verdict.
func (r *Runner) judge(t *T, result *Result, escaped string) {
	result.Failures, result.Facts = t.ending.failures, t.ending.facts
	result.Timeline = t.timeline.String()
	result.Reason = t.ending.reason
	grant := time.Duration(0)
	if len(result.Failures) > 0 {
		grant = 100 * time.Millisecond // a dying process closes its sockets before it can be reaped
	}
	switch {
	case escaped != "":
		result.Verdict, result.Reason = Error, escaped
	case t.server.crashed(grant):
		result.Verdict, result.Facts = Crash, t.server.facts()
		result.Reason = "the server died: " + t.server.process.Exit().String()
	case t.ending.verdict != "":
		result.Verdict = t.ending.verdict
	case len(result.Failures) > 0:
		result.Verdict = [...]Verdict{MUST: Fail, SHOULD: Weak, MAY: Info}[t.check.Level]
	case t.check.Level == MAY:
		result.Verdict = Info
	default:
		result.Verdict = Pass
	}
}

// canary proves that the shared server still serves. If it does not, the check just run has broken it, whatever that check saw.
func (r *Runner) canary(ctx context.Context, result *Result) {
	if r.Target.Program != nil && (r.shared == nil || !r.shared.Alive()) {
		r.Close()
		return
	}
	t := newT(ctx, Check{Slug: "canary", Budget: patience, Run: func(t *T) { t.Dial(quietly).ping() }}, r.Target, r.Options)
	if r.provide(t, false) != nil {
		return
	}
	t.run()
	t.close()
	if len(t.ending.failures) == 0 && t.ending.verdict != Hang {
		return
	}
	if result.Verdict == Pass || result.Verdict == Info {
		result.Verdict, result.Facts = Hang, t.server.facts()
		result.Failures = []Failure{{Want: "a server that still answers after the check", Got: t.verdictText()}}
		if t.server.crashed(100 * time.Millisecond) {
			result.Verdict = Crash
			result.Reason = "the server died after the check: " + t.server.process.Exit().String()
		}
	}
	r.Close()
}

func (t *T) verdictText() string {
	if len(t.ending.failures) > 0 {
		return t.ending.failures[0].Got
	}
	return t.ending.reason
}

func (r *Runner) again(check Check) string {
	return fmt.Sprintf("conformance -run %s -seed %d %s", check.Slug, r.Options.Seed, r.Target.Again)
}

// Close ends the shared server.
func (r *Runner) Close() {
	if r.shared != nil {
		r.shared.close(true)
		r.shared = nil
	}
}
