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
	{"says-port-zero", []string{"launch/port-zero", "launch/ready-line"}, []string{"launch/two-at-once", "launch/busy-port", "launch/rebind-*", "launch/low-nofile", "launch/stdout-clean", "launch/ready-fast"}},
	{"ready-before-listening", []string{"launch/ready-line"}, []string{"launch/port-zero", "launch/two-at-once", "launch/busy-port", "launch/rebind-*", "launch/low-nofile", "launch/stdout-clean", "launch/ready-fast"}},
	{"second-line", []string{"launch/stdout-clean"}, nil},
	{"logs-on-stdout", []string{"launch/stdout-clean"}, nil},
	{"bad-flag-exits-zero", []string{"launch/bad-flag"}, nil},
	{"bad-address-ignored", []string{"launch/bad-address"}, nil},
	{"fails-silently", []string{"launch/busy-port", "launch/bad-address", "launch/privileged-port"}, nil},
	{"takes-a-port-it-may-have", []string{"launch/privileged-port"}, nil},
	{"shares-busy-port", []string{"launch/busy-port"}, nil},
	{"no-reuseaddr", []string{"launch/rebind-time-wait", "launch/rebind-live-conn"}, nil},
	{"allows-one-instance", []string{"launch/two-at-once"}, nil},
	{"help-is-a-mistake", []string{"launch/help"}, nil},
	{"logs-into-client", []string{"launch/closed-stdio"}, nil},
	{"waits-for-descriptors", []string{"launch/low-nofile"}, nil},

	{"drops-nul", []string{"data/all-bytes", "data/size-ladder", "data/fragment-random"}, []string{"data/*"}},
	{"loses-byte-of-full-buffer", []string{"data/size-ladder"}, []string{"data/*"}},
	{"resends-after-short-write", []string{"flow/resume-lossless", "fault/tiny-buffers-flow"}, []string{"flow/*", "fault/*"}},
	{"swaps-pipelined-blocks", []string{"data/pipelined-order"}, []string{"data/vectored", "data/all-bytes", "data/size-ladder", "data/fragment-random", "data/isolation"}},
	{"shares-buffer", []string{"data/isolation"}, []string{"data/pipelined-order"}},
	{"greets", []string{"data/no-extra", "data/zero-length"}, []string{"data/*"}},
	{"waits-for-newline", []string{"data/one-byte", "data/trickle-1b"}, []string{"data/*"}},
	{"stops-after-one-mebibyte", []string{"data/size-ladder"}, []string{"data/pipelined-order", "data/vectored"}},
	{"wedged-by-urgent-byte", []string{"data/urgent"}, nil},
	{"writes-too-many-pieces", []string{"data/vectored"}, []string{"data/trickle-noread"}},
	{"stops-after-two-gibibytes", []string{"data/big-2g"}, nil},
	{"leaves-out-holes", []string{"data/compress-pattern"}, nil},
	{"stale-output-for-reused-descriptor", []string{"data/fd-reuse-stale"}, nil},

	{"closes-when-fin-is-near", []string{"close/half-close-small", "close/fin-in-same-segment"}, []string{"close/fin-*", "close/half-close-*", "close/simultaneous"}},
	{"drops-backlog-at-fin", []string{"close/half-close-backlog", "sock/ipv6-half-close", "fault/tiny-buffers-close"}, []string{"close/half-close-slow-reader", "fault/*"}},
	{"reads-once-at-fin", []string{"close/fin-large-inflight"}, []string{"close/fin-in-same-segment", "close/simultaneous", "close/half-close-backlog", "close/half-close-slow-reader"}},
	{"answers-fin-with-rst", []string{"close/half-close-fin-type", "net/loss-reorder-delay", "net/corrupt", "net/mtu-small", "fault/cpu-starved"}, []string{"close/both-sides", "close/half-close-*", "close/fin-*", "close/simultaneous", "close/double-close-fd", "close/linger-blocking", "net/*", "fault/*"}},
	{"never-closes", []string{"close/empty", "conn/churn-close-wait"}, []string{"close/shutdown-rd", "close/time-wait-side", "close/half-close-*", "close/fin-*", "close/simultaneous", "close/both-sides", "close/shutdown-rdwr", "close/double-close-fd", "close/linger-blocking", "conn/idle-thousand", "conn/churn-*", "conn/max-fd-sparse", "conn/churn-fd-leak"}},
	{"shuts-down-but-keeps", []string{"close/both-sides", "conn/churn-fd-leak"}, []string{"close/rst-*", "close/shutdown-rd", "close/simultaneous", "close/fin-rst-sigpipe", "conn/churn-close-wait", "conn/idle-thousand"}},
	{"dies-of-reset", []string{"close/rst-mid-echo"}, []string{"close/rst-*", "close/both-sides", "close/simultaneous", "close/shutdown-*", "close/double-close-fd", "close/shutdown-rdwr"}},
	{"dies-of-broken-pipe", []string{"close/fin-rst-sigpipe"}, []string{"close/both-sides", "close/shutdown-rd", "close/simultaneous", "close/shutdown-rdwr"}},
	{"dies-without-peer-name", []string{"close/rst-before-accept"}, []string{"close/double-close-fd", "close/rst-mid-echo", "close/fin-rst-sigpipe"}},
	{"leaks-on-reset", []string{"close/rst-mid-echo", "close/shutdown-rd", "net/peer-reset-storm"}, []string{"close/rst-*", "close/both-sides", "close/simultaneous", "close/fin-rst-sigpipe"}},
	{"closes-twice", []string{"close/double-close-fd"}, []string{"close/*"}},
	{"closes-late", []string{"close/half-close-timely"}, []string{"close/*"}},
	{"lingers-in-loop", []string{"close/linger-blocking"}, []string{"close/half-close-*", "close/rst-pending-output"}},
	{"keeps-output-of-the-dead", []string{"close/rst-pending-output"}, nil},

	{"queues-without-bound", []string{"flow/never-reads-bounded"}, nil},
	{"spins-while-stalled", []string{"flow/stall-no-spin"}, nil},
	{"drops-while-stalled", []string{"flow/resume-lossless", "flow/window-flap"}, []string{"flow/zero-window", "flow/duplex-no-deadlock", "flow/never-reads-many"}},
	{"one-stall-blocks-all", []string{"flow/others-unaffected"}, []string{"flow/never-reads-many"}},
	{"stalls-use-up-workers", []string{"flow/never-reads-many"}, nil},
	{"cuts-off-slow-writer", []string{"flow/slow-writer"}, nil},
	{"cuts-off-slow-reader", []string{"flow/zero-window", "flow/zero-window-long"}, []string{"flow/resume-lossless", "flow/duplex-no-deadlock", "flow/never-reads-many", "flow/window-flap"}},
	{"never-resumes", []string{"flow/resume-lossless"}, []string{"flow/zero-window", "flow/duplex-no-deadlock", "flow/never-reads-many", "flow/window-flap"}},

	{"leaks-descriptor", []string{"conn/churn-fd-leak"}, nil},
	{"accepts-once-per-event", []string{"conn/burst-accept", "conn/burst-stopped"}, []string{"conn/*"}},
	{"forgets-client-513", []string{"conn/idle-thousand", "fault/uring-enobufs", "fault/uring-cq-overflow"}, []string{"conn/burst-accept", "conn/idle-cost", "fault/*"}},
	{"closes-idle-client", []string{"conn/server-does-not-close-first", "conn/idle-minutes"}, []string{"conn/*", "conn/idle-thousand"}},
	{"forgets-moved-client", []string{"conn/max-fd-sparse"}, []string{"conn/churn-*"}},
	{"looks-up-newcomers", []string{"conn/flood-of-connects"}, []string{"conn/*"}},
	{"remembers-each-client", []string{"conn/churn-rss-leak"}, nil},
	{"keeps-thread", []string{"conn/churn-threads"}, nil},
	{"short-backlog", []string{"conn/backlog-size"}, []string{"conn/*"}},
	{"walks-all-clients", []string{"conn/idle-cost"}, []string{"conn/*"}},
	{"starves-others", []string{"conn/fair-flood", "conn/fair-many-flood", "conn/fair-throughput"}, []string{"conn/accept-under-load", "conn/hundred-parallel"}},
	{"starves-accept", []string{"conn/accept-under-load"}, []string{"conn/burst-accept", "conn/churn-*", "conn/hundred-parallel", "conn/max-fd-sparse", "conn/fair-throughput", "conn/churn-fd-leak"}},

	{"dies-without-descriptors", []string{"limit/emfile-survive"}, []string{"limit/*"}},
	{"spins-without-descriptors", []string{"limit/emfile-no-spin"}, []string{"limit/emfile-twice"}},
	{"floods-log-without-descriptors", []string{"limit/emfile-log-bounded"}, []string{"limit/emfile-twice"}},
	{"listener-dies-without-descriptors", []string{"limit/emfile-recover", "limit/emfile-queued"}, []string{"limit/emfile-twice", "limit/disk-full-log"}},
	{"spins-without-descriptors-again", []string{"limit/emfile-twice"}, nil},
	{"forgets-queue-after-shortage", []string{"limit/emfile-queued"}, []string{"limit/emfile-twice", "limit/emfile-recover", "limit/disk-full-log"}},
	{"dies-of-full-disk", []string{"limit/disk-full-log"}, nil},
	{"logs-in-loop", []string{"limit/stderr-blocked"}, nil},
	{"dies-without-descriptors-again", []string{"limit/emfile-twice"}, nil},

	{"listens-on-ipv4-only", []string{"sock/ipv6"}, []string{"sock/ipv6-half-close"}},
	{"keeps-unix-client", []string{"sock/unix"}, []string{"sock/unix-half-close", "sock/unix-broken-pipe"}},
	{"steals-unix-socket", []string{"sock/unix-live"}, nil},
	{"trips-over-stale-socket", []string{"sock/unix-stale"}, nil},
	{"drops-unix-backlog", []string{"sock/unix-half-close"}, []string{"sock/unix"}},
	{"dies-of-broken-unix-pipe", []string{"sock/unix-broken-pipe"}, nil},
	{"leaves-unix-file", []string{"sock/unix-removed"}, nil},
	{"leaves-nagle-on", []string{"sock/nodelay"}, nil},
	{"corks-output", []string{"sock/splice-cork-latency"}, []string{"sock/nodelay"}},

	{"ignores-sigterm", []string{"proc/sigterm-exits", "proc/sigterm-drain"}, []string{"proc/sig*", "proc/no-children-left"}},
	{"drops-pending-at-sigterm", []string{"proc/sigterm-drain-backlog"}, nil},
	{"exits-one-at-sigterm", []string{"proc/sigterm-status", "proc/sigint"}, nil},
	{"accepts-after-sigterm", []string{"proc/sigterm-drain-backlog"}, nil},
	{"drains-without-deadline", []string{"proc/sigterm-deadline"}, nil},
	{"deaf-to-second-sigterm", []string{"proc/sigterm-twice"}, nil},
	{"drops-clients-after-suspend", []string{"proc/stop-long"}, nil},
	{"leaves-sockets-inheritable", []string{"proc/fd-cloexec"}, nil},
	{"logs-every-block", []string{"proc/log-bounded"}, nil},
	{"leaves-child", []string{"proc/no-children-left"}, nil},
	// What needs two clients at once is in no list of cases.
	{"drains-one-at-a-time", []string{"fuzz/schedule"}, []string{"fuzz/*"}},
	{"reset-unlinks-another", []string{"fuzz/schedule"}, []string{"fuzz/*"}},

	// The runtime of Go preempts threads by a signal, so this one can strike at any time.
	{"dies-of-interrupted-wait", []string{"proc/stop-cont", "proc/eintr-storm", "fault/eintr-epoll"}, []string{"proc/*", "fault/*"}},

	{"polls-for-work", []string{"idle/cpu"}, []string{"idle/half-open-sleep"}},
	{"ticks-when-idle", []string{"idle/wakeups", "idle/after-load"}, nil},
	{"leaves-timers", []string{"idle/after-load"}, nil},
	{"spins-while-half-closed", []string{"idle/half-open-sleep"}, nil},

	{"never-times-out", []string{"time/idle-timeout", "time/uptime"}, []string{"time/idle-timeout-pending"}},
	{"times-out-from-the-start", []string{"time/idle-timeout-active"}, []string{"time/*"}},
	{"drops-output-at-timeout", []string{"time/idle-timeout-pending"}, nil},
	{"counts-in-32-bits", []string{"time/uptime"}, []string{"time/*"}}, // a busy machine is late at a deadline
	{"believes-clock-first", []string{"time/suspend"}, nil},

	// A short write whose rest is forgotten: nobody notices until the kernel has no room.
	{"forgets-rest-of-short-write", []string{"fault/tiny-buffers-data"}, []string{"fault/tiny-buffers-*"}},
	{"closes-at-interrupted-read", []string{"fault/eintr-read"}, nil},
	{"takes-interrupted-write-for-done", []string{"fault/eintr-write"}, nil},
	{"dies-of-interrupted-accept", []string{"fault/eintr-accept"}, nil},
	{"dies-of-write-error", []string{"fault/write-enobufs"}, nil},
	{"dies-of-failed-registration", []string{"fault/epoll-ctl-enomem"}, nil},
	{"cuts-off-slow-write", []string{"fault/slow-syscalls"}, []string{"fault/*"}}, // a write may be slow for other reasons
	{"ends-quietly-without-io-uring", []string{"fault/uring-disabled"}, nil},
	{"dies-of-machine-shortage", []string{"limit/enfile-enobufs-enomem"}, nil},
	{"dies-of-aborted-accept", []string{"limit/econnaborted-eproto"}, nil},

	{"cuts-off-silent-client", []string{"net/blackhole-then-heal", "net/link-flap"}, []string{"net/*"}},
	{"counts-half-open-clients", []string{"net/syn-flood-small"}, nil},
	{"serves-only-established", []string{"net/tcp-fastopen"}, nil},
	{"keeps-vanished-client", []string{"close/half-open-peer-gone"}, nil},
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
			runner := spec.Runner{Target: target, Options: spec.Options{Seed: seed, Slow: hurried, Artifacts: t.TempDir()}}
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
	return &spec.Target{Name: name, Program: spec.Launch(program, 0), Features: map[string]bool{contract: true, "ipv6": true, "unix": true, "idle-timeout": true, "io_uring": true}, Again: name}
}

func (m mistake) asks(check spec.Check) bool {
	if slices.Contains(m.caught, check.Slug) {
		return true
	}
	related := slices.ContainsFunc(m.caught, func(slug string) bool { return strings.HasPrefix(slug, check.Family()+"/") })
	excused := slices.ContainsFunc(m.also, func(pattern string) bool { ok, _ := path.Match(pattern, check.Slug); return ok })
	return related && !excused && check.Profile <= m.profile()
}

// profile is the largest one that a check of caught needs.
func (m mistake) profile() spec.Profile {
	largest := spec.Core
	for _, check := range spec.All() {
		if slices.Contains(m.caught, check.Slug) {
			largest = max(largest, check.Profile)
		}
	}
	return largest
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
	case result.Verdict == spec.Precondition: // of this machine
		t.Logf("%s: %s", result.Check.Slug, result.Reason)
	case !intended && (result.Broken() || result.Verdict == spec.Error || result.Verdict == spec.Skip):
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
			target := implementation(builder, impl, 1)
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
