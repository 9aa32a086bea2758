package main

import (
	"strings"
	"testing"

	"reactorbench/results"
)

func TestEveryVerdictHasItsPlace(t *testing.T) {
	for _, test := range []struct {
		verdict, class string
		breaks         bool
	}{
		{"pass", "good", false}, {"info", "quiet", false}, {"n/a", "quiet", false}, {"skip", "quiet", false}, {"precondition", "quiet", false},
		{"weak", "doubt", false}, {"error", "doubt", false}, {"flaky", "doubt", false}, {"xpass", "doubt", false}, {"from the future", "doubt", false},
		{"xfail", "bad", true}, {"fail", "bad", true}, {"hang", "bad", true}, {"crash", "bad", true},
	} {
		c := cell{Run: true, CheckResult: results.CheckResult{Level: "MUST", Verdict: test.verdict}}
		if c.Style().Class != test.class || c.breaksMust() != test.breaks {
			t.Errorf("%s: class %s, breaks %t; want %s, %t", test.verdict, c.Style().Class, c.breaksMust(), test.class, test.breaks)
		}
		if c.Style().Word == "" || c.Style().Means == "" {
			t.Errorf("%s must be readable without colour", test.verdict)
		}
		if c.Level = "SHOULD"; c.breaksMust() {
			t.Errorf("%s of a SHOULD breaks no MUST", test.verdict)
		}
	}
	if c := (cell{}); c.Style().Word != "–" || c.breaksMust() {
		t.Error("a cell without a result is a dash and breaks nothing")
	}
}

// TestWorstResultStays: a check that ran ten times and failed once has failed.
func TestWorstResultStays(t *testing.T) {
	var report results.Conformance
	for _, verdict := range []string{"pass", "fail", "pass"} {
		report.Results = append(report.Results, results.CheckResult{Impl: "a", Slug: "data/order", Level: "MUST", Verdict: verdict})
	}
	c := judge(&report)
	if got := c.Families[0].Checks[0].Cells[0].Verdict; got != "fail" {
		t.Errorf("verdict %s, want fail", got)
	}
	if got := c.mark("a"); got != "fails 1 MUST" {
		t.Errorf("one check is one MUST however often it ran, got %q", got)
	}
}

func TestTallies(t *testing.T) {
	report := results.Conformance{Impls: []results.ImplInfo{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	add := func(impl, slug, verdict string) {
		report.Results = append(report.Results, results.CheckResult{Impl: impl, Slug: slug, Level: "MUST", Verdict: verdict})
	}
	add("a", "data/one", "pass")
	add("a", "data/two", "n/a")
	add("b", "data/one", "pass")
	add("b", "data/two", "fail")
	got := judge(&report).Families[0].Tallies()
	want := []tally{{"1/1", "good", "a: 1 of 1 check met"}, {"1/2", "bad", "b: 1 of 2 checks met"}, {"–", "quiet", "c: 0 of 0 checks met"}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if !judge(&report).Families[0].Troubled() {
		t.Error("a family with a failure must be seen without a click")
	}
}

// TestSpeedOfAnUncheckedServer: nobody may take silence for correctness.
func TestSpeedOfAnUncheckedServer(t *testing.T) {
	report := results.Conformance{Results: []results.CheckResult{{Impl: "a", Slug: "data/one", Level: "MUST", Verdict: "pass"}}}
	c := judge(&report)
	if c.mark("a") != "" || c.mark("b") != "not checked" {
		t.Errorf("marks %q and %q", c.mark("a"), c.mark("b"))
	}
	if judge(nil).mark("a") != "" {
		t.Error("without a report the page says so once, not at every name")
	}
}

// TestAccountLeavesOutWhatThePageSaysAnyway: the requirement stands above, the command below.
func TestAccountLeavesOutWhatThePageSaysAnyway(t *testing.T) {
	c := cell{CheckResult: results.CheckResult{Level: "MUST", Detail: `    MUST  After the client shuts down its sending side the server MUST deliver
          every byte.
    want  8 bytes, then FIN
    got   4 bytes, then FIN
    server alive
          stderr: MUST not be lost
    again conformance -run close/half ./impls/gnet
`}}
	want := "want  8 bytes, then FIN\ngot   4 bytes, then FIN\nserver alive\n      stderr: MUST not be lost"
	if got := c.Account(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	c.Known, c.Detail = "a reason", "    want  8 bytes\n    known a reason\n          over two lines\n    when  0.1 s\n"
	if got := c.Account(); got != "want  8 bytes\nwhen  0.1 s" {
		t.Errorf("the reason stands above already, got\n%s", got)
	}
	if got := (cell{CheckResult: results.CheckResult{Level: "MUST", Detail: "one line"}}).Account(); got != "one line" {
		t.Errorf("a detail of another form stays as it is, got %q", got)
	}
}

func TestPieces(t *testing.T) {
	var text, links []string
	for _, p := range pieces("see https://example.org/a?b=1, and http://example.org/c. Not javascript:x") {
		text = append(text, p.Text)
		if p.Link != "" {
			links = append(links, p.Link)
		}
	}
	if got := strings.Join(text, ""); got != "see https://example.org/a?b=1, and http://example.org/c. Not javascript:x" {
		t.Errorf("the text has changed: %s", got)
	}
	if got := strings.Join(links, " "); got != "https://example.org/a?b=1 http://example.org/c" {
		t.Errorf("links %s", got)
	}
}

func TestFactsKeepOrderAndForeignNames(t *testing.T) {
	groups, err := factGroups(map[string]any{
		"commit":  "1a2b3c4",
		"machine": map[string]any{"cpu_model": "x", "sysctls": map[string]any{"net.ipv4.tcp_rmem": "1 2 3"}},
		"plan":    map[string]any{"server_cpus": []int{0, 2}, "programs": []any{map[string]any{"impl": "gnet"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range groups {
		for _, f := range g.Facts {
			got = append(got, g.Name+": "+f.Name+" = "+f.Value)
		}
	}
	want := "run: commit = 1a2b3c4|machine: cpu model = x|machine: sysctls net.ipv4.tcp_rmem = 1 2 3|plan: programs 1 impl = gnet|plan: server cpus = 0 2"
	if strings.Join(got, "|") != want {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "|"), want)
	}
}
