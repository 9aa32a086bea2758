package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reactorbench/results"
)

// pageOf runs the command on a folder and returns the page.
func pageOf(t *testing.T, dir string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := plots([]string{dir}, &stdout, &stderr); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, string(page))
	return string(page)
}

const mostBytes = 1 << 20 // of a page that people send each other

var (
	scripts    = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`)
	references = regexp.MustCompile(`(?i)(<\w+[^>]*?)\s(src|href|xlink:href|action|srcset|poster|data)="([^"]*)"`)
)

// checkPage holds every page to what holds for all of them.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, problem := range pageProblems(page) {
		t.Error(problem)
	}
}

// pageProblems names what is wrong with a page: not well-formed, too large, or asking for anything from outside.
func pageProblems(page string) (problems []string) {
	if err := wellFormed(scripts.ReplaceAllString(page, "")); err != nil {
		problems = append(problems, "not well-formed: "+err.Error())
	}
	if len(page) >= mostBytes {
		problems = append(problems, fmt.Sprintf("%d bytes are too many", len(page)))
	}
	for _, m := range references.FindAllStringSubmatch(page, -1) {
		anchor := strings.HasPrefix(m[1], "<a ") || m[1] == "<a"
		if outside := strings.Contains(m[3], ":") || strings.HasPrefix(m[3], "//"); outside && !anchor {
			problems = append(problems, "asks for "+m[3])
		}
	}
	for _, forbidden := range []string{"@import", "url(", "<link", "<img", "<iframe", "ZgotmplZ"} {
		if strings.Contains(page, forbidden) {
			problems = append(problems, "contains "+forbidden)
		}
	}
	return problems
}

// wellFormed is stricter than HTML asks: every element is closed and every attribute quoted.
func wellFormed(page string) error {
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Entity = xml.HTMLEntity
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestPageProblemsAreFound: a check that cannot fail checks nothing.
func TestPageProblemsAreFound(t *testing.T) {
	good := `<!doctype html><html><head><style>a > b {}</style></head><body><a href="https://example.org/">x</a></body></html>`
	if problems := pageProblems(good); len(problems) != 0 {
		t.Errorf("a good page has problems: %q", problems)
	}
	for _, bad := range []string{
		`<html><p></html>`,
		`<html><script src="https://example.org/x.js"></script></html>`,
		`<html><image xlink:href="//example.org/x.png"></image></html>`,
		`<html><style>p { background: url(x.png) }</style></html>`,
		`<html>` + strings.Repeat("x", mostBytes) + `</html>`,
	} {
		if len(pageProblems(bad)) == 0 {
			t.Errorf("no problem found in %.60s", bad)
		}
	}
}

func TestReportHoldsTheWholeRun(t *testing.T) {
	page := pageOf(t, quick().write(t))
	if n := strings.Count(page, "<figure "); n != 14 {
		t.Errorf("%d charts on the page, want 14", n)
	}
	for _, want := range []string{
		"No server is detectably cheaper per request than reactor/epoll in any of 4 workloads.",
		"5 of 7 implementations break no MUST of the specification; gnet fails 2 MUSTs and netpoll 2.",
		"Left out: 2 of 350 cells ended in an error and have no figures",
		"Client-limited: in 51 of 278 cells",
		"libevent/tutorial (needs pkg-config:libevent; apt-get install libevent-dev)",
		"no figures: the reply differs from the request at byte 4096 of connection 3: netpoll in 2 of 10 blocks",
		"conformance -run close/half-close-backlog -seed 7 ./impls/gnet",
		"want  7 864 320 bytes, then FIN",
		`<a href="https://github.com/panjf2000/gnet/issues/722" rel="noreferrer noopener">`,
		"the reference",
		"client-limited",
		"net.ipv4.tcp_rmem",
		`href="records.jsonl"`, `href="env.json"`, `href="conformance.json"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Index(page, `id="echo"`) > strings.Index(page, `id="cost"`) {
		t.Error("correctness comes before speed")
	}
}

// TestPageIsRightWithoutItsScript: what the script adds is comfort, not content.
func TestPageIsRightWithoutItsScript(t *testing.T) {
	page := scripts.ReplaceAllString(pageOf(t, small().write(t)), "")
	for _, want := range []string{"× bare", "fails 2 MUSTs", "<svg", "Not measured", "the tail is missing"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q needs the script", want)
		}
	}
	if strings.Contains(page, ` hidden="`) {
		t.Error("something is hidden until a script runs")
	}
}

// TestPolicyAllowsExactlyOurScript: the browser refuses every other script, and every request.
func TestPolicyAllowsExactlyOurScript(t *testing.T) {
	page := pageOf(t, small().write(t))
	if !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("the policy must refuse every request")
	}
	script := page[strings.LastIndex(page, "<script>")+len("<script>") : strings.LastIndex(page, "</script>")]
	if want := strings.ReplaceAll(scriptHash(script), "+", "&#43;"); !strings.Contains(page, want) {
		t.Errorf("the policy does not allow the script of the page (%s)", want)
	}
}

func TestHotspotsAreOnThePage(t *testing.T) {
	page := pageOf(t, small().write(t))
	_, rest, _ := strings.Cut(page, `id="hotspots">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var spots map[string][]hotspot
	if err := json.Unmarshal([]byte(text), &spots); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cpu-closed-64", "throughput-closed-64", "latency-closed-64", "memory-idle-2000"} {
		if len(spots[name]) < len(quickServers) {
			t.Errorf("%s has %d hotspots", name, len(spots[name]))
		}
	}
}

// TestHostileNames: names, errors and reasons come from files that a stranger may have written.
func TestHostileNames(t *testing.T) {
	const hostile = `<script>alert(1)</script>"onload='x' </style>&amp;` + "\x01\x1b"
	s := small(append([]server{{hostile, hostile, hostile, 1.4, 300}, {"javascript:alert(1)", "", "", 1.2, 99}}, quickServers...)...)
	s.loads[0].Workload = "../../" + hostile
	s.broken = func(impl, load string, block int) string {
		if impl == hostile && block == 1 {
			return hostile
		}
		return ""
	}
	dir := s.write(t)
	conformance := s.conformance()
	for i := range conformance.Results {
		r := &conformance.Results[i]
		if r.Impl == hostile {
			r.Verdict, r.Detail, r.Again, r.Says = "xfail", hostile, hostile, hostile
			r.Known = "javascript:alert(1) and https://example.org/\"><script>alert(1)</script>"
		}
	}
	conformance.Results = append(conformance.Results, results.CheckResult{Impl: hostile, Slug: hostile, Verdict: hostile, Level: hostile})
	if err := conformance.WriteFile(filepath.Join(dir, "conformance.json")); err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, dir)
	if strings.Contains(page, "<script>alert") || strings.Contains(page, `href="javascript:`) {
		t.Error("a name has become code")
	}
	outside, _ := filepath.Glob(filepath.Join(dir, "..", "*"))
	if len(outside) != 1 {
		t.Errorf("a name has left the folder: %q", outside)
	}
	charts, _ := filepath.Glob(filepath.Join(dir, "charts", "*.svg"))
	if len(charts) != 4 {
		t.Errorf("%d charts, want 4: %q", len(charts), charts)
	}
	for _, path := range charts {
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		svgWords(t, svg) // fails unless well-formed
	}
}

func TestEmptyRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, 2, "holds no records and no conformance report")
}

func TestRunWithOnlyErrors(t *testing.T) {
	s := small()
	s.broken = func(impl, _ string, _ int) string { return "the server died with exit status 3" }
	page := pageOf(t, s.write(t))
	for _, want := range []string{
		"Left out: 84 of 84 cells ended in an error",
		"no figures: the server died with exit status 3: every server in every block",
		"no cell has a figure for the CPU time of its server, so there is no chart of it.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "<figure ") {
		t.Error("there is nothing to draw")
	}
}

func TestOneImplementation(t *testing.T) {
	for _, one := range []server{quickServers[0], quickServers[5]} {
		page := pageOf(t, small(one).write(t))
		if n := strings.Count(page, "<figure "); n != 4 {
			t.Errorf("%s alone: %d charts, want 4", one.name, n)
		}
	}
}

// TestThirtyImplementations keeps the page below its limit when the suite has grown fourfold.
func TestThirtyImplementations(t *testing.T) {
	s := quick()
	s.blocks = 6
	s.servers = nil
	for i := range 30 {
		s.servers = append(s.servers, server{fmt.Sprintf("family%d/variant-%d", i%9, i), "single reactor", "Go", 1 + float64(i)/20, float64(30 + 90*i)})
	}
	page := pageOf(t, s.write(t))
	if n := strings.Count(page, "<figure "); n != 14 {
		t.Errorf("%d charts, want 14", n)
	}
	t.Logf("%d bytes", len(page))
}

func TestMissingEnvironment(t *testing.T) {
	dir := small().write(t)
	if err := os.Remove(filepath.Join(dir, "env.json")); err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, dir)
	if !strings.Contains(page, "nobody can tell what machine") || !strings.Contains(page, "environment unknown") {
		t.Error("the page and its charts must say that the environment is unknown")
	}
}

func TestMissingConformance(t *testing.T) {
	dir := small().write(t)
	if err := os.Remove(filepath.Join(dir, "conformance.json")); err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, dir)
	if !strings.Contains(page, "nothing is known about who echoes correctly") || strings.Contains(page, `class="matrix"`) {
		t.Error("without a report nobody is right or wrong")
	}
}

// TestInterruptedRun: a power cut leaves half a line, and the rest is still worth drawing.
func TestInterruptedRun(t *testing.T) {
	dir := small().write(t)
	path := filepath.Join(dir, "records.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-200], 0o644); err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, dir)
	if !strings.Contains(page, "left out, the line breaks off after") {
		t.Error("the page must say that a record was left out")
	}
	if strings.Count(page, "<figure ") != 4 {
		t.Error("the other records are still drawn")
	}
}

// TestBrokenHistogram: a record whose histogram cannot be read keeps its other figures.
func TestBrokenHistogram(t *testing.T) {
	dir := small().write(t)
	path := filepath.Join(dir, "records.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := regexp.MustCompile(`"hdr":"[^"]*"`).ReplaceAll(data, []byte(`"hdr":"not base64"`))
	if err := os.WriteFile(path, broken, 0o644); err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, dir)
	if !strings.Contains(page, "no cell has a histogram of its latencies") || strings.Count(page, "<figure ") != 3 {
		t.Error("without histograms there is no latency chart, and the page says so")
	}
}
