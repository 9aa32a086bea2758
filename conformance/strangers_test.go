package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// python runs testdata/strangers/echo.py, a server in another language that knows nothing of this project.
func python(t *testing.T, args ...string) []string {
	t.Helper()
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	script, err := filepath.Abs("testdata/strangers/echo.py")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{interpreter, script}, args...)
}

// TestStrangers: each way of being a strange server has a verdict and an exit status of its own, the checks that do not
// depend on it still run, and nothing is left running.
func TestStrangers(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault string
		run   string
		want  int
		says  []string
	}{
		{"prints nothing", "", "data/one|close/half-close-fin", exitConformant, []string{"2 passed, 0 failed, 0 skipped\n"}},
		{"dies in the middle of a check", "dies", "data/one|data/all-bytes|close/empty", exitFailed,
			[]string{"--- CRASH: python3 data/all-bytes", "exited with status 7", "2 passed, 1 failed, 0 skipped\n"}},
		{"never stops", "never-stops", "data/one|proc/sigterm-exits", exitFailed,
			[]string{"--- FAIL: python3 proc/sigterm-exits", "the server process ends", "1 passed, 1 failed, 0 skipped\n"}},
		{"fills its log", "floods-log", "data/one|proc/log-bounded", exitConformant,
			[]string{"--- WEAK: python3 proc/log-bounded", "bytes of log", "1 passed, 0 failed, 0 skipped, 1 weak\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			mark := fmt.Sprintf("mark-%d-%s", os.Getpid(), strings.ReplaceAll(test.name, " ", "-"))
			args := append([]string{"-v", "-slow", "0.5", "-run", test.run, "--"}, python(t, "{host}", "{port}", test.fault, mark)...)
			status, stdout, _ := command(t, args...)
			if status != test.want {
				t.Errorf("exit status %d, want %d\n%s", status, test.want, stdout)
			}
			for _, part := range test.says {
				if !strings.Contains(stdout, part) {
					t.Errorf("no %q in\n%s", part, stdout)
				}
			}
			noneRuns(t, mark)
		})
	}
}

// noneRuns demands that no process has the mark among its arguments.
func noneRuns(t *testing.T, mark string) {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		if text, err := os.ReadFile(line); err == nil && strings.Contains(string(text), mark) {
			t.Errorf("still running: %s", strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
}

// TestAStrangerThatNeverListens is told apart from one that fails, and the way out is named.
func TestAStrangerThatNeverListens(t *testing.T) {
	if testing.Short() {
		t.Skip("it is waited for ten seconds")
	}
	args := append([]string{"-run", "data/one|close/empty", "--"}, python(t, "{host}", "{port}", "never-listens")...)
	status, stdout, _ := command(t, args...)
	if status != exitNotStarted || !strings.Contains(stdout, "NOT STARTED") || !strings.Contains(stdout, "does not listen on 127.0.0.1:") ||
		!strings.HasSuffix(stdout, "0 passed, 0 failed, 2 skipped\n") {
		t.Errorf("exit status %d\n%s", status, stdout)
	}
}

// TestAStrangerThatIsNoProgram: exit status 3, not a stack of failures.
func TestAStrangerThatIsNoProgram(t *testing.T) {
	status, stdout, _ := command(t, "-run", "data/one", "--", "./no-such-program", "{addr}")
	if status != exitNotStarted || !strings.Contains(stdout, "no-such-program") {
		t.Errorf("exit status %d\n%s", status, stdout)
	}
}

// TestAStrangerOnAUnixSocket is attached to by its path. What cannot be seen of a unix socket is n/a, never a pass.
func TestAStrangerOnAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	argv := python(t, "unix", path)
	server := exec.Command(argv[0], argv[1:]...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Process.Kill()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			break
		} else if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	status, stdout, _ := command(t, "-run", "data/one|close/half-close-backlog", "-addr", "unix:"+path)
	if status != exitConformant || !strings.HasSuffix(stdout, "1 passed, 0 failed, 1 skipped\n") {
		t.Errorf("exit status %d\n%s", status, stdout)
	}
}

// TestReplay: a script is carried out, a broken one is refused with file, line and word.
func TestReplay(t *testing.T) {
	script := filepath.Join(t.TempDir(), "a.schedule")
	write := func(text string) {
		if err := os.WriteFile(script, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("c1: connect\nc1: send 256\nc1: read 256\n")
	if status, stdout, _ := command(t, "-replay", script, "--", wrong, "-addr", "{addr}"); status != exitConformant {
		t.Errorf("a right server: exit status %d\n%s", status, stdout)
	}
	status, stdout, _ := command(t, "-replay", script, "-slow", "0.2", "--", wrong, "-addr", "{addr}", "-fault", "waits-for-newline")
	if status != exitFailed || !strings.Contains(stdout, "conformance -replay "+script) {
		t.Errorf("a wrong server: exit status %d\n%s", status, stdout)
	}
	write("c1: connect\nc1: sned 256\n")
	if status, _, stderr := command(t, "-replay", script, "--", wrong); status != exitUsage || !strings.Contains(stderr, script+`: line 2: "sned"`) {
		t.Errorf("a broken script: exit status %d: %s", status, stderr)
	}
	if status, _, _ := command(t, "-replay", script+".no", "--", wrong); status != exitUsage {
		t.Errorf("no script: exit status %d", status)
	}
}
