package spec

import (
	"context"
	"errors"
	"math/rand/v2"
)

// A Report is what became of every check on one server.
type Report struct {
	Spec    string // the edition, Version
	Target  string
	Profile Profile
	Seed    uint64 // shows a failure again
	Results []Result
}

// Conformant reports whether every MUST that was asked is kept. One that this environment could not ask (precondition) or that a
// known failure excuses is not kept.
func (r Report) Conformant() bool {
	kept, asked := r.MUSTs()
	return kept == asked
}

// MUSTs counts the requirements of that level that apply to the server, and those it was seen to keep.
func (r Report) MUSTs() (kept, asked int) { return CountMUSTs(r.Results) }

// CountMUSTs counts the MUSTs among results that apply to the server, and those it was seen to keep.
func CountMUSTs(results []Result) (kept, asked int) {
	for _, result := range results {
		if result.Check.Level != MUST || result.Verdict == NotApplicable {
			continue
		}
		asked++
		if result.Verdict == Pass {
			kept++
		}
	}
	return kept, asked
}

// Run holds a server to the given checks, or to all of the profile, one after another. A broken promise is in the report and no
// error; an error says why the report is not whole: the server does not start, ctx has ended, or the suite is at fault.
//
// Run needs no package testing; package spectest makes sub-tests of the same checks.
func Run(ctx context.Context, target Target, options Options, checks ...Check) (Report, error) {
	if options.Seed == 0 {
		options.Seed = rand.Uint64N(1_000_000) + 1
	}
	if len(checks) == 0 {
		checks = InProfile(options.Profile)
	}
	report := Report{Spec: Version, Target: target.Name, Profile: options.Profile, Seed: options.Seed}
	runner := Runner{Target: &target, Options: options}
	defer runner.Close()
	var faults []error
	for _, check := range checks {
		result := runner.Run(ctx, check)
		report.Results = append(report.Results, result)
		if result.Verdict == Error {
			faults = append(faults, errors.New(check.Slug+": "+result.Reason))
		}
	}
	return report, errors.Join(append(faults, runner.Unstartable(), ctx.Err())...)
}

// InProfile returns the checks of a profile, in the order of the specification.
func InProfile(p Profile) []Check {
	var chosen []Check
	for _, check := range All() {
		if check.Profile <= p {
			chosen = append(chosen, check)
		}
	}
	return chosen
}
