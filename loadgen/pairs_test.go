package main

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/results"
)

func TestPairsAlternate(t *testing.T) {
	starts := make(map[string]int)
	for seed := range uint64(64) {
		cells := pairCells([2]target{}, Workload{}, 3, rand.New(rand.NewPCG(seed, 3)))
		if len(cells) != 2*pairRounds {
			t.Fatalf("%d slices, want %d", len(cells), 2*pairRounds)
		}
		starts[cells[0].role]++
		for i, c := range cells {
			if c.block != 3 || c.round != i/2 {
				t.Errorf("seed %d: slice %d is of block %d, round %d", seed, i, c.block, c.round)
			}
			if i%2 == 1 && c.role == cells[i-1].role {
				t.Errorf("seed %d: round %d has two slices of %s", seed, c.round, c.role)
			}
			if i >= 2 && c.role == cells[i-2].role {
				t.Errorf("seed %d: %s comes at the same place in two rounds that follow one another", seed, c.role)
			}
		}
	}
	if starts["base"] < 16 || starts["head"] < 16 {
		t.Errorf("of 64 blocks base began %d and head %d", starts["base"], starts["head"])
	}
}

func TestPairRun(t *testing.T) {
	base, heads := implementations(t, "none"), implementations(t, "none", "none again")
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-base", base, "-workload", mine(t, "closed", 4), "-blocks", "1", "-duration", "100ms", "-out", out, heads)
	if code := exitCode(t, cmd); code != exitDone {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	count := make(map[string]int)
	for _, r := range open(t, out).Records() {
		if r.Failed() {
			t.Errorf("%s, round %d: %s", r.Role, r.Round, r.Error)
		}
		count[r.Role]++
	}
	if count["base"] != 2*pairRounds || count["head"] != 2*pairRounds {
		t.Errorf("records by role: %v, want %d each", count, 2*pairRounds)
	}
	if strings.Count(stdout.String(), " 0 of 1  not known, no cell of bare\n")+strings.Count(stdout.String(), " 1 of 1  not known, no cell of bare\n") != 2 {
		t.Errorf("the table does not count the pairs:\n%s", stdout)
	}
}

func TestTheBaseMayHaveAnEnvironmentOfItsOwn(t *testing.T) {
	server, out := implementations(t, "none"), filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-base", server, "-base-env", asServer+"=wrong byte", "-workload", mine(t, "closed", 4), "-blocks", "1", "-duration", "20ms", "-out", out, server)
	if code := exitCode(t, cmd); code == exitUsage || !strings.Contains(stdout.String(), " · base with "+asServer+"=wrong byte") {
		t.Fatalf("exit status %d\n%s%s", code, stdout, stderr)
	}
	failed := map[string]bool{}
	for _, r := range open(t, out).Records() {
		failed[r.Role] = failed[r.Role] || r.Failed()
	}
	if !failed["base"] || failed["head"] {
		t.Errorf("failed: %v; want the base alone", failed)
	}
}

func TestPairOfAServerThatDies(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, _, stderr := loadgen(t, "-base", implementations(t, "none"), "-workload", mine(t, "closed", 4), "-blocks", "2", "-duration", "20ms", "-out", out, implementations(t, "dies"))
	if code := exitCode(t, cmd); code != exitSomeFailed || !strings.Contains(stderr.String(), "exited with status 7") {
		t.Errorf("exit status %d, want %d and the server's; stderr:\n%s", code, exitSomeFailed, stderr)
	}
	records := open(t, out).Records()
	for _, series := range results.Pairs(records) {
		if ratios, _ := results.PairRatios(records, series); len(ratios) > 0 {
			t.Errorf("a pair with a dead server has the value %v", ratios)
		}
	}
}

func TestPairRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"several bases":  {[]string{"-base", "../impls/reactor/...", "-workload", "closed-64", "../impls/bare"}, "a pair has one"},
		"idle":           {[]string{"-base", "../impls/bare", "-workload", "closed-64,idle-2000", "../impls/bare"}, "an idle workload has none"},
		"a search":       {[]string{"-base", "../impls/bare", "-workload", "open-5k", "-slo", "p99<1ms", "../impls/bare"}, "-base and -slo exclude each other"},
		"no base":        {[]string{"-base-env", "A=b", "-workload", "closed-64", "../impls/bare"}, "-base-env is for the server of -base"},
		"no environment": {[]string{"-base", "../impls/bare", "-base-env", "GOGC", "-workload", "closed-64", "../impls/bare"}, "want KEY=VALUE"},
		"running server": {[]string{"-base", "../impls/bare", "-workload", "closed-64", "-addr", "127.0.0.1:1"}, "leave out -addr"},
		"no such base":   {[]string{"-base", "./nowhere", "-workload", "closed-64", "../impls/bare"}, "-base"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, _, stderr := loadgen(t, test.arguments...)
			if code := exitCode(t, cmd); code != exitUsage || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("exit status %d, %q; want %d and %q", code, stderr, exitUsage, test.want)
			}
		})
	}
}
