package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
	"reactorbench/results"
)

// wrong is the server of testdata/wrong, built once: it is right unless it is told which mistake to make.
var wrong string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "conformance-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	wrong = filepath.Join(dir, "wrong")
	if out, err := exec.Command("go", "build", "-o", wrong, "./testdata/wrong").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build testdata/wrong: %v\n%s", err, out)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// command runs the command as a person would.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return commandUntil(t.Context(), args...)
}

func commandUntil(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, problems bytes.Buffer
	status = conformance(ctx, args, &out, &problems)
	return status, out.String(), problems.String()
}

// manifest writes an implementation folder that runs the wrong server and returns its pattern.
func manifest(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.ReplaceAll(content, "WRONG", wrong)
	if err := os.WriteFile(filepath.Join(dir, "impl.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestExitStatus(t *testing.T) {
	right := `{"about": "a right server", "language": "Go", "design": "goroutine per connection", "run": ["WRONG"]%s}`
	tests := []struct {
		name string
		args []string
		impl string // what stands behind "run" in its manifest; "-" for no implementation at all
		want int
		says string // on stdout or stderr
	}{
		{"conformant", []string{"-run", "data/one-byte"}, "", 0, "1 passed, 0 failed, 0 skipped\n"},
		{"every failure is counted", []string{"-run", "data/all|data/one"}, `, "variants": [{"name": "", "args": ["-fault", "drops-nul"]}]`, 1,
			"1 passed, 1 failed, 0 skipped\n"},
		{"known failure", []string{"-run", "data/one"},
			`, "variants": [{"name": "", "args": ["-fault", "waits-for-newline"]}], "known": {"data/one-byte": "it reads lines"}`, 0,
			"0 passed, 0 failed, 0 skipped, 1 known failure\n"},
		{"known failure that passes", []string{"-run", "data/one"}, `, "known": {"data/one-byte": "it read lines"}`, 1, `remove "data/one-byte" from "known"`},
		{"known failure of no check", nil, `, "known": {"data/no-such": "?"}`, 2, `impl.json: known failure "data/no-such" is no check`},
		{"not installed", []string{"-run", "data/one"}, `, "needs": ["no-such-program"]`, 3, "0 passed, 0 failed, 0 skipped, 1 not available\n"},
		{"does not start", []string{"-run", "data/one"}, `, "variants": [{"name": "", "args": ["-no-such-flag"]}]`, 3, "NOT STARTED"},
		{"does not build", []string{"-run", "data/one"}, `, "build": ["false"]`, 3, "1 not built\n"},
		{"nothing matched", []string{"-run", "nothing"}, "", 2, "no check matches"},
		{"bad pattern", []string{"-run", "("}, "", 2, "-run: "},
		{"bad profile", []string{"-profile", "huge"}, "", 2, `unknown profile "huge"`},
		{"bad flag", []string{"-nonsense"}, "", 2, "-nonsense"},
		{"no such implementation", []string{"./no/such/folder"}, "-", 2, "./no/such/folder"},
		{"no subject", nil, "-", 2, "nothing to check"},
		{"two subjects", []string{"-addr", "127.0.0.1:1"}, "", 2, "not several of them"},
		{"pid alone", []string{"-pid", "1"}, "", 2, "-pid needs -addr"},
		{"empty command", []string{"--"}, "-", 2, "no command after --"},
		{"timeout", []string{"-run", "data", "-timeout", "1ns"}, "", 4, "0 passed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"-slow", "0.2", "-seed", "7"}, test.args...)
			if test.impl != "-" {
				args = append(args, manifest(t, fmt.Sprintf(right, test.impl)))
			}
			status, stdout, stderr := command(t, args...)
			if status != test.want || !strings.Contains(stdout+stderr, test.says) {
				t.Errorf("exit status %d, want %d and %q\nstdout:\n%s\nstderr:\n%s", status, test.want, test.says, stdout, stderr)
			}
		})
	}
}

// TestStrict: what is only weak fails under -strict.
func TestStrict(t *testing.T) {
	dir := manifest(t, `{"about": "chatty", "language": "Go", "design": "goroutine per connection", "run": ["WRONG", "-fault", "second-line"]}`)
	args := []string{"-run", "launch/stdout-clean", dir}
	if status, stdout, _ := command(t, args...); status != 0 || !strings.HasSuffix(stdout, "0 passed, 0 failed, 0 skipped, 1 weak\n") {
		t.Errorf("exit status %d:\n%s", status, stdout)
	}
	if status, stdout, _ := command(t, append([]string{"-strict"}, args...)...); status != 1 || !strings.HasSuffix(stdout, "0 passed, 1 failed, 0 skipped\n") {
		t.Errorf("with -strict exit status %d:\n%s", status, stdout)
	}
}

func TestAnyProgram(t *testing.T) {
	status, stdout, stderr := command(t, "-v", "-run", "data/one|proc/sigint|launch/ready-line", "--", wrong, "-addr", "{addr}")
	for _, line := range []string{"--- PASS: wrong data/one-byte", "--- PASS: wrong proc/sigint", "--- SKIP: wrong launch/ready-line"} {
		if !strings.Contains(stdout, line) {
			t.Errorf("no %q in\n%s", line, stdout)
		}
	}
	if status != 0 || stderr != "" || !strings.HasSuffix(stdout, "2 passed, 0 failed, 1 skipped\n") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// TestARunningServer: without its number a server is asked only what can be seen from outside.
func TestARunningServer(t *testing.T) {
	server := exec.Command(wrong, "-addr", "127.0.0.1:0")
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Process.Kill()
	var addr string
	if _, err := fmt.Fscanf(stdout, "listening %s\n", &addr); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pid  string
		want string
	}{{"0", "1 passed, 0 failed, 2 skipped\n"}, {fmt.Sprint(server.Process.Pid), "2 passed, 0 failed, 1 skipped\n"}} {
		status, out, _ := command(t, "-run", "data/one|proc/stop-cont|proc/sigint", "-addr", addr, "-pid", test.pid)
		if status != 0 || !strings.HasSuffix(out, test.want) {
			t.Errorf("-pid %s: exit status %d, want %q\n%s", test.pid, status, test.want, out)
		}
	}
	if server.ProcessState != nil {
		t.Error("the server was ended")
	}
}

func TestFailFast(t *testing.T) {
	_, stdout, _ := command(t, "-failfast", "-run", "data/all|data/isolation", "--", wrong, "-addr", "{addr}", "-fault", "drops-nul")
	if !strings.HasSuffix(stdout, "0 passed, 1 failed, 0 skipped\n") {
		t.Error(stdout)
	}
}

// TestCount: each check is run so often, and the end says which of them met something unexpected, and how often.
func TestCount(t *testing.T) {
	_, stdout, _ := command(t, "-count", "3", "-run", "data/one", "--", wrong, "-addr", "{addr}")
	if !strings.HasSuffix(stdout, "nothing unexpected in any round\n3 passed, 0 failed, 0 skipped\n") {
		t.Error(stdout)
	}
	_, stdout, _ = command(t, "-seed", "7", "-count", "2", "-run", "data/one|data/all", "--", wrong, "-addr", "{addr}", "-fault", "drops-nul")
	if !strings.Contains(stdout, "data/all-bytes                   2 fail in 2 rounds\n") || strings.Contains(stdout, "data/one-byte  ") {
		t.Error(stdout)
	}
}

// TestInterrupt: Ctrl-C in the middle of a check leaves no server, and the summary is written.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{then: cancel}
	status := conformance(ctx, []string{"-v", "-run", "data", "--", wrong, "-addr", "{addr}"}, out, &bytes.Buffer{})
	if status != exitInterrupted || !strings.Contains(out.String(), "0 passed, 0 failed, 1 skipped\n") {
		t.Errorf("exit status %d\n%s", status, out.String())
	}
}

// firstWrite calls then at the first write.
type firstWrite struct {
	bytes.Buffer
	then func()
}

func (w *firstWrite) Write(p []byte) (int, error) {
	w.then()
	return w.Buffer.Write(p)
}

func TestHelpTeaches(t *testing.T) {
	status, _, stderr := command(t, "-h")
	if status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, part := range []string{"conformance ./impls/...", "-- ./my-server -addr {addr}", "-explain", "Exit status: 0 conformant", "-failfast"} {
		if !strings.Contains(stderr, part) {
			t.Errorf("the help lacks %q", part)
		}
	}
}

func TestListAndExplain(t *testing.T) {
	_, stdout, _ := command(t, "-list", "-run", "data/one")
	if !strings.HasPrefix(stdout, "data/one-byte ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("-list: %s", stdout)
	}
	var listed struct{ Slug, Level, Says string }
	_, stdout, _ = command(t, "-list", "-json", "-run", "data/one")
	if err := json.Unmarshal([]byte(stdout), &listed); err != nil || listed.Slug != "data/one-byte" || listed.Level != "MUST" {
		t.Errorf("-list -json: %v\n%s", err, stdout)
	}
	if status, stdout, _ := command(t, "-explain", "data/urgent"); status != 0 || !strings.Contains(stdout, "splice(2)") {
		t.Errorf("-explain: exit status %d\n%s", status, stdout)
	}
	if status, _, _ := command(t, "-explain", "data/nothing"); status != exitUsage {
		t.Errorf("-explain of nothing: exit status %d", status)
	}
}

// TestEveryCheckIsComplete: a slug is unique and has two parts, and nothing that a reader looks for is missing.
func TestEveryCheckIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range spec.All() {
		if seen[c.Slug] || strings.Count(c.Slug, "/") != 1 {
			t.Errorf("%s: a slug is family/name, and unique", c.Slug)
		}
		seen[c.Slug] = true
		for field, text := range map[string]string{"Says": c.Says, "Source": c.Source, "Why": c.Why, "Sound": c.Sound} {
			if text == "" {
				t.Errorf("%s: %s is empty", c.Slug, field)
			}
		}
		if !strings.HasSuffix(c.Says, ".") {
			t.Errorf("%s: Says is no sentence: %q", c.Slug, c.Says)
		}
	}
}

// TestTheDocumentAgrees: SPEC.md is what the checks say.
func TestTheDocumentAgrees(t *testing.T) {
	file, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != document(spec.All()) {
		t.Error("SPEC.md does not say what the checks say; go generate ./conformance writes it anew")
	}
}

func TestReportFiles(t *testing.T) {
	dir := t.TempDir()
	report, junit := filepath.Join(dir, "run", "conformance.json"), filepath.Join(dir, "junit.xml")
	status, _, stderr := command(t, "-seed", "7", "-run", "data/one|data/all|proc/sigint", "-report", report, "-junit", junit,
		"--", wrong, "-addr", "{addr}", "-fault", "drops-nul")
	if status != exitFailed {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	run, err := results.Open(filepath.Dir(report))
	if err != nil {
		t.Fatal(err)
	}
	written, err := run.Conformance()
	if err != nil {
		t.Fatal(err)
	}
	if written.Spec != spec.Version || written.Seed != 7 || len(written.Impls) != 1 || len(written.Results) != 3 {
		t.Errorf("the report: %+v", written)
	}
	if failed := written.Results[1]; failed.Verdict != "fail" || !strings.Contains(failed.Detail, "want ") ||
		!strings.HasPrefix(failed.Again, "conformance -run data/all-bytes -seed 7 -- ") {
		t.Errorf("the failure: %+v", failed)
	}
	var suites junitSuites
	text, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	if s := suites.Suites[0]; s.Tests != 3 || s.Failures != 1 || s.Cases[1].Failure == nil || s.Cases[1].Failure.Type != "fail" {
		t.Errorf("JUnit: %+v", s)
	}
}
