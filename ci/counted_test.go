package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reactorbench/results"
)

// needsTracing skips where one process cannot trace another.
func needsTracing(t *testing.T) {
	t.Helper()
	needsCPUClock(t)
	if text, err := exec.Command("strace", "-c", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, text)
	}
}

const sharedState = "	io            Event // the descriptor, and the nearer of the two deadlines\n"

// TestCountsFailAndNameWhatHasRisen makes a reactor that is dearer in three ways: each gate finds its own, and names it.
func TestCountsFailAndNameWhatHasRisen(t *testing.T) {
	needsTracing(t)
	if testing.Short() {
		t.Skip("builds and starts two servers, twenty times")
	}
	c := newClone(t)
	c.edit("impls/reactor/bufferevent_read.go", readsCounted, "	unix.Getppid()\n	wasted = new([64]byte)\n"+readsCounted)
	c.add("impls/reactor/transport.go", "var wasted *[64]byte")
	c.edit("impls/reactor/bufferevent.go", sharedState, "	ballast [1 << 10]byte\n"+sharedState)
	c.commit("Cost more")
	file := filepath.Join(t.TempDir(), "verdict.json")
	status, stdout, _ := c.gate(standard, "-base", "HEAD^", "-series", oneSeries, "-gates", "syscalls,allocations,memory", "-json", file)
	if status != exitFailed || !strings.HasPrefix(stdout, "FAIL") {
		t.Fatalf("exit status %d, want %d and FAIL", status, exitFailed)
	}
	report := readReport(t, file)
	for _, want := range []struct {
		what, figure string
		least        float64 // by which it rises
	}{
		{"syscalls", "getppid", 0.9}, {"memory", "bytes", 900},
		{"allocations", "reactor.BenchmarkEcho/epoll/library", 1}, {"allocations", "reactor.BenchmarkEcho/poll/library_with_timeouts", 1},
	} {
		counted := report.counted(want.what)
		if f := counted.named(want.figure); counted.Verdict != Fail || !f.Risen || f.Head[0]-f.Base[0] < want.least {
			t.Errorf("%s, %s: %+v, %q", want.what, want.figure, f, counted.Why)
		}
	}
	if why := report.counted("syscalls").Why; why != "more than before: getppid" {
		t.Errorf("the reason is %q, want the call that has risen and no other", why)
	}
}

func (r Report) counted(what string) Counted {
	for _, c := range r.Counted {
		if c.What == what {
			return c
		}
	}
	return Counted{}
}

// named is of zeros if there is no such figure.
func (c Counted) named(name string) Figure {
	for _, f := range c.Figures {
		if f.Name == name {
			return f
		}
	}
	return Figure{Base: []float64{0}, Head: []float64{0}}
}

func readReport(t *testing.T, file string) (r Report) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err := errors.Join(err, json.Unmarshal(text, &r)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}

// TestCountsOfAnEqualServerPass holds on a machine that is busy, because it does not ask for times.
func TestCountsOfAnEqualServerPass(t *testing.T) {
	needsTracing(t)
	if testing.Short() {
		t.Skip("starts twenty servers")
	}
	c := newClone(t)
	c.edit("impls/reactor/errors.go", `"this base is looping already"`, `"this base is looping already, other bytes"`)
	c.commit("Differ in bytes alone")
	file := filepath.Join(t.TempDir(), "verdict.json")
	status, stdout, _ := c.gate(standard, "-base", "HEAD^", "-series", oneSeries, "-gates", "syscalls,allocations,memory", "-json", file)
	if status != exitDone || !strings.HasPrefix(stdout, "PASS") || strings.Count(stdout, "nothing has risen") != 3 {
		t.Errorf("exit status %d, want %d and PASS three times", status, exitDone)
	}
	if reads := readReport(t, file).counted("syscalls").named("read"); len(reads.Head) != countedProcesses || reads.Head[0] < 0.9 {
		t.Errorf("an echo takes a read, and %+v were counted", reads)
	}
}

func TestWithoutATracerNothingIsCounted(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got, err := new(gate).counted(t.Context(), counters[0], "bare")
	if err != nil || got.Verdict != Uncounted || !strings.Contains(got.Why, "package is called strace") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestACommitMayAcceptACount(t *testing.T) {
	rises := counter{what: "memory", count: func(*gate, context.Context, string) ([]Figure, string, error) {
		return []Figure{{Name: "bytes", Base: []float64{100}, Head: []float64{900}}}, "", nil
	}}
	g := &gate{accepted: map[series]string{{"bare", "memory"}: "a larger buffer"}}
	if got, err := g.counted(t.Context(), rises, "bare"); err != nil || got.Verdict != Accepted || !strings.Contains(got.Why, "a larger buffer") {
		t.Errorf("%+v, %v", got, err)
	}
	if got, _ := g.counted(t.Context(), rises, "gnet"); got.Verdict != Fail {
		t.Errorf("another server: %+v", got)
	}
}

// TestRisesBeyondWhatTheBaseDiffersBy: the tolerance is measured.
func TestRisesBeyondWhatTheBaseDiffersBy(t *testing.T) {
	for name, test := range map[string]struct {
		base, head []float64
		want       bool
	}{
		"equal":                     {[]float64{1, 1, 1}, []float64{1, 1, 1}, false},
		"one call more":             {[]float64{1, 1, 1}, []float64{2, 2, 2}, true},
		"less":                      {[]float64{2, 2, 2}, []float64{1, 1, 1}, false},
		"below the floor":           {[]float64{1, 1, 1}, []float64{1.04, 1.04, 1.04}, false},
		"within the base's spread":  {[]float64{1, 1.3, 1.2}, []float64{1.5, 1.5, 1.5}, false},
		"beyond it":                 {[]float64{1, 1.3, 1.2}, []float64{1.7, 1.7, 1.7}, true},
		"one process of head alone": {[]float64{1, 1, 1}, []float64{1, 1, 5}, false},
	} {
		if got := risen(test.base, test.head, 0.05); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestSyscallsOfTheClockAreLeftOut(t *testing.T) {
	trace := func(reads, sleeps int64) []results.Record {
		return []results.Record{{Requests: 100, Syscalls: map[string]int64{"read": reads, "nanosleep": sleeps, "accept4": 0}}}
	}
	figures, _, err := syscallFigures(trace(100, 10), trace(200, 900))
	if err != nil || len(figures) != 1 || figures[0].Name != "read" || figures[0].Base[0] != 1 || figures[0].Head[0] != 2 {
		t.Errorf("%+v, %v", figures, err)
	}
}

func TestOnlyPackagesWithSuchBenchmarksAreBuilt(t *testing.T) {
	root := filepath.Dir(mustGetwd(t))
	found, err := benchmarkPackages(root, "reactor")
	if err != nil || !slices.Contains(found, "./impls/reactor") || !slices.Contains(found, "./impls/reactor/evbuffer") || slices.Contains(found, "./impls/reactor/examples") {
		t.Errorf("%q, %v", found, err)
	}
	g := &gate{dir: t.TempDir()}
	if err := errors.Join(os.MkdirAll(filepath.Join(g.dir, "base/impls/other"), 0o755), os.MkdirAll(filepath.Join(g.dir, "head/impls/other"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if got, err := g.counted(t.Context(), counters[1], "other"); err != nil || got.Verdict != Uncounted || !strings.Contains(got.Why, "no Go benchmark") {
		t.Errorf("a server without benchmarks: %+v, %v", got, err)
	}
}

func TestAllocationsAreReadByPackageAndName(t *testing.T) {
	const text = `goos: linux
pkg: reactorbench/impls/reactor
BenchmarkEcho/epoll/library-2         	    1000	      7402 ns/op	      68 B/op	       3 allocs/op
BenchmarkEcho/64 	    1000	      7402 ns/op	      17.66 MB/s	      68 B/op	       0 allocs/op
PASS
pkg: reactorbench/impls/reactor/evbuffer
BenchmarkEcho/64-2    	    1000	      3624 ns/op	      67 B/op	       1 allocs/op
`
	found, err := parseAllocations([]byte(text))
	if err != nil || len(found) != 3 || found["reactor.BenchmarkEcho/epoll/library"] != 3 || found["reactor/evbuffer.BenchmarkEcho/64"] != 1 {
		t.Errorf("%v, %v", found, err)
	}
	var c Counted
	c.judge(allocationFigures(found, map[string]float64{"reactor.BenchmarkEcho/64": 0, "reactor.BenchmarkEcho/epoll/library": 3}), 0.5)
	if c.Verdict != Inconclusive || !strings.Contains(c.Why, "reactor/evbuffer.BenchmarkEcho/64") {
		t.Errorf("a benchmark that is gone: %+v", c)
	}
}
