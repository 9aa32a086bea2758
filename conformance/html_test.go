package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"reactorbench/conformance/spec"
)

// broken is a run of one server that fails one check, passes one and is not asked a third.
func broken() *session {
	checks := []spec.Check{{Slug: "data/one", Says: "One."}, {Slug: "data/two", Says: "Two."}, {Slug: "sock/three", Says: "Three."}}
	results := []spec.Result{
		{Check: checks[0], Verdict: spec.Fail, Failures: []spec.Failure{{Want: "<b>", Got: "a & b"}}, Wire: []string{"0.1 c1 → 5 bytes"}},
		{Check: checks[1], Verdict: spec.Pass},
		{Check: checks[2], Verdict: spec.NotApplicable, Reason: "the server does not claim unix"},
	}
	counts := tally{spec.Fail: 1, spec.Pass: 1, spec.NotApplicable: 1}
	return &session{checks: checks, outcomes: []outcome{{target: target{Target: spec.Target{Name: "a/b"}}, results: results, counts: counts}}}
}

func htmlOf(t *testing.T, s *session) string {
	t.Helper()
	text, err := s.htmlReport(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheMatrixLeadsToTheStory: the cell is a word and a link, the story behind it is whole, and text stays text.
func TestTheMatrixLeadsToTheStory(t *testing.T) {
	html := htmlOf(t, broken())
	for _, part := range []string{
		`<a class="chip fail" href="#a-b--data-one">fail</a>`, `<article id="a-b--data-one">`, "a &amp; b", "&lt;b&gt;",
		"0.1 c1 → 5 bytes", `<span class="chip pass">pass</span>`, `title="the server does not claim unix">n/a</span>`, "1 of 2 MUSTs",
	} {
		if !strings.Contains(html, part) {
			t.Errorf("no %s in\n%s", part, html)
		}
	}
}

// TestFiguresAreTold: what a check reports stands on the page, not only in a tip that needs a mouse; the same of two servers once.
func TestFiguresAreTold(t *testing.T) {
	checks := []spec.Check{{Slug: "sock/figure", Says: "A figure.", Level: spec.MAY}, {Slug: "data/none", Says: "None."}}
	var all []outcome
	for name, reason := range map[string]string{"a": "it does", "b": "it does not"} {
		for _, variant := range []string{"/x", "/y"} {
			results := []spec.Result{
				{Check: checks[0], Verdict: spec.Info, Reason: reason}, {Check: checks[1], Verdict: spec.Pass},
				{Check: checks[1], Verdict: spec.NotApplicable, Reason: "nobody can tell"},
			}
			all = append(all, outcome{target: target{Target: spec.Target{Name: name + variant}}, results: results, counts: tally{}})
		}
	}
	html := htmlOf(t, &session{checks: checks, outcomes: all})
	for part, times := range map[string]int{
		`<a class="chip info" href="#reported--sock-figure" title="it does">info</a>`: 2, `<dt id="reported--sock-figure">sock/figure</dt>`: 1,
		`<span class="dim">a/x, a/y</span> it does</dd>`: 1, `<span class="dim">b/x, b/y</span> it does not</dd>`: 1, "<dt": 1,
	} {
		if strings.Count(html, part) != times {
			t.Errorf("%s stands %d times, want %d, in\n%s", part, strings.Count(html, part), times, html)
		}
	}
}

// TestThePageNeedsNothingElse: no script, and no address from which a browser would load something.
func TestThePageNeedsNothingElse(t *testing.T) {
	html := htmlOf(t, broken())
	for _, form := range []string{`<script`, `<link`, `<img`, `<iframe`, `\bsrc=`, `@import`, `url\(`, `href="[^#]`, `\son[a-z]+=`} {
		if at := regexp.MustCompile(form).FindString(html); at != "" {
			t.Errorf("%s stands in the page", at)
		}
	}
}

// TestEveryWordIsInTheLegend, and has colours.
func TestEveryWordIsInTheLegend(t *testing.T) {
	html := htmlOf(t, broken())
	for _, v := range []spec.Verdict{spec.Pass, spec.Fail, spec.Weak, spec.Info, spec.NotApplicable, spec.Skip, spec.Precondition, spec.Flaky,
		spec.XFail, spec.XPass, spec.Crash, spec.Hang, spec.Error} {
		if !strings.Contains(html, fmt.Sprintf(`<span class="chip %s">%s</span>`, class(v), v)) || !strings.Contains(html, "."+class(v)) {
			t.Errorf("%s has no line in the legend, or no style", v)
		}
	}
}

// TestTheWholeCatalogueFits: 160 checks, 16 servers, 120 failures with full wire logs are less than a megabyte.
func TestTheWholeCatalogueFits(t *testing.T) {
	var s session
	for i := range 160 {
		s.checks = append(s.checks, spec.Check{Slug: fmt.Sprintf("family/a-check-of-usual-length-%d", i), Says: strings.Repeat("word ", 40)})
	}
	wire := make([]string, 160)
	for i := range wire {
		wire[i] = strings.Repeat("x", 80)
	}
	for server := range 16 {
		o := outcome{target: target{Target: spec.Target{Name: fmt.Sprintf("server/variant-%d", server)}}}
		for i, check := range s.checks {
			r := spec.Result{Check: check, Verdict: spec.Pass}
			if i%20 == 0 {
				r = spec.Result{Check: check, Verdict: spec.XFail, Wire: wire, Timeline: strings.Repeat("0.001 event · ", 100)}
			}
			o.results = append(o.results, r)
		}
		s.outcomes = append(s.outcomes, o)
	}
	html := htmlOf(t, &s)
	if len(html) > 1<<20 || !strings.Contains(html, "cut here") {
		t.Errorf("%d bytes", len(html))
	}
}

func TestBadge(t *testing.T) {
	must := func(verdicts ...spec.Verdict) outcome {
		o := outcome{counts: tally{}}
		for _, v := range verdicts {
			o.results = append(o.results, spec.Result{Verdict: v})
			o.counts[v]++
		}
		return o
	}
	for _, test := range []struct {
		o               outcome
		message, colour string
	}{
		{must(spec.Pass, spec.Pass, spec.NotApplicable), "2 of 2 MUSTs", "brightgreen"},
		{must(spec.Pass, spec.Fail), "1 of 2 MUSTs", "red"},
		{must(spec.Pass, spec.XFail), "1 of 2 MUSTs", "red"},
		{must(spec.Pass, spec.Precondition), "1 of 2 MUSTs", "yellow"},
		{must(), "not run", "lightgrey"},
	} {
		b := badgeOf(test.o)
		if b.message != test.message || b.colour != test.colour {
			t.Errorf("%+v, want %s in %s", b, test.message, test.colour)
		}
		svg, err := b.file("x.svg")
		if err != nil || !strings.Contains(string(svg), test.message) {
			t.Errorf("%v: %s", err, svg)
		}
		for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("not XML: %v\n%s", err, svg)
			}
		}
	}
	if text, _ := badgeOf(must(spec.Pass)).file("x.json"); string(text) != `{"color":"brightgreen","label":"echo conformance","message":"1 of 1 MUSTs","schemaVersion":1}` {
		t.Errorf("%s", text)
	}
}

// TestReportsOfARun: one real run writes all of them.
func TestReportsOfARun(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	status, _, stderr := command(t, "-run", "data/one|data/all", "-html", at("m.html"), "-badge", at("b.svg"), "-trace", at("trace"),
		"--", wrong, "-addr", "{addr}", "-fault", "drops-nul")
	if status != exitFailed {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	for name, part := range map[string]string{
		"m.html": `href="#wrong--data-all-bytes"`, "b.svg": "1 of 2 MUSTs", "trace/wrong--data-all-bytes.txt": "c1    connect",
	} {
		if text, err := os.ReadFile(at(name)); err != nil || !strings.Contains(string(text), part) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, part, text)
		}
	}
	for _, test := range [][]string{{"-badge", "b.png", "--", wrong}, {"-badge", "b.svg", "../impls/libevent"}} {
		if status, _, stderr := command(t, test...); status != exitUsage || !strings.Contains(stderr, "-badge") {
			t.Errorf("%v: exit status %d: %s", test, status, stderr)
		}
	}
}
