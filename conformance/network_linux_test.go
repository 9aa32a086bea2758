package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// asNobody runs the command as an ordinary user, which only root can arrange, in a folder with an implementation.
func asNobody(t *testing.T, env string, args ...string) (output string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	dir, err := os.MkdirTemp("", "conformance-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary, server := filepath.Join(dir, "conformance"), filepath.Join(dir, "wrong")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Link(wrong, server); err != nil {
		t.Fatal(err)
	}
	impl := `{"about": "a right server", "language": "Go", "design": "goroutine per connection", "run": ["./wrong"], "features": ["idle-timeout"]}`
	if err := os.WriteFile(filepath.Join(dir, "impl.json"), []byte(impl), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, args...)
	command.Dir, command.Env = dir, append(os.Environ(), "HOME="+dir, env)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, _ := command.CombinedOutput()
	return string(out)
}

// TestNetworkWithoutRoot: an ordinary user runs the checks in small worlds too, where the system has unprivileged user namespaces.
func TestNetworkWithoutRoot(t *testing.T) {
	if allowed, _ := os.ReadFile("/proc/sys/user/max_user_namespaces"); strings.TrimSpace(string(allowed)) == "0" {
		t.Skip("this system has no user namespaces")
	}
	checks := []string{"conn/burst-stopped", "launch/privileged-port", "net/syn-flood-small", "net/tcp-fastopen"}
	out := asNobody(t, "X=", "-v", "-run", strings.Join(checks, "|"), "--", "./wrong", "-addr", "{addr}")
	for _, slug := range checks {
		if !strings.Contains(out, "--- PASS: wrong "+slug) && !strings.Contains(out, "it takes root, or unprivileged user namespaces") {
			t.Errorf("%s in\n%s", slug, out)
		}
	}
	t.Log(out)
}

// TestClockWithoutRoot: asked alone, a check whose server has a clock of its own gets the namespace that it needs.
func TestClockWithoutRoot(t *testing.T) {
	if allowed, _ := os.ReadFile("/proc/sys/user/max_user_namespaces"); strings.TrimSpace(string(allowed)) == "0" {
		t.Skip("this system has no user namespaces")
	}
	out := asNobody(t, "X=", "-v", "-run", "time/uptime", ".")
	if !strings.Contains(out, "time/uptime (") || !strings.Contains(out, "1 passed, 0 failed, 0 skipped") && !strings.Contains(out, "it takes root, or unprivileged user namespaces") {
		t.Error(out)
	}
	t.Log(out)
}

// TestNoNetwork: where nobody may make a network the verdict is precondition, names what is missing, and is no pass.
func TestNoNetwork(t *testing.T) {
	out := asNobody(t, within, "-v", "-run", "conn/burst-stopped|net/mtu-small|launch/privileged-port", "--", "./wrong", "-addr", "{addr}")
	for _, want := range []string{
		"SKIP: wrong conn/burst-stopped", "SKIP: wrong net/mtu-small", "SKIP: wrong launch/privileged-port",
		"a network namespace: operation not permitted; it takes root, or unprivileged user namespaces",
		"0 passed, 0 failed, 3 skipped",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestNothingIsLeft: after checks that make networks and attach strace, and after one that is interrupted in the middle, this
// process has no thread in another network, holds no namespace and no TUN device, and has no child.
func TestNothingIsLeft(t *testing.T) {
	target := contractTarget("wrong", impls.Command("wrong", wrong))
	for _, check := range spec.All() {
		switch check.Slug {
		case "net/mtu-small", "fault/eintr-read":
			runOnce(t.Context(), target, check)
		case "net/loss-reorder-delay", "net/blackhole-then-heal":
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // in the middle of it
			if result := runOnce(ctx, target, check); result.Verdict != spec.Skip && result.Verdict != spec.Precondition {
				t.Errorf("not interrupted: %s", result.Report("wrong"))
			}
			cancel()
		}
	}
	var left []string
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if left = leftovers(); len(left) == 0 {
			return
		}
	}
	t.Errorf("left: %v", left)
}

func runOnce(ctx context.Context, target *spec.Target, check spec.Check) spec.Result {
	runner := spec.Runner{Target: target, Options: spec.Options{Seed: 7}}
	defer runner.Close()
	return runner.Run(ctx, check)
}

// leftovers names what this process has that it had not before the first check.
func leftovers() (left []string) {
	own, _ := os.Readlink("/proc/self/ns/net")
	threads, _ := filepath.Glob("/proc/self/task/*")
	for _, thread := range threads {
		if at, err := os.Readlink(filepath.Join(thread, "ns/net")); err == nil && at != own {
			left = append(left, thread+" in "+at)
		}
		if children, _ := os.ReadFile(filepath.Join(thread, "children")); len(children) > 0 {
			left = append(left, "children "+string(children))
		}
	}
	descriptors, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range descriptors {
		if at, _ := os.Readlink(fd); strings.HasPrefix(at, "net:") || strings.Contains(at, "net/tun") {
			left = append(left, at)
		}
	}
	return left
}

// TestWhoNeedsANamespace: checks with a network or a clock of their own, and nothing that only tells about them.
func TestWhoNeedsANamespace(t *testing.T) {
	for args, want := range map[string]bool{
		"-run time/uptime .": true, "-run net .": true, ".": true,
		"-run data .": false, "-short .": false, "-list": false, "-addr 127.0.0.1:7": false, "-nonsense": false,
	} {
		if needsNamespace(strings.Fields(args)) != want {
			t.Errorf("%s: %v, want %v", args, !want, want)
		}
	}
}
