package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A historyBranch is a checkout whose origin is a folder.
type historyBranch struct {
	clone
	origin, script, file string
}

func newHistoryBranch(t *testing.T) historyBranch {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	origin := t.TempDir()
	clone{t, origin}.git("init", "-q", "--bare")
	return checkoutOf(t, origin)
}

func checkoutOf(t *testing.T, origin string) historyBranch {
	t.Helper()
	dir := t.TempDir()
	h := historyBranch{clone{t, filepath.Join(dir, "checkout")}, origin, filepath.Join(mustGetwd(t), "historybranch.sh"), filepath.Join(dir, "history.jsonl")}
	clone{t, dir}.git("clone", "-q", "file://"+origin, "checkout")
	h.git("config", "user.name", "test")
	h.git("config", "user.email", "test@example.org")
	return h
}

func (h historyBranch) do(verb string) (said string, err error) {
	cmd := exec.Command("sh", h.script, verb, h.file)
	cmd.Dir = h.dir
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func (h historyBranch) add(line string) {
	h.t.Helper()
	text, _ := os.ReadFile(h.file)
	if err := os.WriteFile(h.file, append(text, line...), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func TestTheHistoryBranchGrows(t *testing.T) {
	h := newHistoryBranch(t)
	for night, want := range []string{"", "one\n", "one\ntwo\n"} {
		if said, err := h.do("fetch"); err != nil {
			t.Fatalf("night %d: %v %s", night, err, said)
		}
		if got, _ := os.ReadFile(h.file); string(got) != want {
			t.Fatalf("night %d: the history is %q, want %q", night, got, want)
		}
		h.add([]string{"one\n", "two\n", "three\n"}[night])
		if said, err := h.do("keep"); err != nil {
			t.Fatalf("night %d: %v %s", night, err, said)
		}
	}
	out, err := exec.Command("git", "-C", h.origin, "rev-list", "--count", "history").Output()
	if err != nil || strings.TrimSpace(string(out)) != "3" {
		t.Errorf("the branch has %s commits of three nights, %v", out, err)
	}
}

// TestAHistoryThatCannotBeFetchedIsNotBegunAnew, for what was there would then be gone.
func TestAHistoryThatCannotBeFetchedIsNotBegunAnew(t *testing.T) {
	h := newHistoryBranch(t)
	h.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "nowhere"))
	if said, err := h.do("fetch"); err == nil || !strings.Contains(said, "cannot be asked") {
		t.Errorf("%v, %s", err, said)
	}
}

// TestTwoNightsAtOnceLoseNoLine: the second is refused.
func TestTwoNightsAtOnceLoseNoLine(t *testing.T) {
	faster := newHistoryBranch(t)
	faster.add("one\n")
	if said, err := faster.do("keep"); err != nil {
		t.Fatal(err, said)
	}
	slower := checkoutOf(t, faster.origin)
	if said, err := slower.do("fetch"); err != nil {
		t.Fatal(err, said)
	}
	faster.add("faster\n")
	if said, err := faster.do("keep"); err != nil {
		t.Fatal(err, said)
	}
	slower.add("slower\n")
	if _, err := slower.do("keep"); err == nil {
		t.Error("a history that has not seen the last night has taken its place")
	}
}
