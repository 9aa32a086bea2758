package main

import (
	"slices"
	"strings"
	"testing"

	"reactorbench/results"
)

// TestAdvice: each sentence follows from the figures of a run whose truth is known.
func TestAdvice(t *testing.T) {
	bare := server{"bare", "bare epoll loop", "Go", 1, 35}
	cheap, alike := server{"cheap", "single reactor", "C", 1.1, 40}, server{"alike", "single reactor", "C", 1.1, 60}
	dear := server{"dear", "goroutine per connection", "Go", 1.6, 900}
	tiedDesign := server{"tied", "event-loop framework", "Go", 1.1, 900}
	unsound := server{"gnet", "event-loop framework", "Go", 1.01, 563}
	for _, test := range []struct {
		name  string
		run   synthetic
		wants []string
		never []string
	}{
		{"one is cheapest", small(bare, cheap, dear), []string{
			"In closed-64 a single reactor suits best, by server CPU per request.",
			"closed-64 (64 connections, 64 B requests): cheap takes the least server CPU, ",
			"In closed-64 a goroutine per connection (dear) takes 1.4", "× the CPU of the cheapest.",
			" in a goroutine per connection and ", "System calls were not counted in this run",
		}, []string{"no detectable difference"}},
		{"two of one design are tied", small(bare, cheap, alike, dear), []string{"a single reactor suits best, ", "no detectable difference between alike and cheap, "}, []string{"least server CPU"}},
		{"two designs are tied", small(bare, cheap, tiedDesign, dear), []string{
			"In closed-64 there is no detectable difference between an event-loop framework and a single reactor.",
			"no detectable difference between an event-loop framework (tied) and a single reactor (cheap), ",
		}, []string{"suits best"}},
		{"one design", small(bare, cheap, alike), []string{"there was only a single reactor.", "no detectable difference between alike and cheap"}, []string{"suits best"}},
		{"nobody to compare with", small(bare, cheap), []string{"there was only a single reactor.", "only cheap took part"}, []string{"suits best", "takes the least"}},
		{"who breaks a MUST is no choice", small(bare, unsound, cheap, dear), []string{"gnet fails 2 MUSTs. No speed makes up for that", "cheap takes the least"}, []string{"gnet takes", "(gnet)"}},
		{"workloads alike are told together", everywhere(small(bare, cheap, dear)), []string{"In closed-64, closed-1000, pipelined-16 and bulk-64k a single reactor suits best"}, nil},
		{"few blocks of one", oneBlockOf("dear", small(bare, cheap, dear)), []string{"there was only a single reactor.", "only cheap took part"}, []string{"no detectable difference", "suits best", "dear"}},
		{"too few blocks", fewer(small(bare, cheap, dear), 5), nil, []string{"suits best", "no detectable difference"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := studyOf(t, test.run).findings()
			got := f.First + " " + strings.Join(f.Suits, " ")
			for _, want := range test.wants {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			for _, never := range test.never {
				if strings.Contains(got, never) {
					t.Errorf("%q must not stand in\n%s", never, got)
				}
			}
		})
	}
}

// oneBlockOf leaves a server figures of its first block only.
func oneBlockOf(impl string, s synthetic) synthetic {
	s.broken = func(name, _ string, block int) string {
		if name == impl && block > 0 {
			return "the server died"
		}
		return ""
	}
	return s
}

// TestOnlyAnAnswerMakesSound: a server of which no check could find out anything is not advised.
func TestOnlyAnAnswerMakesSound(t *testing.T) {
	for verdict, want := range map[string]bool{"pass": true, "weak": true, "error": false, "precondition": false, "skip": false, "n/a": false, "crash": false} {
		c := judge(&results.Conformance{Results: []results.CheckResult{{Impl: "a", Slug: "data/one", Level: "MUST", Verdict: verdict}}})
		if got := c.sound("a"); got != want {
			t.Errorf("a server whose only check ended with %s is sound: %v", verdict, got)
		}
	}
}

// TestAdviceNamesSystemCalls: traced servers have no times, but their calls are a cost.
func TestAdviceNamesSystemCalls(t *testing.T) {
	s := studyOf(t, withCalls(small()))
	if got := s.callsAdvice(); !strings.Contains(got, "A request takes 2.50 system calls in a goroutine per connection and 2.50 system calls in a single reactor.") {
		t.Error(got)
	}
	if !hasColumn(s, "system calls") {
		t.Error("the table has no column of them")
	}
	if hasColumn(studyOf(t, small()), "system calls") {
		t.Error("an empty column of what nobody counted")
	}
}

func hasColumn(s study, name string) bool {
	return slices.ContainsFunc(s.figures(s.Workloads[0]).Head, func(h heading) bool { return h.Name == name })
}

// withCalls traces each server once in the first workload.
func withCalls(s synthetic) synthetic {
	for _, srv := range s.servers {
		r := s.loads[0]
		r.Schema, r.Purpose, r.Impl, r.Design, r.Requests, r.SyscallsPerRequest = 1, traced, srv.name, srv.design, 1000, 2.5
		s.more = append(s.more, r)
	}
	return s
}

// TestChance: a table of many comparisons says how many of its differences would stand if they were taken together.
func TestChance(t *testing.T) {
	if got := studyOf(t, small()).chance(); !strings.HasPrefix(got, "Of 6 comparisons with bare, ") || !strings.Contains(got, "0 do") {
		t.Errorf("six blocks tell six servers from bare? %s", got)
	}
	clear := fewer(small(server{"bare", "", "Go", 1, 35}, server{"dear", "", "Go", 1.6, 900}), 9)
	if got := studyOf(t, clear).chance(); got != "" {
		t.Errorf("one sure difference leaves no doubt, got %s", got)
	}
}

func TestEchoHeadline(t *testing.T) {
	result := func(impl, verdict string) results.CheckResult {
		return results.CheckResult{Impl: impl, Slug: "close/half", Level: "MUST", Verdict: verdict}
	}
	for _, test := range []struct {
		results []results.CheckResult
		want    string
	}{
		{nil, ""},
		{[]results.CheckResult{result("a", "pass")}, "The only server that was checked breaks no MUST."},
		{[]results.CheckResult{result("a", "pass"), result("b", "pass")}, "None of 2 servers breaks a MUST."},
		{[]results.CheckResult{result("a", "xfail"), result("b", "pass")}, "1 of 2 servers breaks a MUST."},
		{[]results.CheckResult{result("a", "xfail"), result("b", "hang")}, "2 of 2 servers break a MUST."},
	} {
		if got := (study{Echo: judge(&results.Conformance{Results: test.results})}).echoHeadline(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
