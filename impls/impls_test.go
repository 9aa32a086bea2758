package impls

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The programs in testdata are built once, into one directory, which goes away with the tests.
var testBuilder *Builder

func TestMain(m *testing.M) {
	if line := os.Getenv(parentOf); line != "" {
		beParent(line)
		return
	}
	var err error
	if testBuilder, err = NewBuilder(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	testBuilder.Close()
	os.Exit(code)
}

// parentOf is the environment variable that turns the test program into a harness which starts the server named
// there, tells its process number and then waits to be killed.
const parentOf = "IMPLS_TEST_PARENT_OF"

func beParent(server string) {
	s, err := Command("orphan-to-be", server).Start(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.PID())
	select {}
}

// program builds the implementation of testdata that the pattern names.
func program(t testing.TB, pattern string) *Program {
	t.Helper()
	found, err := Find(filepath.Join("testdata", pattern))
	if err != nil {
		t.Fatal(err)
	}
	p, err := testBuilder.Build(t.Context(), found[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// executable is the path of a program of testdata, for tests that run it by themselves.
func executable(t testing.TB, pattern string) string { return program(t, pattern).argv[0] }

// start starts a server of testdata and ends it with the test.
func start(t testing.TB, pattern string, o Options) *Server {
	t.Helper()
	s, err := program(t, pattern).Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Kill(); <-s.Done() })
	return s
}

// eventually waits for a state. The bound is for hopeless cases only: no test measures time with it.
func eventually(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("30 s without: %s", what)
		}
	}
}

// lives reports whether a process runs. One that has ended and waits to be collected does not.
func lives(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // empty where there is no /proc
	ended := strings.Contains(string(stat), ") Z ") || strings.Contains(string(stat), ") X ")
	return !ended && syscall.Kill(pid, 0) == nil
}

// inFolder writes files, by their paths, into a fresh folder and returns it.
func inFolder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
