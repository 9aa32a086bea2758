package impls

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func find(t *testing.T, dir string) []Impl {
	t.Helper()
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func newTestBuilder(t *testing.T) *Builder {
	t.Helper()
	b, err := NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// TestStrangersFolder: a Go program outside this module, with a module of its own, is built and started.
func TestStrangersFolder(t *testing.T) {
	code, err := os.ReadFile("testdata/good/main.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := inFolder(t, map[string]string{
		"go.mod": "module stranger\n\ngo 1.26\n", "main.go": string(code),
		"impl.json": `{"about": "a", "language": "Go", "design": "b"}`,
	})
	p, err := newTestBuilder(t).Build(t.Context(), find(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := s.Stop(t.Context()); err != nil || !exit.Clean() {
		t.Errorf("%s, %v", exit, err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 3 {
		t.Errorf("the build wrote into the source folder: %v", left)
	}
}

// TestVariantsShareABuild counts the runs of a build that is a script.
func TestVariantsShareABuild(t *testing.T) {
	dir := inFolder(t, map[string]string{
		"impl.json": `{"about": "a", "language": "sh", "design": "b", "build": ["./build", "{out}"], "run": ["{out}/echo", "-d={out}"],
			"variants": [{"name": "one", "args": ["-f={out}/file"]}, {"name": "two"}]}`,
		"build": "#!/bin/sh\necho built >>\"$1/echo\"\n",
	})
	b := newTestBuilder(t)
	var programs []*Program
	for _, im := range find(t, dir) {
		p, err := b.Build(t.Context(), im)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	out := programs[0].argv[0]
	if programs[1].argv[0] != out {
		t.Errorf("the variants run %s and %s", out, programs[1].argv[0])
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "built\n" {
		t.Errorf("the build ran otherwise than once: %q, %v", text, err)
	}
	if want := "-f=" + filepath.Dir(out) + "/file"; programs[0].Impl.Args[0] != want {
		t.Errorf("args are %v, want %s", programs[0].Impl.Args, want)
	}
	b.Close()
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("Close left %s", out)
	}
}

func TestTheCompilersWordIsInTheError(t *testing.T) {
	dir := inFolder(t, map[string]string{
		"go.mod": "module broken\n", "main.go": "package main\n\nfunc main() { undeclared() }\n",
		"impl.json": `{"about": "a", "language": "Go", "design": "b"}`,
	})
	_, err := newTestBuilder(t).Build(t.Context(), find(t, dir)[0])
	if err == nil || !strings.Contains(err.Error(), "undefined: undeclared") || !strings.Contains(err.Error(), "go build -trimpath") {
		t.Errorf("error is %v", err)
	}
}

// TestALongBuildLogIsCutInFront: the end is what tells.
func TestALongBuildLogIsCutInFront(t *testing.T) {
	dir := inFolder(t, map[string]string{
		"impl.json": `{"about": "a", "language": "sh", "design": "b", "build": ["./build"], "run": ["x"]}`,
		"build":     "#!/bin/sh\ni=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo the reason; exit 1\n",
	})
	_, err := newTestBuilder(t).Build(t.Context(), find(t, dir)[0])
	if err == nil || !strings.HasSuffix(err.Error(), "the reason") || strings.Count(err.Error(), "\n") > 20 {
		t.Errorf("the error is %v", err)
	}
}

// TestABuildCalledOff is ended with its children, and can be tried again.
func TestABuildCalledOff(t *testing.T) {
	dir := inFolder(t, map[string]string{
		"impl.json": `{"about": "a", "language": "sh", "design": "b", "build": ["./build", "{out}"], "run": ["x"]}`,
		"build":     "#!/bin/sh\n[ -e \"$1/child\" ] && exit 0\nsleep 3600 &\necho $! >\"$1/child\"\nwait\n",
	})
	b := newTestBuilder(t)
	im := find(t, dir)[0]
	ctx, cancel := context.WithCancel(t.Context())
	called := make(chan error)
	go func() {
		_, err := b.Build(ctx, im)
		called <- err
	}()
	child := 0
	eventually(t, "the build has a child", func() bool {
		begun, _ := filepath.Glob(b.dir + "/*/child")
		if len(begun) == 0 {
			return false
		}
		text, _ := os.ReadFile(begun[0])
		n, _ := fmt.Sscanln(string(text), &child)
		return n == 1
	})
	cancel()
	if err := <-called; err == nil {
		t.Error("a build that was called off succeeded")
	}
	eventually(t, "the child is gone", func() bool { return !lives(child) })
	if _, err := b.Build(t.Context(), im); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

func TestWhatIsMissingIsNotBuilt(t *testing.T) {
	im := find(t, "testdata/good")[0]
	im.Needs = []string{"no-such-program"}
	_, err := newTestBuilder(t).Build(t.Context(), im)
	if want := "good cannot be built: no-such-program is not installed (install the package that brings the program no-such-program)"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
