package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"reactorbench/results"
)

// A benchmark is one of the library's own, which counts what cannot be seen through a socket. Its file is Go's text, as it was printed.
type benchmark struct {
	about, file string
	name        string // a regular expression, as of go test -bench
	times       string // as of -benchtime
}

// benchmarks are of the methods that have goals; a timer is a goal of each method.
var benchmarks = []benchmark{
	{"allocations", "allocations.txt", "^BenchmarkEcho$/^(epoll|io_uring)$/^library_with_timeouts$", "20000x"},
	{"allocations of a connection's life", "lives.txt", "^BenchmarkLife$/^(epoll|io_uring)$", "2000x"},
	{"wake-ups of timers", "wakes.txt", "^BenchmarkTimerOf100Microseconds$", "500x"},
}

// benchmarks has them all counted, whatever becomes of one.
func (l *limits) benchmarks(ctx context.Context) (failed error) {
	for _, b := range benchmarks {
		fmt.Fprintf(l.progress, "== %s\n", b.about)
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", b.name, "-benchtime", b.times, "-benchmem", "./impls/reactor")
		cmd.Dir = l.root
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // else its number is part of the benchmark's name
		text, err := cmd.CombinedOutput()
		if err != nil {
			failed = errors.Join(failed, ctx.Err(), fmt.Errorf("%s: %w: %s", b.about, err, lastLines(text, 3)))
			continue
		}
		failed = errors.Join(failed, os.WriteFile(filepath.Join(l.out, b.file), text, 0o644))
	}
	return failed
}

// readBenchmarks returns what they have counted, by name and unit; none without the files.
func readBenchmarks(folder string) (counts map[string]float64, err error) {
	for _, b := range benchmarks {
		text, err := os.ReadFile(filepath.Join(folder, b.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if counts == nil {
			counts = make(map[string]float64)
		}
		for line := range strings.Lines(string(text)) {
			readCounts(strings.Fields(line), counts)
		}
	}
	return counts, nil
}

// readCounts takes a line of Go's text, which has a name, a number of times, and pairs of a value and its unit.
func readCounts(words []string, counts map[string]float64) {
	if len(words) == 0 || !strings.HasPrefix(words[0], "Benchmark") {
		return
	}
	for i := 3; i < len(words); i += 2 {
		if value, err := strconv.ParseFloat(words[i-1], 64); err == nil {
			counts[words[0]+" "+words[i]] = value
		}
	}
}

// benchmarkCount is what one benchmark has counted in a unit.
func benchmarkCount(name, unit string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		value, ok := e.counts[name+" "+unit]
		if !ok {
			return results.Estimate{}
		}
		return counted(value)
	}
}
