package spec

import (
	"slices"
	"strings"
)

// faultChecks: what the kernel may do at any time and hardly ever does.
var faultChecks = []Check{
	tinyBuffers("data", dataChecks), tinyBuffers("close", closeChecks), tinyBuffers("flow", flowChecks), starvedCheck,
}

// tinyBuffers holds a server to a whole family again where the kernel has hardly room for anything.
func tinyBuffers(family string, checks []Check) Check {
	return Check{
		Slug:  "fault/tiny-buffers-" + family,
		Level: MUST,
		Says: "What the " + family + " family asks MUST hold too where the kernel buffers four kilobytes of each connection " +
			"and direction.",
		Source: "tcp(7): tcp_rmem, tcp_wmem; write(2)",
		Why: "With default buffers a mebibyte of echo met no short write at all; with these it met 38 short writes and 21 EAGAIN. " +
			"Code that has never run is where bytes get lost, doubled and swapped.",
		Sound: "Nothing is injected: the kernel has so little room in a network of the check's own, and each check of the " +
			"family waits for progress as ever. Left out is what the server is known to fail anyway, data/trickle-noread and " +
			"flow/tiny-rcvbuf, where the kernel's own probe timer would set the pace, and close/rst-pending-output, which is " +
			"about memory.",
		Profile: Full,
		Starts:  true,
		Network: true,
		Quiet:   true, // most of the time is the kernel's, until it tells of room again
		Run:     func(t *T) { t.again(checks, tinyWorld, notInATinyWorld) },
	}
}

// notInATinyWorld are the checks that say nothing more there; see Sound.
var notInATinyWorld = []string{"data/trickle-noread", "flow/tiny-rcvbuf", "close/rst-pending-output"}

// tinyWorld leaves the kernel a page for each direction of each connection, which it halves for its own bookkeeping.
var tinyWorld = World{Settings: map[string]string{"ipv4/tcp_rmem": "4096 4096 4096", "ipv4/tcp_wmem": "4096 4096 4096"}}

// again runs other checks in a world of this one, and makes their failures its own. Left out are those that the server is
// known to fail in any world, those that are no MUST, and the exceptions.
func (t *T) again(checks []Check, w World, exceptions []string) {
	known := t.target.Known
	t.settle(w)
	t.target.Known = nil // what is left must hold
	runner := Runner{Target: t.target, Options: Options{Seed: t.Seed, Slow: t.slow, Profile: Core}}
	defer runner.Close()
	var leftOut []string
	for _, check := range checks {
		switch _, listed := known[check.Slug]; {
		case check.Level != MUST || check.Profile > Core || slices.Contains(exceptions, check.Slug):
		case listed:
			leftOut = append(leftOut, check.Slug)
		default:
			t.adopt(runner.Run(t.ctx, check))
		}
	}
	if len(leftOut) > 0 && !t.Failed() {
		t.Infof("not asked again, being known failures: %s", strings.Join(leftOut, ", "))
	}
}

// adopt makes the verdict of another check a part of this one's.
func (t *T) adopt(r Result) {
	t.Eventf("%s %s", r.Check.Slug, r.Verdict)
	switch {
	case r.Verdict == Error:
		t.brokenf("%s: %s", r.Check.Slug, r.Reason)
	case !r.Broken():
		return
	}
	if len(r.Failures) == 0 { // it crashed or hung
		r.Failures = []Failure{{Want: r.Check.Says, Got: r.Reason}}
	}
	for _, f := range r.Failures {
		t.Fail(r.Check.Slug+": "+f.Want, f.Got, append(f.Detail, fold("when "+r.Timeline)...)...)
	}
	if t.ending.facts = r.Facts; r.Verdict == Crash {
		t.ending.facts = append([]string{r.Reason}, r.Facts...)
	}
}
