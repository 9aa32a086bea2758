// Package spectest holds a server to the echo specification inside go test: each check is a sub-test.
//
//	func TestEcho(t *testing.T) {
//		spectest.Run(t, spec.Command("./my-server", "-addr", "{addr}"), spec.Options{})
//	}
//
// A server of the package under test, without a process of its own, is given as [spec.InProcess]. What is known to fail
// stands in the target's Known, by slug, with the reason.
//
// The other ways to test a server, and how to use this package from another module, are in conformance/README.md.
//
// It is a package of its own so that programs which use package spec do not link package testing.
package spectest

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
)

// Run holds the target to the given checks, or to all of the profile, as sub-tests called FAMILY/NAME.
//
// A broken MUST, a crash and a hang fail their sub-test with the whole report; a broken SHOULD is only logged. A check that does not
// apply, or that this machine cannot carry out, is skipped with the reason; so is a known failure, and one that is known
// and passes fails, because the list is stale. The seed is options.Seed, or drawn; failures name it.
func Run(t *testing.T, target spec.Target, options spec.Options, checks ...spec.Check) {
	t.Helper()
	if options.Seed == 0 {
		options.Seed = rand.Uint64N(1_000_000) + 1
	}
	if options.Artifacts == "" {
		options.Artifacts = t.ArtifactDir()
	}
	if len(checks) == 0 {
		checks = spec.InProfile(options.Profile)
	}
	ctx := t.Context() // the server outlives the sub-test that starts it
	runner := &spec.Runner{Target: &target, Options: options}
	defer runner.Close()
	for _, family := range families(checks) {
		t.Run(family[0].Family(), func(t *testing.T) {
			for _, check := range family {
				t.Run(name(check), func(t *testing.T) { one(ctx, t, runner, check) })
			}
		})
	}
	if err := runner.Unstartable(); err != nil {
		t.Errorf("the server does not start: %v", err)
	}
}

// families cuts the checks where the family changes.
func families(checks []spec.Check) (all [][]spec.Check) {
	for _, check := range checks {
		if last := len(all) - 1; last >= 0 && all[last][0].Family() == check.Family() {
			all[last] = append(all[last], check)
			continue
		}
		all = append(all, []spec.Check{check})
	}
	return all
}

func name(check spec.Check) string { return strings.TrimPrefix(check.Slug, check.Family()+"/") }

func one(ctx context.Context, t *testing.T, runner *spec.Runner, check spec.Check) {
	result := runner.Run(ctx, check)
	t.Attr("level", check.Level.String())
	t.Attr("verdict", string(result.Verdict))
	report := "\n" + result.Report(runner.Target.Name)
	switch result.Verdict {
	case spec.Pass:
	case spec.Info, spec.Weak, spec.Flaky:
		t.Log(report)
	case spec.XFail, spec.NotApplicable, spec.Precondition, spec.Skip:
		t.Skip(report)
	default:
		t.Error(report)
	}
}
