package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"reactorbench/impls"
)

const gateHelp = `ci gate compares the checked-out commit with its base and says whether a server became slower.

  ci gate -base origin/main                       the standard series
  ci gate -base v1.2 -series 'reactor/epoll closed-64,reactor/poll closed-64'
  ci gate -base HEAD^ -json verdict.json -junit verdict.xml -out records
  ci gate -base HEAD^ -gates syscalls,memory      only what is counted: no matter how busy the machine is

Base and head are built in clean trees; the load is that of the head's loadgen for both. The base is where head left the
named line, or the first parent where head is on it.

  PASS          a slow-down of 5 % is refuted
  FAIL          a slow-down above 2 % is proven, and confirmed with fresh processes
  INCONCLUSIVE  neither could be shown in 48 pairs of processes
  INVALID RUN   the run told two copies of the base apart
  IDENTICAL     both build to the same bytes; nothing was measured
  ACCEPTED      FAIL, but a commit has the trailer  Perf-accept: SERVER WORKLOAD why
  NOT COUNTED   what it takes to count is not here; the line says what

The gate cpu judges times. Beside it stand gates on what can be counted. There any rise is a FAIL that names what has risen: all
five fresh processes of head lie above all five of base, by more than those of base differ. Perf-accept: SERVER GATE why excuses it.

  syscalls      by name, for a request that comes alone, traced by strace; 0.05 a request is the least rise, and what a
                runtime calls by the clock (nanosleep, futex) is left out
  allocations   of the benchmarks called Echo in the packages of a server, in whole allocations; one run of each
  memory        bytes for each of 2000 idle connections, without the kernel's; 64 is the least rise

Exit status: 0 nothing failed, 1 FAIL, 2 usage, or a checkout that cannot be compared, 3 INVALID RUN,
4 a server could not be built or measured, 130 interrupted. Where GITHUB_STEP_SUMMARY is set, the summary is appended there.

`

// standardSeries are fast and quiet: one loop that is busy, and one that has much to do each time it wakes.
const standardSeries = "reactor/epoll closed-64,reactor/epoll pipelined-16,reactor/poll closed-64"

const allGates = "cpu,syscalls,allocations,memory"

// gateOptions are the command line of ci gate, understood.
type gateOptions struct {
	series     []series
	base, head string // commits
	out        string // of the records
	json       string
	junit      string
	cpus       string
	slice      time.Duration // 0: loadgen's own
	gates      map[string]bool
}

// gateCommand is ci gate.
func gateCommand(ctx context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	g := &gate{plan: standard, progress: stderr}
	flags := flag.NewFlagSet("ci gate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	base := flags.String("base", "", "`revision` to compare with; needed")
	gates := flags.String("gates", allGates, "what to judge, with `commas`")
	list := flags.String("series", standardSeries, "servers and workloads, as in 'reactor/epoll closed-64', with `commas`")
	flags.StringVar(&g.out, "out", "", "keep the records in this `folder`; default none are kept")
	flags.StringVar(&g.json, "json", "", "write the verdict as JSON to this `file`")
	flags.StringVar(&g.junit, "junit", "", "write the verdict as JUnit XML to this `file`")
	flags.StringVar(&g.cpus, "cpus", "", "`cores` of servers and of the generator, such as 0/1; default half and half")
	flags.DurationVar(&g.slice, "slice", 0, "measured `time` of a slice; default 250ms")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, gateHelp)
			flags.SetOutput(stdout)
			flags.PrintDefaults()
			return exitDone, err
		}
		return exitUsage, usagef("%w; ci gate -h shows the flags", err)
	}
	if *base == "" || flags.NArg() > 0 {
		return exitUsage, usagef("say what to compare with: ci gate -base origin/main")
	}
	err := g.checkPlaces()
	if err != nil {
		return exitUsage, err
	}
	if g.gates, err = parseGates(*gates); err != nil {
		return exitUsage, err
	}
	if err := g.understand(ctx, *base, *list); err != nil {
		return exitUsage, err
	}
	return g.command(ctx, stdout)
}

// checkPlaces finds out before minutes of measuring whether the outcome has a place to go.
func (g *gate) checkPlaces() error {
	if err := checkFolder("-json", g.json); err != nil {
		return err
	}
	if err := checkFolder("-junit", g.junit); err != nil {
		return err
	}
	return checkFresh(g.out)
}

func checkFolder(flag, path string) error {
	if path == "" {
		return nil
	}
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || !folder.IsDir() {
		return usagef("%s %s: there is no folder %s", flag, path, filepath.Dir(path))
	}
	return nil
}

// checkFresh refuses a folder of an earlier run: the load generator adds to records, and statistics over two runs are of neither.
func checkFresh(out string) error {
	if out == "" {
		return nil
	}
	files, err := os.ReadDir(out)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return usagef("-out: %w", err)
	case len(files) > 0:
		return usagef("-out: %s holds something already; give a new folder", out)
	}
	return nil
}

// understand turns words into commits and series.
func (g *gate) understand(ctx context.Context, base, list string) (err error) {
	if g.series, err = parseSeries(list); err != nil {
		return err
	}
	if g.repo, err = openRepository(ctx, "."); err != nil {
		return err
	}
	if g.head, err = g.repo.commit(ctx, "HEAD"); err != nil {
		return err
	}
	if g.base, err = g.repo.basis(ctx, base, g.head); err != nil {
		return err
	}
	g.accepted, err = g.repo.accepted(ctx, g.base, g.head)
	return err
}

func parseGates(list string) (map[string]bool, error) {
	chosen := make(map[string]bool)
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(strings.Split(allGates, ","), name) {
			return nil, usagef("-gates: there is no gate %q, only %s", name, allGates)
		}
		chosen[name] = true
	}
	return chosen, nil
}

func parseSeries(list string) (all []series, err error) {
	for _, one := range strings.Split(list, ",") {
		words := strings.Fields(one)
		if len(words) != 2 {
			return nil, usagef("-series %q: want a server and a workload, such as 'reactor/epoll closed-64'", one)
		}
		all = append(all, series{words[0], words[1]})
	}
	return all, nil
}

// command measures in a folder that goes away, and reports.
func (g *gate) command(ctx context.Context, stdout io.Writer) (int, error) {
	var err error
	if g.dir, err = os.MkdirTemp("", "reactorbench-gate-"); err != nil {
		return exitCannotTell, err
	}
	defer os.RemoveAll(g.dir)
	if g.out == "" {
		g.out = filepath.Join(g.dir, "records")
	} else if g.out, err = filepath.Abs(g.out); err != nil {
		return exitUsage, err
	}
	if g.builder, err = impls.NewBuilder(); err != nil {
		return exitCannotTell, err
	}
	defer g.builder.Close()
	report, err := g.compare(ctx)
	if err != nil {
		return exitCannotTell, err
	}
	if strings.HasPrefix(g.out, g.dir) {
		report.Records = ""
	}
	if err := g.publish(report, stdout); err != nil {
		return exitCannotTell, err
	}
	return report.exitStatus(), nil
}
