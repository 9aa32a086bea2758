package spectest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
	"reactorbench/conformance/spectest"
)

// built is the server with a fault to choose.
func built(t *testing.T) string {
	t.Helper()
	server := filepath.Join(t.TempDir(), "wrong")
	if out, err := exec.Command("go", "build", "-o", server, "../testdata/wrong").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return server
}

// some checks of each kind, so that the tests stay short.
func some(slugs ...string) (chosen []spec.Check) {
	for _, check := range spec.All() {
		for _, slug := range slugs {
			if check.Slug == slug {
				chosen = append(chosen, check)
			}
		}
	}
	return chosen
}

// TestEcho is what an author writes.
func TestEcho(t *testing.T) {
	spectest.Run(t, spec.Command(built(t), "-addr", "{addr}"), spec.Options{}, some("data/one-byte", "close/empty", "proc/sigint")...)
}

// inside are the tests of TestVerdictsBecomeSubTests, run by a process of their own, because some must fail.
const inside = "SPECTEST_INSIDE"

func TestInside(t *testing.T) {
	server := os.Getenv(inside)
	if server == "" {
		t.Skip("is run by TestVerdictsBecomeSubTests")
	}
	target := spec.Command(server, "-addr", "{addr}", "-fault", "drops-nul")
	target.Features = map[string]bool{"contract": true}
	target.Known = map[string]string{"data/size-ladder": "NUL is dropped", "proc/sigint": "it was so once"}
	spectest.Run(t, target, spec.Options{Seed: 7},
		some("data/one-byte", "data/all-bytes", "data/size-ladder", "proc/sigterm-exits", "proc/sigint", "sock/unix")...)
}

// TestVerdictsBecomeSubTests: what go test says of each.
func TestVerdictsBecomeSubTests(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run", "^TestInside$", "-test.v")
	command.Env = append(os.Environ(), inside+"="+built(t))
	out, err := command.CombinedOutput()
	if err == nil {
		t.Errorf("a broken MUST passes")
	}
	for _, line := range []string{
		"--- PASS: TestInside/data/one-byte", "--- FAIL: TestInside/data/all-bytes", "--- SKIP: TestInside/data/size-ladder",
		"--- FAIL: TestInside/proc/sigint", "--- SKIP: TestInside/sock/unix", "--- PASS: TestInside/proc/sigterm-exits",
		"known NUL is dropped", `remove "proc/sigint" from "known"`, "=== ATTR  TestInside/data/all-bytes verdict fail",
	} {
		if !strings.Contains(string(out), line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
}

// TestSpecDoesNotLinkTesting: whoever holds a server to the specification in a program of his own gets no test flags.
func TestSpecDoesNotLinkTesting(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath", "reactorbench/conformance/spec", "reactorbench/conformance").Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p struct{ ImportPath string }
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.ImportPath == "testing" {
			t.Error("it is linked")
		}
	}
}
