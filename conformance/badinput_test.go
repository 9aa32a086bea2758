package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadInputBesideAGoodServer: what cannot be built, says nothing or ends at once has words and a status of its own, the
// implementation beside it is asked all the same, and nothing is left running.
func TestBadInputBesideAGoodServer(t *testing.T) {
	if testing.Short() {
		t.Skip("one that says nothing is waited for ten seconds")
	}
	dir := t.TempDir()
	server := filepath.Join(dir, "server") // whose path is the mark of this test's processes
	if err := os.Link(wrong, server); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]string{
		"broken": `"build": ["sh", "-c", "echo no compiler >&2; exit 1"], "run": ["SERVER"]`,
		"good":   `"run": ["SERVER"]`,
		"silent": `"run": ["sh", "-c", "exec SERVER \"$0\" \"$@\" > /dev/null"]`,
		"brief":  `"run": ["sh", "-c", "echo no luck >&2; exit 9"]`,
	} {
		implement(t, filepath.Join(dir, name), strings.ReplaceAll(run, "SERVER", server))
	}
	status, stdout, stderr := command(t, "-v", "-run", "data/one", dir+"/...")
	if status != exitNotStarted || stderr != "" {
		t.Errorf("exit status %d, want %d; stderr %q", status, exitNotStarted, stderr)
	}
	for _, want := range []string{
		"no compiler", "--- PASS: good data/one-byte", "no luck", "exited with status 9", "has printed no line `listening ADDR` on stdout",
		"1 passed, 0 failed, 2 skipped, 1 not built\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	noneRuns(t, server)
}

// implement writes the manifest of one implementation of several.
func implement(t *testing.T, dir, run string) {
	t.Helper()
	text := `{"about": "a server", "language": "Go", "design": "goroutine per connection", ` + run + `}`
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "impl.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
