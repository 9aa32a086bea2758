package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reactorbench/results"
)

// timed are system calls that a runtime makes by the clock and not by the request: scheduling, preemption (getpid, tgkill and the
// return from its signal), memory. Their number says how long a run took. A busy machine changes them, so they are not gated on.
var timed = []string{
	"nanosleep", "clock_nanosleep", "futex", "sched_yield", "getpid", "tgkill", "rt_sigreturn", "rt_sigprocmask",
	"restart_syscall", "madvise", "mmap", "munmap", "clone", "clone3", "timer_settime",
}

// countSyscalls traces a server with one request in flight. There each request meets the server asleep and has calls of its own, so
// their number does not hang on how many requests happen to be ready at once.
func (g *gate) countSyscalls(ctx context.Context, impl string) ([]Figure, string, error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, "strace is not installed; the package is called strace", nil
	}
	records, err := g.byTurns(ctx, "syscalls", impl, "-syscalls", "-workload", "closed-64", "-conns", "1", "-duration", "300ms")
	if err != nil {
		return nil, "", err
	}
	for _, r := range slices.Concat(records["base"], records["head"]) {
		if strings.Contains(r.Error, "strace") {
			return nil, r.Error, nil
		}
	}
	return syscallFigures(records["base"], records["head"])
}

func syscallFigures(base, head []results.Record) (figures []Figure, reason string, err error) {
	names := make(map[string]bool)
	for _, r := range slices.Concat(base, head) {
		if r.Failed() {
			return nil, "", errors.New(r.Error)
		}
		for name, n := range r.Syscalls {
			if n*100 >= r.Requests && !slices.Contains(timed, name) {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		perRequest := func(r results.Record) float64 { return float64(r.Syscalls[name]) / float64(r.Requests) }
		figures = append(figures, Figure{Name: name, Base: each(base, perRequest), Head: each(head, perRequest)})
	}
	slices.SortStableFunc(figures, func(a, b Figure) int { // the most frequent first
		return cmp.Compare(median(slices.Sorted(slices.Values(b.Head))), median(slices.Sorted(slices.Values(a.Head))))
	})
	return figures, "", nil
}

// weighConnections is the growth of the server's memory by connections that echoed once and then wait.
func (g *gate) weighConnections(ctx context.Context, impl string) ([]Figure, string, error) {
	records, err := g.byTurns(ctx, "memory", impl, "-workload", "idle-2000", "-blocks", "1")
	if err != nil {
		return nil, "", err
	}
	for _, r := range slices.Concat(records["base"], records["head"]) {
		switch {
		case r.Failed():
			return nil, "", errors.New(r.Error)
		case r.BytesPerIdleConn == nil:
			return nil, "the memory of another process cannot be read on this system", nil
		}
	}
	bytes := func(r results.Record) float64 { return *r.BytesPerIdleConn }
	return []Figure{{Name: "bytes", Base: each(records["base"], bytes), Head: each(records["head"], bytes)}}, "", nil
}

// byTurns runs the load generator on a fresh process of base and of head, again and again. A run whose
// cell has no figures still has its record, which says why.
func (g *gate) byTurns(ctx context.Context, what, impl string, arguments ...string) (map[string][]results.Record, error) {
	records := make(map[string][]results.Record)
	for range countedProcesses {
		for _, tree := range []string{"base", "head"} {
			g.number++
			out := filepath.Join(g.out, fmt.Sprintf("%02d-%s-%s-%s", g.number, what, tree, flat(impl)))
			failed := g.runLoadgen(ctx, io.Discard, impl, append(arguments, "-out", out, g.server(tree, series{Impl: impl}))...)
			run, err := results.Open(out)
			if err != nil || len(run.Records()) == 0 {
				return nil, errors.Join(errors.New("the load generator left no record"), failed, err)
			}
			records[tree] = append(records[tree], run.Records()...)
		}
	}
	return records, nil
}

func each(records []results.Record, of func(results.Record) float64) (values []float64) {
	for _, r := range records {
		values = append(values, of(r))
	}
	return values
}

// countAllocations runs the benchmarks called Echo of a server's packages, each tree's own. What another process allocates cannot
// be seen through a socket, and inside of a process the Go runtime counts every one.
func (g *gate) countAllocations(ctx context.Context, impl string) ([]Figure, string, error) {
	found := make(map[string]map[string]float64)
	for _, tree := range []string{"base", "head"} {
		packages, err := benchmarkPackages(filepath.Join(g.dir, tree), impl)
		if err != nil {
			return nil, "", err
		}
		if len(packages) == 0 {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-run", "^$", "-bench", "Echo", "-benchmem", "-benchtime", "1000x"}, packages...)...)
		cmd.Dir = filepath.Join(g.dir, tree)
		text, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Sprintf("the benchmarks of %s do not run: %s", tree, lastLines(text, 3)), nil
		}
		if found[tree], err = parseAllocations(text); err != nil {
			return nil, "", err
		}
	}
	if len(found["base"]) == 0 {
		return nil, "its folder has no Go benchmark called Echo", nil
	}
	return allocationFigures(found["base"], found["head"]), "", nil
}

var echoBenchmark = regexp.MustCompile(`(?m)^func Benchmark\w*Echo`)

// benchmarkPackages leaves out the packages without such a benchmark, whose tests would be built for nothing.
func benchmarkPackages(tree, impl string) (packages []string, err error) {
	err = filepath.WalkDir(filepath.Join(tree, "impls", impl), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if echoBenchmark.Match(text) {
			folder, _ := filepath.Rel(tree, filepath.Dir(path))
			packages = append(packages, "./"+filepath.ToSlash(folder))
		}
		return err
	})
	slices.Sort(packages)
	return slices.Compact(packages), err
}

func allocationFigures(base, head map[string]float64) (figures []Figure) {
	for _, name := range slices.Sorted(maps.Keys(base)) {
		f := Figure{Name: name, Base: []float64{base[name]}}
		if n, ok := head[name]; ok {
			f.Head = []float64{n}
		}
		figures = append(figures, f)
	}
	return figures
}

// benchmarkResult is a line of go test -benchmem; the number behind the name is that of the cores.
var benchmarkResult = regexp.MustCompile(`^(Benchmark\S+?)(?:-\d+)?\s+\d+\s.*\s(\d+) allocs/op`)

// parseAllocations has a value for each benchmark, with its package before the name.
func parseAllocations(text []byte) (map[string]float64, error) {
	found, pkg := make(map[string]float64), ""
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			pkg = strings.TrimPrefix(name, "reactorbench/impls/")
		}
		if m := benchmarkResult.FindStringSubmatch(lines.Text()); m != nil {
			n, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, err
			}
			found[pkg+"."+m[1]] = n
		}
	}
	return found, nil
}
