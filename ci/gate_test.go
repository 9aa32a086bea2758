package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A clone is a throw-away copy of this repository in which a test makes commits.
type clone struct {
	t   *testing.T
	dir string
}

// newClone copies the checked-out tree, with what is not committed, into a repository of one commit.
func newClone(t *testing.T) clone {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	root := filepath.Dir(mustGetwd(t))
	c := clone{t, t.TempDir()}
	for _, top := range []string{"go.mod", "go.sum", "impls", "loadgen", "results"} {
		c.run("cp", "-r", filepath.Join(root, top), c.dir)
	}
	for _, arguments := range [][]string{{"init", "-q", "-b", "main"}, {"config", "user.name", "test"}, {"config", "user.email", "test@example.org"}} {
		c.git(arguments...)
	}
	c.commit("The tree as it is")
	return c
}

// orTooBusy skips the rest where the gate itself said that it could not tell: on a machine that is busy with other tests that is the right
// answer. What it must never say is the wrong one.
func orTooBusy(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	switch {
	case status == exitCannotTell && strings.Contains(stderr, "too busy to measure"),
		strings.HasPrefix(stdout, string(Invalid)), strings.HasPrefix(stdout, string(Inconclusive)):
		t.Skip("this machine is too busy: the gate could not tell")
	}
}

// needsCPUClock skips where the processor time of another process cannot be read in nanoseconds.
func needsCPUClock(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the CPU time of servers is read on Linux only")
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (c clone) git(arguments ...string) { c.t.Helper(); c.run("git", arguments...) }

func (c clone) run(name string, arguments ...string) {
	c.t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Dir = c.dir
	if text, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%s %v: %v\n%s", name, arguments, err, text)
	}
}

func (c clone) commit(message string) {
	c.t.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "-m", message)
}

// edit replaces text in a file.
func (c clone) edit(path, old, new string) {
	c.t.Helper()
	path = filepath.Join(c.dir, path)
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		c.t.Fatalf("%s has %q %d times, want once", path, old, strings.Count(string(text), old))
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// gate runs the command in the clone.
func (c clone) gate(plan Plan, arguments ...string) (status int, stdout, stderr string) {
	c.t.Helper()
	c.t.Chdir(c.dir)
	kept := standard
	standard = plan
	defer func() { standard = kept }()
	var out, log bytes.Buffer
	status = command(context.Background(), append([]string{"gate"}, arguments...), &out, &log)
	c.t.Logf("exit status %d\n%s%s", status, log.String(), out.String())
	return status, out.String(), log.String()
}

const readsCounted = "	bev.io.base.stats.Reads++\n"

// add puts a declaration, or a comment, at the end of a file.
func (c clone) add(path, text string) {
	c.t.Helper()
	file, err := os.OpenFile(filepath.Join(c.dir, path), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString("\n" + text + "\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// slowDown makes a commit that burns time at each read of the reactor.
func (c clone) slowDown(burn time.Duration) {
	c.t.Helper()
	c.edit("impls/reactor/bufferevent_read.go", readsCounted, fmt.Sprintf("	for range %d {\n		burned++\n	}\n%s", iterations(burn), readsCounted))
	c.add("impls/reactor/transport.go", "var burned uint64")
	c.commit("Burn time at each read")
}

// iterations is how often a loop that counts in memory goes round in that time, by the best of several tries.
func iterations(d time.Duration) int {
	const some = 1 << 20
	best := time.Hour
	for range 7 {
		began := time.Now()
		for range some {
			burned++
		}
		best = min(best, time.Since(began))
	}
	return int(d.Nanoseconds() * some / best.Nanoseconds())
}

var burned uint64

// oneSeries keeps the tests short.
const oneSeries = "reactor/epoll closed-64"

// TestGateFailsOnASlowDown is the gate as it is used, on a change that costs about a tenth of a request.
func TestGateFailsOnASlowDown(t *testing.T) {
	needsCPUClock(t)
	if testing.Short() {
		t.Skip("measures for one to two minutes")
	}
	c := newClone(t)
	c.slowDown(700 * time.Nanosecond) // a request takes the server 3 to 6 microseconds
	dir := t.TempDir()
	summary := filepath.Join(dir, "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	status, stdout, stderr := c.gate(standard, "-base", "HEAD^", "-series", oneSeries, "-gates", "cpu",
		"-json", filepath.Join(dir, "verdict.json"), "-junit", filepath.Join(dir, "verdict.xml"), "-out", filepath.Join(dir, "records"))
	orTooBusy(t, status, stdout, stderr)
	if status != exitFailed || !strings.HasPrefix(stdout, "FAIL") {
		t.Fatalf("exit status %d, want %d and FAIL", status, exitFailed)
	}
	var report Report
	text, err := os.ReadFile(filepath.Join(dir, "verdict.json"))
	if err != nil || json.Unmarshal(text, &report) != nil {
		t.Fatalf("the JSON cannot be read: %v\n%s", err, text)
	}
	if s := report.Series[0]; report.Verdict != Fail || s.Fresh != standard.Confirm || s.Low <= 1.02 || report.Control == nil || report.Control.Verdict != Pass {
		t.Errorf("the JSON says %+v", report)
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.Contains(string(text), "[!CAUTION]") || !strings.Contains(string(text), "| FAIL |") {
		t.Errorf("the job's summary: %v\n%s", err, text)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "verdict.xml")); err != nil || !strings.Contains(string(text), `failures="1"`) || xml.Unmarshal(text, new(junitSuite)) != nil {
		t.Errorf("the JUnit file: %v\n%s", err, text)
	}
	if runs, err := os.ReadDir(filepath.Join(dir, "records")); err != nil || len(runs) < 3 {
		t.Errorf("the records of control, look and confirmation: %v, %d folders", err, len(runs))
	}
}

func TestGateOfACommentMeasuresNothing(t *testing.T) {
	c := newClone(t)
	c.edit("impls/reactor/bufferevent_read.go", readsCounted, "	// A remark that moves what follows.\n"+readsCounted)
	c.commit("Remark on something")
	status, stdout, _ := c.gate(standard, "-base", "HEAD^", "-series", oneSeries)
	if status != exitDone || !strings.HasPrefix(stdout, "IDENTICAL") || strings.Contains(stdout, "pairs") {
		t.Errorf("exit status %d, want %d and IDENTICAL", status, exitDone)
	}
}

// TestGateLetsAnEqualProgramPass compares two programs that differ in bytes and not in what they do. The plan's margins are
// wide, because the question is the way of the verdict and not its precision.
func TestGateLetsAnEqualProgramPass(t *testing.T) {
	needsCPUClock(t)
	c := newClone(t)
	c.edit("impls/reactor/errors.go", `"this base is looping already"`, `"this base is looping already, other bytes"`)
	c.commit("Differ in bytes alone")
	wide := Plan{Looks: []int{6, 12, 24}, Margin: 1, FailAlpha: 0.002, Tolerated: 3, PassAlpha: 0.05, Confirm: 6, ConfirmAlpha: 0.05, Control: 6}
	status, stdout, stderr := c.gate(wide, "-base", "HEAD^", "-series", oneSeries, "-gates", "cpu")
	orTooBusy(t, status, stdout, stderr)
	if status != exitDone || !strings.HasPrefix(stdout, "PASS") {
		t.Errorf("exit status %d, want %d and PASS", status, exitDone)
	}
}

// TestGateRefuses asks for what cannot be compared; each answer names the way out and nothing is written.
func TestGateRefuses(t *testing.T) {
	c := newClone(t)
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"no base":          {nil, "ci gate -base origin/main"},
		"an unknown base":  {[]string{"-base", "nonsense"}, `no commit "nonsense"`},
		"no parent":        {[]string{"-base", "HEAD"}, "no parent"},
		"a bad series":     {[]string{"-base", "HEAD", "-series", "reactor/epoll"}, "want a server and a workload"},
		"an unknown gate":  {[]string{"-base", "HEAD", "-gates", "cpu,weather"}, `no gate "weather"`},
		"an unknown flag":  {[]string{"-speed"}, "ci gate -h"},
		"a stray argument": {[]string{"-base", "HEAD", "stray"}, "ci gate -base"},
	} {
		t.Run(name, func(t *testing.T) {
			c := clone{t, c.dir}
			if status, _, stderr := c.gate(standard, test.arguments...); status != exitUsage || !strings.Contains(stderr, test.want) {
				t.Errorf("exit status %d, want %d and %q", status, exitUsage, test.want)
			}
		})
	}
	c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// changed\n")
	if status, _, stderr := c.gate(standard, "-base", "HEAD"); status != exitUsage || !strings.Contains(stderr, "commit them first") || !strings.Contains(stderr, "go.mod") {
		t.Errorf("a dirty tree: exit status %d, want %d and the changed file", status, exitUsage)
	}
	elsewhere := clone{t, t.TempDir()}
	if status, _, stderr := elsewhere.gate(standard, "-base", "HEAD"); status != exitUsage || !strings.Contains(stderr, "not in a git checkout") {
		t.Errorf("outside of git: exit status %d, want %d", status, exitUsage)
	}
}

func TestGateNamesAMissingServer(t *testing.T) {
	c := newClone(t)
	c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// changed\n")
	c.commit("Change something")
	if status, _, stderr := c.gate(standard, "-base", "HEAD^", "-series", "nobody closed-64"); status != exitUsage || !strings.Contains(stderr, "nobody") {
		t.Errorf("exit status %d, want %d", status, exitUsage)
	}
}

func TestGateSaysWhatDoesNotBuild(t *testing.T) {
	c := newClone(t)
	c.add("impls/reactor/transport.go", `var broken int = "text"`)
	c.commit("Break the build")
	if status, _, stderr := c.gate(standard, "-base", "HEAD^", "-series", oneSeries); status != exitCannotTell || !strings.Contains(stderr, "transport.go") {
		t.Errorf("exit status %d, want %d and the compiler's words", status, exitCannotTell)
	}
}
