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

// allocationsFile is Go's benchmark text, as it was printed.
const allocationsFile = "allocations.txt"

// allocations has Go's own counters count what an echo allocates: 64 connections with timeouts, by the methods that have goals.
func (l *limits) allocations(ctx context.Context) error {
	fmt.Fprintln(l.progress, "== allocations")
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkEcho$/^(epoll|io_uring)$/^library_with_timeouts$",
		"-benchtime", "20000x", "-benchmem", "./impls/reactor")
	cmd.Dir = l.root
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // else its number is part of the benchmark's name
	text, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("allocations: %w: %s", err, lastLines(text, 3)))
	}
	return os.WriteFile(filepath.Join(l.out, allocationsFile), text, 0o644)
}

// readAllocations returns the allocations an operation by benchmark; none without the file.
func readAllocations(folder string) (map[string]float64, error) {
	text, err := os.ReadFile(filepath.Join(folder, allocationsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	found := make(map[string]float64)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if n := len(words); n > 2 && words[n-1] == "allocs/op" {
			if value, err := strconv.ParseFloat(words[n-2], 64); err == nil {
				found[words[0]] = value
			}
		}
	}
	return found, err
}

func echoAllocations(method string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		value, ok := e.allocations["BenchmarkEcho/"+method+"/library_with_timeouts"]
		if !ok {
			return results.Estimate{}
		}
		return counted(value)
	}
}
