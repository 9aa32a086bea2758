package main

import (
	"strings"
	"testing"

	"reactorbench/results"
)

func TestHeadlineClaimsNoMoreThanTheIntervals(t *testing.T) {
	bare := server{"bare", "", "Go", 1, 35}
	cheap, alike, dear := server{"cheap", "", "C", 1.1, 40}, server{"alike", "", "C", 1.1, 40}, server{"dear", "", "Go", 1.6, 900}
	for _, test := range []struct {
		name string
		run  synthetic
		want string
	}{
		{"one is cheapest", small(bare, cheap, dear), "cheap costs the least server CPU per request in the only workload."},
		{"two cannot be told apart", small(bare, cheap, alike, dear), "No server is detectably cheaper per request than alike or cheap in the only workload."},
		{"the reference takes no part", small(bare), "This run holds no figures for the cost of a request."},
		{"too few blocks", fewer(small(bare, cheap, dear), 5), "Too few blocks to say who is cheapest: a difference needs at least 6."},
		{"nobody differs", small(bare, cheap, alike), "No server is detectably cheaper per request than another in the only workload."},
		{"nobody to compare with", small(bare, cheap), "cheap is the only server here besides bare, so there is nothing to compare it with."},
		{"everywhere", everywhere(small(bare, cheap, dear)), "cheap costs the least server CPU per request in all 4 workloads."},
		{"a leader who breaks MUSTs", small(bare, server{"gnet", "", "Go", 1.1, 40}, dear), "gnet (which fails 2 MUSTs) costs the least server CPU per request in the only workload."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := studyOf(t, test.run).costHeadline(); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func fewer(s synthetic, blocks int) synthetic {
	s.blocks = blocks
	return s
}

func everywhere(s synthetic) synthetic {
	s.loads = quickLoads
	return s
}

func TestHeadlineOfMixedWinners(t *testing.T) {
	leads := []lead{
		{leaders: []string{"a"}, sure: true}, {leaders: []string{"a", "b"}, sure: true}, {leaders: []string{"b"}, sure: true}, {leaders: []string{"a"}, sure: true},
	}
	want := "No server is cheapest everywhere. Of 4 workloads, a in 3 and b in 2 cost the least server CPU per request, alone or tied."
	if got := (study{}).mixedSentence(leads); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if common := commonLeaders(leads); len(common) != 0 {
		t.Errorf("%q lead everywhere?", common)
	}
	if common := commonLeaders(leads[:2]); len(common) != 1 || common[0] != "a" {
		t.Errorf("a leads in both, got %q", common)
	}
}

func TestEchoPoint(t *testing.T) {
	result := func(impl, level, verdict string) results.CheckResult {
		return results.CheckResult{Impl: impl, Slug: "close/half", Level: level, Verdict: verdict}
	}
	for _, test := range []struct {
		name    string
		results []results.CheckResult
		want    string
	}{
		{"nothing", nil, "The conformance report holds no results."},
		{"all pass", []results.CheckResult{result("a", "MUST", "pass"), result("b", "MUST", "pass")}, "No MUST of the specification was broken by any of the 2 implementations that were checked."},
		{"one fails", []results.CheckResult{result("a", "MUST", "fail"), result("b", "MUST", "pass")}, "1 of 2 implementations break no MUST of the specification; a fails 1 MUST."},
		{"a known failure counts", []results.CheckResult{result("a", "MUST", "xfail"), result("b", "MUST", "crash")}, "0 of 2 implementations break no MUST of the specification; a fails 1 MUST and b 1."},
		{"a SHOULD does not", []results.CheckResult{result("a", "SHOULD", "weak")}, "No MUST of the specification was broken by any of the 1 implementation that was checked."},
	} {
		s := study{Echo: judge(&results.Conformance{Results: test.results})}
		if got := s.echoPoint(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
	if got := (study{}).echoPoint(); !strings.Contains(got, "nothing is known") {
		t.Errorf("without a report: %s", got)
	}
}

// TestOneUnsureWorkloadDoesNotSilenceTheOthers: a workload with too few blocks is left out of the headline.
func TestOneUnsureWorkloadDoesNotSilenceTheOthers(t *testing.T) {
	s := everywhere(small())
	s.broken = func(impl, load string, block int) string {
		if load == "bulk-64k" && block > 0 {
			return "the server died"
		}
		return ""
	}
	if got := studyOf(t, s).costHeadline(); !strings.Contains(got, "3 workloads") {
		t.Error(got)
	}
}

// TestRivalWithFewBlocksIsNotCalledDearer: what cannot be compared cannot have lost.
func TestRivalWithFewBlocksIsNotCalledDearer(t *testing.T) {
	s := small(server{"bare", "", "Go", 1, 35}, server{"cheap", "", "C", 1.1, 40}, server{"dear", "", "Go", 1.6, 900}, server{"rare", "", "Go", 1.9, 900})
	s.broken = func(impl, load string, block int) string {
		if impl == "rare" && block > 0 {
			return "the server died"
		}
		return ""
	}
	leaders, sure := studyOf(t, s).Workloads[0].cheapest()
	if !sure || strings.Join(leaders, " ") != "cheap rare" {
		t.Errorf("leaders %q, sure %t", leaders, sure)
	}
}

// TestRatioWords: a difference is claimed only where the interval excludes 1.
func TestRatioWords(t *testing.T) {
	six := func(median, low, high float64) results.Estimate {
		return results.Estimate{Median: median, Low: low, High: high, Confidence: 0.97, N: 6}
	}
	for _, test := range []struct {
		name        string
		ratio       results.Estimate
		text, aside string
	}{
		{"dearer", six(1.31, 1.29, 1.33), "1.31×", "1.29–1.33×"},
		{"cheaper", six(0.9, 0.88, 0.95), "0.90×", "0.88–0.95×"},
		{"not to be told", six(1.02, 0.98, 1.05), "no detectable difference", "0.98–1.05×"},
		{"too few", results.Estimate{Median: 1.3, Low: 1.2, High: 1.4, Confidence: 0.75, N: 3}, "1.30×", "1.20–1.40×, too few blocks to compare"},
		{"unknown", results.Estimate{}, "–", ""},
	} {
		got := ratioValue(results.Summary{Impl: "gnet", CPURatio: test.ratio})
		if got.Text != test.text || got.Aside != test.aside {
			t.Errorf("%s: %q (%q), want %q (%q)", test.name, got.Text, got.Aside, test.text, test.aside)
		}
	}
}
