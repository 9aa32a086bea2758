package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gotestsum is the version that the Makefile runs too.
const gotestsum = "gotest.tools/gotestsum@v1.13.0"

// TestGotestsumReadsTheEvents runs the real tool on the real command: what it counts, and the JUnit that it makes of the events.
func TestGotestsumReadsTheEvents(t *testing.T) {
	if out, err := exec.Command("go", "run", gotestsum, "--version").CombinedOutput(); err != nil {
		t.Skipf("%s cannot be had here: %v\n%s", gotestsum, err, out)
	}
	dir := t.TempDir()
	binary, junit := filepath.Join(dir, "conformance"), filepath.Join(dir, "junit.xml")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "run", gotestsum, "--format", "testname", "--junitfile", junit, "--raw-command", "--",
		binary, "-json", "-run", "data/one|data/all|sock/ipv6$", "--", wrong, "-addr", "{addr}", "-fault", "drops-nul").CombinedOutput()
	if err == nil {
		t.Errorf("a broken MUST, and gotestsum is content")
	}
	// two checks fail or pass inside the family data, which fails with them; one is skipped inside sock, which passes
	for _, part := range []string{"FAIL wrong.data/all-bytes", "PASS wrong.data/one-byte", "=== SKIP: wrong sock/ipv6",
		"DONE 5 tests, 1 skipped, 2 failures", "every byte value"} {
		if !strings.Contains(strings.ToLower(string(out)), strings.ToLower(part)) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	text, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(text, &suites); err != nil || suites.Tests != 5 || suites.Failures != 2 {
		t.Errorf("%v: %s", err, text)
	}
}
