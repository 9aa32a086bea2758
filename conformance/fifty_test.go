package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFiftyRoundsTakeTurns: as many rounds alone as beside a busy processor, added up at the end, and a failure in any is the status.
func TestFiftyRoundsTakeTurns(t *testing.T) {
	rounds := fifty(t, `
echo "$*" >>calls
case $(wc -l <calls) in
2|4) echo "--- FLAKY: right data/urgent (0.1$(wc -l <calls | tr -d ' ')s)" ; echo "7 passed, 1 failed, 2 skipped, 1 flaky"; exit 1 ;;
esac
echo "8 passed, 0 failed, 2 skipped"`, "3", "2", "./right")
	output, err := rounds.CombinedOutput()
	if rounds.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v, want status 1", err)
	}
	calls, _ := os.ReadFile(filepath.Join(rounds.Dir, "calls"))
	if want := "-count 2 ./right\n-count 2 ./right\n-count 1 ./right\n-count 1 ./right\n"; string(calls) != want {
		t.Errorf("called with\n%swant\n%s", calls, want)
	}
	const want = `alone, in 2 turns: 16 passed, 0 failed, 4 skipped
beside, in 2 turns: 14 passed, 2 failed, 4 skipped
      2 times FLAKY: right data/urgent
`
	if !strings.HasSuffix(string(output), want) {
		t.Errorf("ended with\n%swant\n%s", output, want)
	}
}

// standsStill is a command that says so, and goes on when it is allowed to.
const standsStill = `
echo $$ >>calls
while [ ! -e go ]; do sleep 0.02; done
echo "1 passed, 0 failed, 0 skipped"`

// TestFiftyRoundsLeaveNobodyBehind: killed without a word, the script leaves no busy processor, only the command that it had begun.
func TestFiftyRoundsLeaveNobodyBehind(t *testing.T) {
	rounds := fifty(t, `
[ -e calls ] || { echo alone >calls; exit; }
`+standsStill, "9", "1", "./right")
	startGroup(t, rounds)
	awaitCalls(t, rounds.Dir, 2)
	rounds.Process.Kill()
	rounds.Wait()
	allow(t, rounds.Dir)
	awaitGroupEnd(t, rounds.Process.Pid)
}

// TestFiftyRoundsEndWithTheirCaller: when make is killed the turn is the last one.
func TestFiftyRoundsEndWithTheirCaller(t *testing.T) {
	rounds := fifty(t, standsStill, "9", "1", "./right")
	rounds.Args = []string{"sh", "-c", `sh "$@"; exit`, "make", rounds.Args[1], "9", "1", "./right"}
	startGroup(t, rounds)
	awaitCalls(t, rounds.Dir, 1)
	rounds.Process.Kill()
	rounds.Wait()
	allow(t, rounds.Dir)
	awaitGroupEnd(t, rounds.Process.Pid)
	awaitCalls(t, rounds.Dir, 1)
}

// TestFiftyRoundsInterrupted: what has run is added up.
func TestFiftyRoundsInterrupted(t *testing.T) {
	rounds := fifty(t, `
trap 'echo "5 passed, 0 failed, 1 skipped"; exit 130' TERM
echo $$ >>calls
while :; do sleep 0.02; done`, "9", "1", "./right")
	var output strings.Builder
	rounds.Stdout = &output
	startGroup(t, rounds)
	awaitCalls(t, rounds.Dir, 1)
	rounds.Process.Signal(syscall.SIGTERM)
	rounds.Wait()
	awaitGroupEnd(t, rounds.Process.Pid)
	const want = "alone, in 1 turn: 5 passed, 0 failed, 1 skipped\nbeside, in 0 turns: 0 passed, 0 failed, 0 skipped\n"
	if status := rounds.ProcessState.ExitCode(); status != exitInterrupted || !strings.HasSuffix(output.String(), want) {
		t.Errorf("status %d, output\n%swant %d and\n%s", status, output.String(), exitInterrupted, want)
	}
}

// fifty is the script with another command in the place of this one, in a folder of its own.
func fifty(t *testing.T, command string, args ...string) *exec.Cmd {
	t.Helper()
	script, err := filepath.Abs("fifty.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	fake := filepath.Join(dir, "fake")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\n"+command+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	rounds := exec.Command("sh", append([]string{script}, args...)...)
	rounds.Dir = dir
	rounds.Env = append(os.Environ(), "CONFORMANCE="+fake, "TMPDIR="+dir) // a killed script leaves its files
	return rounds
}

// startGroup starts a command and what it will start as one process group, which the test does not leave behind.
func startGroup(t *testing.T, command *exec.Cmd) {
	t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
}

func allow(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaitCalls waits until the command has been called so often, and demands that it was not more often.
func awaitCalls(t *testing.T, dir string, want int) {
	t.Helper()
	calls := 0
	for until := time.Now().Add(30 * time.Second); calls < want && time.Now().Before(until); time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		calls = strings.Count(string(text), "\n")
	}
	if calls != want {
		t.Fatalf("called %d times, want %d", calls, want)
	}
}

func awaitGroupEnd(t *testing.T, group int) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); syscall.Kill(-group, 0) != syscall.ESRCH; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("somebody is left")
		}
	}
}
