package spec

import "time"

// A Verdict is what became of one check on one server.
type Verdict string

// The verdicts. Fail, XPass, Crash and Hang make a run fail (Weak and Flaky too under -strict); Error says that the suite could not tell.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"         // a MUST is broken, or what a MAY check met is no choice
	Weak          Verdict = "weak"         // a SHOULD is broken
	Info          Verdict = "info"         // which choice the server makes where it is free
	NotApplicable Verdict = "n/a"          // the question does not arise, or cannot be asked from here
	Skip          Verdict = "skip"         // not asked, because -skip or an interrupt said so
	Precondition  Verdict = "precondition" // this environment cannot produce the situation
	Flaky         Verdict = "flaky"        // failed, then passed in a fresh process
	XFail         Verdict = "xfail"        // failed as the manifest says it does
	XPass         Verdict = "xpass"        // passed although the manifest says it fails: the manifest is stale
	Crash         Verdict = "crash"        // the server died
	Hang          Verdict = "hang"         // the watchdog's hour came
	Error         Verdict = "error"        // the suite or the machine is at fault
)

// A Result is one check on one server.
type Result struct {
	Check   Check
	Verdict Verdict
	Known   string // the manifest's reason, for XFail and XPass
	Reason  string // for n/a, precondition, info, hang and error: why
	Elapsed time.Duration
	Seed    uint64
	Again   string   // the command that shows it again
	Also    []string // other servers that are known to fail this check

	Failures []Failure
	Timeline string
	Facts    []string // of the server
	Wire     []string // what the client did and saw on each connection, kept for what is not a pass
}

// Broken reports whether the server was seen to break its promise, whether or not that was expected.
func (r Result) Broken() bool {
	switch r.Verdict {
	case Fail, Weak, XFail, Crash, Hang, Flaky:
		return true
	}
	return false
}
