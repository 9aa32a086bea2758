package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/csv"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reactorbench/results"
)

// writeAs puts the run into a folder of this name.
func (s synthetic) writeAs(t *testing.T, parent, name string, change func(*results.Env)) string {
	t.Helper()
	dir := filepath.Join(parent, name)
	s.writeRecords(t, dir)
	env := s.env()
	if change != nil {
		change(&env)
	}
	env.EnvID = env.Machine.ID()
	if err := results.WriteEnv(dir, env); err != nil {
		t.Fatal(err)
	}
	if err := s.conformance().WriteFile(filepath.Join(dir, "conformance.json")); err != nil {
		t.Fatal(err)
	}
	return dir
}

var (
	slowed = server{"gnet", "single reactor", "Go", 1.6, 563} // was 1.31
	before = "2026-11-30T10-22-05Z-0f0f0f0"
	now    = "2026-12-01T10-22-05Z-1a2b3c4"
)

// TestComparisonOfTwoRuns: one server got slower, the machine another kernel, and one check another verdict; nothing else is claimed.
func TestComparisonOfTwoRuns(t *testing.T) {
	parent := t.TempDir()
	was := small().writeAs(t, parent, before, func(env *results.Env) { env.Machine.Kernel = "6.18.4" })
	s := small()
	s.seed = 8
	s.servers = append([]server{}, quickServers...)
	s.servers[1] = slowed
	is := s.writeAs(t, parent, now, nil)
	conformance := s.conformance()
	for i := range conformance.Results {
		if r := &conformance.Results[i]; r.Impl == "gnet" && r.Slug == "flow/never-reads-bounded" {
			r.Verdict = "pass"
		}
	}
	if err := conformance.WriteFile(filepath.Join(is, "conformance.json")); err != nil {
		t.Fatal(err)
	}

	c := studyIn(t, is).compare(studyIn(t, was))
	if got := strings.Join(c.Says, " "); !strings.HasPrefix(got, "Of 13 figures that both runs have, 1 changed detectably: gnet in closed-64 (1.2") ||
		!strings.Contains(got, "1 check ended differently.") || !strings.Contains(got, "a change may be the machine's") {
		t.Error(got)
	}
	if len(c.Verdicts) != 1 || c.Verdicts[0].Before.Verdict != "fail" || c.Verdicts[0].Now.Verdict != "pass" {
		t.Errorf("verdicts %+v", c.Verdicts)
	}
	var stdout, stderr bytes.Buffer
	if status := plots([]string{"-compare", was, is}, &stdout, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	page, err := os.ReadFile(filepath.Join(is, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, string(page))
	for _, want := range []string{"What has changed since " + before, "no detectable difference", "machine: kernel", "<td>6.18.4</td><td>6.18.5</td>"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestComparisonWithItself finds nothing, and a workload that was another one is not compared.
func TestComparisonWithItself(t *testing.T) {
	s := studyOf(t, small())
	if c := s.compare(s); len(c.changed) > 0 || len(c.Verdicts) > 0 || !strings.HasPrefix(c.Says[0], "No detectable difference in any of 13 figures") {
		t.Errorf("%+v", c)
	}
	other := small()
	other.loads[0].Conns = 65
	if c := s.compare(studyOf(t, other)); !strings.Contains(strings.Join(c.Says, " "), "closed-64 is another workload there (65 connections") || len(c.Sections) != 1 {
		t.Errorf("%+v", c.Says)
	}
}

func TestChangesAreClaimedOnlyWithoutOverlap(t *testing.T) {
	of := func(low, median, high float64) results.Estimate {
		return results.Estimate{Median: median, Low: low, High: high, Confidence: 0.97, N: 6}
	}
	few := results.Estimate{Median: 1, Low: 1, High: 1, Confidence: 0.75, N: 3}
	for _, test := range []struct {
		before, now results.Estimate
		want        string
	}{
		{of(1, 1.1, 1.2), of(1.21, 1.32, 1.4), "1.20×"},
		{of(1, 1.1, 1.2), of(0.8, 0.88, 0.9), "0.80×"},
		{of(1, 1.1, 1.2), of(1.19, 1.3, 1.4), "no detectable difference"},
		{few, of(2, 2, 2), "–"},
	} {
		if got := changeValue(test.before, test.now).Text; got != test.want {
			t.Errorf("%v → %v: %s, want %s", test.before, test.now, got, test.want)
		}
	}
}

// TestEnvironmentOfThePreviousRun: the newest older folder beside it is found without being asked for.
func TestEnvironmentOfThePreviousRun(t *testing.T) {
	parent := t.TempDir()
	is := small().writeAs(t, parent, now, func(env *results.Env) {
		env.Programs = append(env.Programs, results.Program{Impl: "netpoll", SHA256: "11"})
		env.State.LoadBefore = "9 9 9"
	})
	if page := pageOf(t, is); strings.Contains(page, "Different from run") {
		t.Error("there is no run before the first")
	}
	for _, name := range []string{"2026-11-01T00-00-00Z-aaaaaaa", before, "2026-12-24T00-00-00Z-ccccccc", "history"} {
		small().writeAs(t, parent, name, func(env *results.Env) { env.Machine.Governor = name })
	}
	page := pageOf(t, is)
	for _, want := range []string{"Different from run " + before, "<td>" + before + "</td><td>performance</td>", "programs: netpoll</th><td>–</td><td>measured</td>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	_, rest, _ := strings.Cut(page, "Different from run")
	table, _, _ := strings.Cut(rest, "</table>")
	if n := strings.Count(table, "<tr>"); n != 3 {
		t.Errorf("%d lines, want the heading, the governor and netpoll: %s", n, table)
	}
	small().writeAs(t, parent, "2026-11-30T23-00-00Z-ddddddd", func(env *results.Env) {
		env.Programs = append(env.Programs, results.Program{Impl: "netpoll", SHA256: "22"})
	})
	if !strings.Contains(pageOf(t, is), "Nothing: machine, settings, toolchain, libraries and plan are the same.") {
		t.Error("a program built anew is no difference")
	}
}

// TestDownloadsInsideThePage: who gets the page alone has the data.
func TestDownloadsInsideThePage(t *testing.T) {
	page := pageOf(t, small().write(t))
	figures := csvOf(t, bytes.NewReader(downloaded(t, page, "figures.csv")))
	if len(figures) < 50 || strings.Join(figures[0][:4], " ") != "run workload impl design" {
		t.Errorf("%d lines, %q", len(figures), figures[0])
	}
	packed, err := gzip.NewReader(bytes.NewReader(downloaded(t, page, "records.csv.gz")))
	if err != nil {
		t.Fatal(err)
	}
	if records := csvOf(t, packed); len(records) != 1+6*2*len(quickServers) {
		t.Errorf("%d lines of records", len(records))
	}
}

func downloaded(t *testing.T, page, name string) []byte {
	t.Helper()
	m := regexp.MustCompile(`href="data:[a-z/]+;base64,([^"]*)" download="` + regexp.QuoteMeta(name) + `"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page holds no %s", name)
	}
	data, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func csvOf(t *testing.T, from io.Reader) [][]string {
	t.Helper()
	lines, err := csv.NewReader(from).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestTooLargeADownloadIsNamed(t *testing.T) {
	d := inside("records.csv.gz", "every cell", "application/gzip", make([]byte, mostInside))
	if d.Link != "" || d.Size() != "81.9 kB" {
		t.Errorf("%q, %s", d.Link, d.Size())
	}
}
