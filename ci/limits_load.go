package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"reactorbench/results"
)

// latencyShares are the percentages of the capacity at which response times are compared.
var latencyShares = []int{10, 50, 80}

// latencyFolder is where response times are, within the record: another engine of loadgen measures them, and a folder holds the records of one.
const latencyFolder = "latency"

// A load is one call of loadgen, which adds its records to those of the others.
type load struct {
	about     string
	arguments []string
	folder    string // within the record's
}

// loads are the calls that need no figure of an earlier one.
func (l *limits) loads() []load {
	suite := "limits"
	if l.short {
		suite = "limits-short"
	}
	folders := []string{"./impls/reactor/epoll", "./impls/reactor/io_uring"}
	const many = "9000" // of 2000 connections each would carry some 50 bytes of what the process has for itself; more than 9000 need descriptors
	return []load{
		{"server CPU beside bare", append([]string{"-base", "./impls/bare", "-suite", suite}, l.patterns...), ""},
		{"system calls", append([]string{"-syscalls", "-workload", "closed-64"}, folders...), ""},
		{"memory of idle connections", []string{"-workload", "idle-2000", "-conns", many, "-blocks", "6", "./ci/reactor-with-timeouts"}, ""},
	}
}

// withTimeouts is the name of the same server in the folder ci/reactor-with-timeouts.
func withTimeouts(server string) string {
	return "reactor-with-timeouts" + strings.TrimPrefix(server, "reactor")
}

// latencyLoads are at shares of the capacity that the pairs have shown, and before them a single connection. Where there is a core for it the
// generator spins: on a virtual machine its own awakening is a third of a short response time, and more uneven than servers differ.
func (l *limits) latencyLoads(capacity float64) (all []load) {
	if l.short {
		return nil
	}
	engine := []string{"-engine", "spin"}
	if runtime.NumCPU() == 1 {
		engine = nil
	}
	add := func(about string, arguments ...string) {
		all = append(all, load{about, slices.Concat(engine, arguments, l.patterns), latencyFolder})
	}
	add("response times of one connection", "-suite", "ci/one-connection.json", "-conns", "1")
	for _, share := range latencyShares {
		rate := fmt.Sprintf("%.0f", capacity*float64(share)/100)
		add(fmt.Sprintf("response times at %d %% of capacity", share), "-suite", "limits-open", "-rate", rate)
	}
	return all
}

// load runs everything on whole servers. What loadgen could not measure is missing in the records, and the table says so.
func (l *limits) load(ctx context.Context) error {
	failed := l.run(ctx, l.loads())
	if ctx.Err() != nil {
		return failed
	}
	e, err := readEvidence(l.out)
	if err != nil {
		return errors.Join(failed, err)
	}
	capacity := e.capacity()
	if capacity == 0 {
		return errors.Join(failed, errors.New("bare has no figure for closed-64, so there is no capacity to take shares of"))
	}
	return errors.Join(failed, l.run(ctx, l.latencyLoads(capacity)))
}

// run goes on where the machine refuses one of the loads, such as with too few descriptors.
func (l *limits) run(ctx context.Context, all []load) (failed error) {
	for _, one := range all {
		fmt.Fprintf(l.progress, "== %s\n", one.about)
		if err := l.loadgen(ctx, one); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", one.about, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// loadgen counts an exit status of 1 as done: some cells have no figures, and the table says which goals that leaves open.
func (l *limits) loadgen(ctx context.Context, one load) error {
	out, err := filepath.Rel(l.root, filepath.Join(l.out, one.folder)) // the record has its own command line, and no path of this machine
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, l.programs["loadgen"], append([]string{"-out", out}, one.arguments...)...)
	cmd.Dir = l.root
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Stderr = l.progress
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && ctx.Err() == nil {
		fmt.Fprintln(l.progress, "some cells have no figures")
		return nil
	}
	return errors.Join(ctx.Err(), err)
}

// readEvidence reads what a folder has, of either kind.
func readEvidence(folder string) (e evidence, err error) {
	for _, loads := range []string{folder, filepath.Join(folder, latencyFolder)} {
		if _, err := os.Stat(filepath.Join(loads, "records.jsonl")); err != nil {
			continue
		}
		run, err := results.Open(loads)
		if err != nil {
			return e, err
		}
		e.records = append(e.records, run.Records()...)
	}
	if e.counts, err = readBenchmarks(folder); err != nil {
		return e, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "loop.jsonl"))
	if errors.Is(err, fs.ErrNotExist) && (e.records != nil || e.counts != nil) {
		return e, nil
	}
	for line := range strings.Lines(string(text)) {
		var f loopFigure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			return e, fmt.Errorf("%s: %w", filepath.Join(folder, "loop.jsonl"), err)
		}
		e.figures = append(e.figures, f)
	}
	return e, err
}
