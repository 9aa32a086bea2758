package main

import (
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const straceTable = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 55.10    0.010200           5      2040           write
 44.02    0.008100           3      2041         1 read
  0.88    0.000100         100         1         1 futex
------ ----------- ----------- --------- --------- ----------------
100.00    0.018400           4      4082         2 total
`

func TestStraceTable(t *testing.T) {
	calls, err := parseStrace([]byte(straceTable))
	if want := map[string]int64{"write": 2040, "read": 2041, "futex": 1}; err != nil || !maps.Equal(calls, want) {
		t.Errorf("%v, %v, want %v", calls, err, want)
	}
	if text := byName(calls, 2040); text != "read 1.00, write 1.00" {
		t.Errorf("%q", text)
	}
	if _, err := parseStrace([]byte(" 1.0 2.0 3 many write\n")); err == nil {
		t.Error("a table without numbers is taken")
	}
}

// A server that echoes one small message at a time must read and write once for each, whatever else it does.
func TestSystemCallsAreCounted(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed here, and -syscalls says so")
	}
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-syscalls", "-workload", mine(t, "closed", 2), "-duration", "200ms", "-seed", "1", "-out", out, implementations(t, "none"))
	if code := exitCode(t, cmd); code != exitDone {
		t.Fatalf("exit status %d: %s%s", code, stderr, stdout)
	}
	t.Logf("\n%s", stdout)
	r := open(t, out).Records()[0]
	if r.Purpose != "syscalls" || r.Requests == 0 || r.RequestsPerSecond != 0 || r.HDR != "" {
		t.Errorf("%+v", r)
	}
	// The edges of tracing may cut off a call or two on each side.
	for _, call := range []string{"read", "write"} {
		if n := r.Syscalls[call]; n < r.Requests-4 {
			t.Errorf("%d calls of %s for %d requests", n, call, r.Requests)
		}
	}
	if r.Syscalls["write"] > r.Requests+20 || r.SyscallsPerRequest < 1.9 {
		t.Errorf("%d writes for %d requests, %.2f calls a request", r.Syscalls["write"], r.Requests, r.SyscallsPerRequest)
	}
	for _, want := range []string{"write 1.0", "one cell of 200ms each · "} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, stdout)
		}
	}
}

func TestCountingNeedsAProcess(t *testing.T) {
	if _, err := attach(0, ""); err == nil || !strings.Contains(err.Error(), "-pid") {
		t.Errorf("%v", err)
	}
	if _, err := attach(1<<22-1, filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), "strace") {
		t.Errorf("%v", err)
	}
}
