package main

import (
	"context"
	"math/rand/v2"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// This file tests the suite itself, with servers of which it is known what is wrong with them.

// A mistake is one fault of testdata/wrong, the checks that were written for it, and those that it breaks as well.
//
// Every check of the families of caught runs, but for those of also: those of caught must break, all others must pass.
type mistake struct {
	fault  string
	caught []string
	also   []string // patterns of path.Match
}

var mistakes = []mistake{
	// Starting up. A server that the suite cannot start breaks nearly everything here.
	{"says-port-zero", []string{"launch/port-zero", "launch/ready-line"}, []string{"launch/two-at-once", "launch/busy-port", "launch/rebind-time-wait", "launch/stdout-clean"}},
	{"ready-before-listening", []string{"launch/ready-line"}, []string{"launch/port-zero", "launch/two-at-once", "launch/busy-port", "launch/rebind-time-wait", "launch/stdout-clean"}},
	{"second-line", []string{"launch/stdout-clean"}, nil},
	{"logs-on-stdout", []string{"launch/stdout-clean"}, nil},
	{"bad-flag-exits-zero", []string{"launch/bad-flag"}, nil},
	{"bad-address-ignored", []string{"launch/bad-address"}, nil},
	{"fails-silently", []string{"launch/busy-port", "launch/bad-address"}, nil},
	{"shares-busy-port", []string{"launch/busy-port"}, nil},
	{"no-reuseaddr", []string{"launch/rebind-time-wait"}, nil},
	{"allows-one-instance", []string{"launch/two-at-once"}, nil},

	{"drops-nul", []string{"data/all-bytes", "data/size-ladder", "data/fragment-random"}, []string{"data/*"}},
	{"loses-byte-of-full-buffer", []string{"data/size-ladder"}, []string{"data/*"}},
	{"resends-after-short-write", []string{"flow/resume-lossless"}, []string{"flow/*"}},
	{"swaps-pipelined-blocks", []string{"data/pipelined-order"}, []string{"data/all-bytes", "data/size-ladder", "data/fragment-random", "data/isolation"}},
	{"shares-buffer", []string{"data/isolation"}, []string{"data/pipelined-order"}},
	{"greets", []string{"data/no-extra", "data/zero-length"}, []string{"data/*"}},
	{"waits-for-newline", []string{"data/one-byte", "data/trickle-1b"}, []string{"data/*"}},
	{"stops-after-one-mebibyte", []string{"data/size-ladder"}, []string{"data/pipelined-order"}},
	{"wedged-by-urgent-byte", []string{"data/urgent"}, nil},
	{"stale-output-for-reused-descriptor", []string{"data/fd-reuse-stale"}, nil},

	{"closes-when-fin-is-near", []string{"close/half-close-small", "close/fin-in-same-segment"}, []string{"close/fin-*", "close/half-close-*", "close/simultaneous"}},
	{"drops-backlog-at-fin", []string{"close/half-close-backlog"}, []string{"close/half-close-slow-reader"}},
	{"reads-once-at-fin", []string{"close/fin-large-inflight"}, []string{"close/fin-in-same-segment", "close/simultaneous", "close/half-close-backlog", "close/half-close-slow-reader"}},
	{"answers-fin-with-rst", []string{"close/half-close-fin-type"}, []string{"close/both-sides", "close/half-close-*", "close/fin-*", "close/simultaneous"}},
	{"never-closes", []string{"close/empty", "conn/churn-close-wait"}, []string{"close/half-close-*", "close/fin-*", "close/simultaneous", "close/both-sides", "close/shutdown-rdwr", "conn/idle-thousand", "conn/churn-fd-leak"}},
	{"shuts-down-but-keeps", []string{"close/both-sides", "conn/churn-fd-leak"}, []string{"close/rst-*", "close/simultaneous", "close/fin-rst-sigpipe", "conn/churn-close-wait", "conn/idle-thousand"}},
	{"dies-of-reset", []string{"close/rst-mid-echo"}, []string{"close/rst-*", "close/both-sides", "close/simultaneous", "close/shutdown-rdwr"}},
	{"dies-of-broken-pipe", []string{"close/fin-rst-sigpipe"}, []string{"close/both-sides", "close/simultaneous", "close/shutdown-rdwr"}},
	{"dies-without-peer-name", []string{"close/rst-before-accept"}, []string{"close/rst-mid-echo", "close/fin-rst-sigpipe"}},
	{"leaks-on-reset", []string{"close/rst-mid-echo"}, []string{"close/rst-*", "close/both-sides", "close/simultaneous", "close/fin-rst-sigpipe"}},
	{"keeps-output-of-the-dead", []string{"close/rst-pending-output"}, nil},

	{"queues-without-bound", []string{"flow/never-reads-bounded"}, nil},
	{"spins-while-stalled", []string{"flow/stall-no-spin"}, nil},
	{"drops-while-stalled", []string{"flow/resume-lossless"}, []string{"flow/zero-window", "flow/duplex-no-deadlock"}},
	{"one-stall-blocks-all", []string{"flow/others-unaffected"}, nil},
	{"cuts-off-slow-reader", []string{"flow/zero-window"}, []string{"flow/resume-lossless", "flow/duplex-no-deadlock"}},
	{"never-resumes", []string{"flow/resume-lossless"}, []string{"flow/zero-window", "flow/duplex-no-deadlock"}},

	{"leaks-descriptor", []string{"conn/churn-fd-leak"}, nil},
	{"accepts-once-per-event", []string{"conn/burst-accept"}, []string{"conn/*"}},
	{"forgets-client-513", []string{"conn/idle-thousand"}, []string{"conn/burst-accept"}},
	{"closes-idle-client", []string{"conn/server-does-not-close-first"}, nil},
	{"starves-others", []string{"conn/fair-flood"}, []string{"conn/accept-under-load", "conn/hundred-parallel"}},
	{"starves-accept", []string{"conn/accept-under-load"}, []string{"conn/burst-accept", "conn/churn-fd-leak", "conn/hundred-parallel"}},

	{"dies-without-descriptors", []string{"limit/emfile-survive"}, []string{"limit/*"}},
	{"spins-without-descriptors", []string{"limit/emfile-no-spin"}, []string{"limit/emfile-twice"}},
	{"floods-log-without-descriptors", []string{"limit/emfile-log-bounded"}, []string{"limit/emfile-twice"}},
	{"listener-dies-without-descriptors", []string{"limit/emfile-recover"}, []string{"limit/emfile-twice"}},
	{"spins-without-descriptors-again", []string{"limit/emfile-twice"}, nil},
	{"dies-without-descriptors-again", []string{"limit/emfile-twice"}, nil},

	{"listens-on-ipv4-only", []string{"sock/ipv6"}, nil},
	{"keeps-unix-client", []string{"sock/unix"}, nil},
	{"steals-unix-socket", []string{"sock/unix-live"}, nil},
	{"trips-over-stale-socket", []string{"sock/unix-stale"}, nil},

	{"ignores-sigterm", []string{"proc/sigterm-exits", "proc/sigterm-drain"}, []string{"proc/sig*", "proc/no-children-left"}},
	{"drops-pending-at-sigterm", []string{"proc/sigterm-drain-backlog"}, nil},
	{"exits-one-at-sigterm", []string{"proc/sigterm-status", "proc/sigint"}, nil},
	{"accepts-after-sigterm", []string{"proc/sigterm-drain-backlog"}, nil},
	{"drains-without-deadline", []string{"proc/sigterm-deadline"}, nil},
	{"logs-every-block", []string{"proc/log-bounded"}, nil},
	{"leaves-child", []string{"proc/no-children-left"}, nil},
	// What needs two clients at once is in no list of cases.
	{"drains-one-at-a-time", []string{"fuzz/schedule"}, nil},
	{"reset-unlinks-another", []string{"fuzz/schedule"}, nil},

	// The runtime of Go preempts threads by a signal, so this one can strike at any time.
	{"dies-of-interrupted-wait", []string{"proc/stop-cont"}, []string{"proc/*"}},
}

// hurried halves the limits of time: a wrong server is waited for to the end of each, and a right one needs none of them.
const hurried = 0.5

// TestEachMistakeIsCaught demands of every fault that the checks written for it break, and that no other does.
func TestEachMistakeIsCaught(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, m := range mistakes {
		t.Run(m.fault, func(t *testing.T) {
			t.Parallel()
			target := contractTarget(m.fault, impls.Command(m.fault, wrong, "-fault="+m.fault))
			runner := spec.Runner{Target: target, Options: spec.Options{Seed: seed, Slow: hurried}}
			defer runner.Close()
			for _, check := range spec.All() {
				if m.asks(check) {
					m.judge(t, m.run(t.Context(), &runner, check))
				}
			}
		})
	}
}

// contractTarget is a server that claims to honour the server contract, on every kind of address.
func contractTarget(name string, program *impls.Program) *spec.Target {
	return &spec.Target{Name: name, Program: spec.Launch(program), Features: map[string]bool{contract: true, "ipv6": true, "unix": true}, Again: name}
}

func (m mistake) asks(check spec.Check) bool {
	if slices.Contains(m.caught, check.Slug) {
		return true
	}
	related := slices.ContainsFunc(m.caught, func(slug string) bool { return strings.HasPrefix(slug, check.Family()+"/") })
	excused := slices.ContainsFunc(m.also, func(pattern string) bool { ok, _ := path.Match(pattern, check.Slug); return ok })
	return related && !excused && check.Profile == spec.Core
}

// drawn is how many seeds may be tried until a drawn schedule meets the fault. One finds those of the table in two of three
// runs or more often.
const drawn = 6

// run runs a check, and a drawn one that has met nothing again with other seeds.
func (m mistake) run(ctx context.Context, runner *spec.Runner, check spec.Check) spec.Result {
	result := runner.Run(ctx, check)
	for i := 1; i < drawn && check.Family() == "fuzz" && !result.Broken(); i++ {
		runner.Options.Seed++
		result = runner.Run(ctx, check)
	}
	return result
}

func (m mistake) judge(t *testing.T, result spec.Result) {
	intended := slices.Contains(m.caught, result.Check.Slug)
	switch {
	case intended && !result.Broken():
		t.Errorf("not caught:\n%s", result.Report(m.fault))
	case !intended && result.Verdict != spec.Pass && result.Verdict != spec.Info:
		t.Errorf("false alarm:\n%s", result.Report(m.fault))
	}
}

// TestNoMistakeIsForgotten demands that the table and the server know the same faults, and that the table names checks
// that exist.
func TestNoMistakeIsForgotten(t *testing.T) {
	out, err := exec.Command(wrong, "-list").Output()
	if err != nil {
		t.Fatal(err)
	}
	var tested, slugs []string
	for _, m := range mistakes {
		tested = append(tested, m.fault)
	}
	for _, check := range spec.All() {
		slugs = append(slugs, check.Slug)
	}
	slices.Sort(tested)
	if known := strings.Fields(string(out)); !slices.Equal(tested, known) {
		t.Errorf("tested %v\nknown %v", tested, known)
	}
	for _, m := range mistakes {
		for _, slug := range m.caught {
			if !slices.Contains(slugs, slug) {
				t.Errorf("%s: no check %s", m.fault, slug)
			}
		}
	}
}

// TestRightServersPass demands that servers known to be right break no check of the core profile.
func TestRightServersPass(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	builder, err := impls.NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { builder.Close() })
	t.Run("wrong, with no fault", func(t *testing.T) {
		t.Parallel()
		passes(t, contractTarget("wrong", impls.Command("wrong", wrong)), seed)
	})
	right, err := impls.Find("../impls/bare", "../impls/goroutine")
	if err != nil {
		t.Fatal(err)
	}
	for _, impl := range right {
		t.Run(impl.Name, func(t *testing.T) {
			t.Parallel()
			target := implementation(builder, impl)
			if err := target.prepare(t.Context(), &target.Target); err != nil {
				t.Fatal(err)
			}
			passes(t, &target.Target, seed)
		})
	}
}

func passes(t *testing.T, target *spec.Target, seed uint64) {
	runner := spec.Runner{Target: target, Options: spec.Options{Seed: seed}}
	defer runner.Close()
	for _, check := range spec.All() {
		if check.Profile > spec.Core {
			continue
		}
		switch result := runner.Run(t.Context(), check); result.Verdict {
		case spec.Pass, spec.Info, spec.NotApplicable, spec.Precondition, spec.XFail:
		default:
			t.Errorf("false alarm:\n%s", result.Report(target.Name))
		}
	}
}
