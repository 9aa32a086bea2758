package spec

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"reactorbench/impls"
)

// A Target is one server under test: a program to start, or a process that runs already.
type Target struct {
	Name     string            // on screen and in reports
	Program  Program           // nil: the server is attached and cannot be started
	Attached Process           // the running server, if Program is nil
	Features map[string]bool   // what the server claims
	Known    map[string]string // slug → why the server fails it
	Again    string            // how the server is named on this command's line

	Also map[string][]string // slug → other servers that are known to fail it, for the report
}

// Options are the same for every check of a run.
type Options struct {
	Seed    uint64
	Slow    float64 // stretches every limit of time; 0 is 1
	Profile Profile
	Pcap    string // a folder for the packets of checks behind a link; "" is none

	// Artifacts is the folder for what a failure leaves behind, such as the script of a schedule; "" is that for temporary files.
	Artifacts string
}

func (o Options) artifacts() string {
	if o.Artifacts == "" {
		return os.TempDir()
	}
	return o.Artifacts
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

	shared      *Server
	served      bool  // a server has started
	unstartable error // why none starts
}

// retries is how often a failed Timed check is tried again, each time in a fresh process.
const retries = 2

// Run runs one check and judges it.
func (r *Runner) Run(ctx context.Context, check Check) Result {
	result := r.attempt(ctx, check)
	if check.Timed && result.Broken() && r.Target.Program != nil {
		result = r.retry(ctx, check, result)
	}
	if _, listed := r.Target.Known[check.Slug]; listed {
		result = r.insist(ctx, check, result)
	}
	return r.expected(result)
}

// Unstartable is why the target does not start, or nil. Its remaining checks are skipped.
func (r *Runner) Unstartable() error { return r.unstartable }

// Served reports whether a server of the target has started all the same, for a check that does not start its own.
func (r *Runner) Served() bool { return r.served }

func (r *Runner) retry(ctx context.Context, check Check, first Result) Result {
	check.Fresh = true
	for range retries {
		if again := r.attempt(ctx, check); again.Verdict == Pass {
			first.Verdict = Flaky
			break
		}
	}
	return first
}

// doubts is how often a check that is known to fail must pass in a row before the manifest is called stale. A race that
// is lost in one of two tries passes twenty times about once in a million runs.
const doubts = 20

// insist repeats a known failure that has passed: some servers lose a race only sometimes.
func (r *Runner) insist(ctx context.Context, check Check, result Result) Result {
	for range doubts - 1 {
		if result.Verdict != Pass {
			break
		}
		result = r.attempt(ctx, check)
	}
	return result
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

// attempt runs a check once, without regard to what is known of the target.
func (r *Runner) attempt(ctx context.Context, check Check) Result {
	began := time.Now()
	result := Result{Check: check, Seed: r.Options.Seed, Again: r.again(check), Also: r.Target.Also[check.Slug]}
	if result.Verdict, result.Reason = r.unasked(ctx, check); result.Verdict != "" {
		return result
	}
	t := newT(ctx, check, r.Target, r.Options)
	if err := r.provide(t); err != nil {
		r.notStarted(&result, err)
		return interrupted(ctx, result)
	}
	escaped := t.run()
	r.judge(t, &result, escaped)
	t.close()
	result.Elapsed = time.Since(began)
	if ctx.Err() == nil && !check.Fresh && !check.Starts {
		r.canary(ctx, &result)
	}
	return interrupted(ctx, result)
}

// interrupted withdraws a verdict that came after the run was called off: that ends the servers too, and whatever the
// check saw then is nobody's fault.
func interrupted(ctx context.Context, result Result) Result {
	if ctx.Err() == nil {
		return result
	}
	return Result{Check: result.Check, Verdict: Skip, Reason: "interrupted", Elapsed: result.Elapsed, Seed: result.Seed, Again: result.Again}
}

// unasked says why a check is not run at all, or "".
func (r *Runner) unasked(ctx context.Context, check Check) (Verdict, string) {
	switch {
	case ctx.Err() != nil:
		return Skip, "interrupted"
	case check.Feature != "" && !r.Target.Features[check.Feature]:
		return NotApplicable, "the server does not claim " + check.Feature
	case (check.Fresh || check.Starts) && r.Target.Program == nil:
		return NotApplicable, "needs to start the server itself"
	case r.unstartable != nil && !check.Starts:
		return Skip, "the server does not start"
	}
	return "", ""
}

// notStarted judges a check whose server did not come up. What a check that Starts says about it is more precise, so the
// first such failure only stops the others.
func (r *Runner) notStarted(result *Result, err error) {
	result.Verdict = Fail
	result.Failures = []Failure{{Want: "a server that starts", Got: err.Error()}}
	if r.shared == nil {
		r.unstartable = err
		result.Verdict, result.Reason = Skip, "the server does not start"
	}
}

// provide gives the check its server.
func (r *Runner) provide(t *T) error {
	switch {
	case t.check.Starts:
		return nil
	case r.Target.Program == nil:
		t.server = &Server{t: t, process: r.Target.Attached}
		return nil
	case !t.check.Fresh && r.shared != nil && r.shared.Alive():
		r.shared.t = t
		t.server = r.shared
		return nil
	}
	process, err := r.Target.Program.Start(t.ctx, impls.Options{})
	if err != nil {
		return err
	}
	r.served = true
	t.server = &Server{t: t, process: process}
	if !t.check.Fresh {
		r.shared = t.server
	}
	t.startClock() // what the start took is not the check's time
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
	dead := t.crashed()
	switch {
	case escaped != "":
		result.Verdict, result.Reason = Error, escaped
	case dead != nil:
		result.Verdict, result.Facts = Crash, t.facts()
		result.Reason = "the server died: it " + dead.process.Exit().String()
	case t.ending.verdict != "":
		result.Verdict = t.ending.verdict
	case len(result.Failures) > 0:
		result.Verdict = [...]Verdict{MUST: Fail, SHOULD: Weak, MAY: Fail}[t.check.Level]
	case t.check.Level == MAY:
		result.Verdict = Info
	default:
		result.Verdict = Pass
	}
	if result.Verdict != Pass {
		result.Wire = t.wire.lines()
	}
}

// canary proves that the shared server still serves. If it does not, the check just run has broken it, whatever that
// check saw, and the next one gets a new server.
func (r *Runner) canary(ctx context.Context, result *Result) {
	if r.shared != nil && !r.shared.Alive() {
		if !r.shared.leaving { // it died after the check was judged
			result.blame(Result{Verdict: Crash, Reason: "the server died: it " + r.shared.process.Exit().String(), Facts: r.shared.facts()})
		}
		r.Close()
		return
	}
	ping := Check{Slug: "canary", Budget: 2 * patience, Run: func(t *T) { t.Dial(quietly).ping() }}
	t := newT(ctx, ping, r.Target, r.Options)
	if r.provide(t) != nil {
		return
	}
	escaped := t.run()
	var after Result
	r.judge(t, &after, escaped)
	t.close()
	if after.Verdict == Pass || after.Verdict == Skip {
		return
	}
	result.blame(after)
	r.Close()
}

// blame gives a check that seemed fine what its server met after it.
func (r *Result) blame(after Result) {
	if r.Broken() {
		return
	}
	after.Check, after.Elapsed, after.Seed, after.Again = r.Check, r.Elapsed, r.Seed, r.Again
	after.Timeline = r.Timeline
	*r = after.afterwards()
}

// afterwards says that what the canary met happened after the check.
func (r Result) afterwards() Result {
	if r.Verdict != Crash {
		r.Verdict = Hang
	}
	got := r.Reason
	if len(r.Failures) > 0 {
		got = r.Failures[0].Got
	}
	r.Failures = []Failure{{Want: "a server that still answers after the check", Got: got}}
	return r
}

func (r *Runner) again(check Check) string {
	again := check.again
	if again == "" {
		again = "-run " + check.Slug
	}
	return fmt.Sprintf("conformance %s -seed %d %s", again, r.Options.Seed, r.Target.Again)
}

// Close ends the shared server.
func (r *Runner) Close() {
	if r.shared != nil {
		r.shared.close(true)
		r.shared = nil
	}
}
