package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"reactorbench/results"
)

const limitsHelp = `ci limits measures what the reactor costs beside the least that a server can, beside its peers and beside libevent, and holds
every figure against its goal: reached, not reached, or cannot be told, when the interval lies on both sides.

  ci limits                      everything: servers in pairs with bare, system calls, idle connections, response times, the loop and its
                                 timers beside libevent's; at most twenty minutes on two cores
  ci limits -short               two workloads, few sequences, no response times: at most five minutes
  ci limits ./impls/reactor/epoll ./impls/reactor/io_uring ./impls/gnet   these servers only; default ./impls/... of the module
  ci limits -run timers -pairs 12   only the loop's sequences that contain the text; no server is loaded and no goal judged
  ci limits -table results/RUN   the table again, of a record; with -markdown as it stands in impls/reactor/PERFORMANCE.md

The record is records.jsonl and latency/records.jsonl (servers), allocations.txt, lives.txt and wakes.txt (what Go's benchmarks count), loop.jsonl (the loop) and limits.txt (the table) in the folder of -out.

`

// A loopFigure is one step of one process, and its line in loop.jsonl.
type loopFigure struct {
	Program  string  `json:"program"` // "reactor" or "libevent"
	Method   string  `json:"method"`
	Sequence string  `json:"sequence"`
	Step     string  `json:"step"`
	Block    int     `json:"block"`
	NsPerOp  float64 `json:"ns_per_op"` // median over the process's rounds but the first
}

type limits struct {
	dir      string // of the programs; goes away
	root     string // of the module
	out      string
	patterns []string // of servers
	pairs    int
	seed     uint64
	short    bool
	progress io.Writer
	programs map[string]string
	figures  []loopFigure
}

func limitsCommand(ctx context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	l := &limits{progress: stderr}
	flags := flag.NewFlagSet("ci limits", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	run := flags.String("run", "", "only the loop's sequences that contain this `text`, such as timers or 'poll dispatch'")
	table := flags.String("table", "", "measure nothing; the table of what this `folder` has")
	markdown := flags.Bool("markdown", false, "write that table as Markdown")
	flags.StringVar(&l.out, "out", "", "keep the record in this `folder`, a new one unless -run is given; default results/<utc>-limits, and none with -run")
	flags.BoolVar(&l.short, "short", false, "at most five minutes")
	flags.IntVar(&l.pairs, "pairs", 6, "`number` of pairs of processes for each sequence of the loop; six are needed for an interval")
	flags.Uint64Var(&l.seed, "seed", 1, "of the order within pairs")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, limitsHelp)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitDone, err
	case err != nil:
		return exitUsage, usagef("%w; ci limits -h shows the flags", err)
	case *markdown && *table == "":
		return exitUsage, usagef("-markdown is for -table")
	case l.pairs < 1:
		return exitUsage, usagef("-pairs must be at least 1")
	case *table != "":
		render := asText
		if *markdown {
			render = asMarkdown
		}
		return exitDone, printRecord(*table, stdout, render)
	}
	l.patterns = flags.Args()
	if *run == "" {
		return exitDone, l.everything(ctx, stdout)
	}
	chosen := slices.DeleteFunc(sequences(), func(s sequence) bool { return !strings.Contains(s.String(), *run) })
	if len(chosen) == 0 {
		return exitUsage, usagef("no sequence contains %q", *run)
	}
	return exitDone, l.loopOnly(ctx, chosen, stdout)
}

// printRecord holds what a folder has against the goals.
func printRecord(folder string, stdout io.Writer, render renderer) error {
	e, err := readEvidence(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("%s has no record of ci limits: neither records.jsonl nor loop.jsonl", folder)
	}
	if err != nil {
		return err
	}
	return e.print(stdout, sequences(), render)
}

// everything loads servers and runs sequences. Of a run that is called off, or in which something cannot be measured, it keeps and prints
// what there is.
func (l *limits) everything(ctx context.Context, stdout io.Writer) error {
	if l.out == "" {
		l.out = filepath.Join("results", results.FolderName(time.Now(), "limits"))
	}
	out, err := filepath.Abs(l.out)
	if err != nil {
		return err
	}
	l.out = out
	if _, err := readEvidence(out); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, usagef("%s has a record already; a second would be taken for a part of it", out))
	}
	return l.within(ctx, func() error {
		chosen := sequences()
		if l.short {
			chosen = slices.DeleteFunc(chosen, func(s sequence) bool { return !s.brief() })
		}
		failed := errors.Join(l.load(ctx), l.benchmarks(ctx), l.loop(ctx, chosen))
		e, err := readEvidence(l.out)
		if err != nil {
			return errors.Join(failed, err)
		}
		var text strings.Builder
		failed = errors.Join(failed, e.print(&text, chosen, asText))
		fmt.Fprintf(stdout, "%s%s\n", text.String(), l.out)
		return errors.Join(failed, os.WriteFile(filepath.Join(l.out, "limits.txt"), []byte(text.String()), 0o644))
	})
}

func (l *limits) loopOnly(ctx context.Context, chosen []sequence, stdout io.Writer) error {
	return l.within(ctx, func() error {
		err := l.loop(ctx, chosen)
		return errors.Join(err, evidence{figures: l.figures}.printLoop(stdout, chosen, asText))
	})
}

// within builds the programs into a folder that goes away.
func (l *limits) within(ctx context.Context, measure func() error) (err error) {
	if l.dir, err = os.MkdirTemp("", "reactorbench-limits-"); err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	if err := l.build(ctx); err != nil {
		return err
	}
	return measure()
}

// loop runs the sequences. Each process's figures are kept as soon as it has ended, so that an interruption loses no other's.
func (l *limits) loop(ctx context.Context, chosen []sequence) (err error) {
	for i, s := range chosen {
		fmt.Fprintf(l.progress, "%d of %d: %s\n", i+1, len(chosen), s)
		if err = l.sequence(ctx, s); err != nil {
			break
		}
	}
	return err
}

func (l *limits) build(ctx context.Context) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	l.root = root
	if l.patterns, err = fromRoot(root, l.patterns); err != nil {
		return err
	}
	l.programs = map[string]string{"libevent": filepath.Join(l.dir, "bench")}
	for name, pkg := range map[string]string{"reactor": "./impls/reactor/bench", "loadgen": "./loadgen"} {
		l.programs[name] = filepath.Join(l.dir, name)
		if err := goBuild(ctx, root, l.programs[name], pkg); err != nil {
			return err
		}
	}
	make := exec.CommandContext(ctx, "make", "-C", filepath.Join(root, "impls/libevent/bench"), "OUT="+l.dir)
	if text, err := make.CombinedOutput(); err != nil {
		fmt.Fprintf(l.progress, "libevent is left out, its program does not build: %s\n", lastLines(text, 1))
		delete(l.programs, "libevent")
	}
	return nil
}

// fromRoot has the patterns, which are of the present folder, as the root of the module has them, where loadgen runs.
func fromRoot(root string, patterns []string) (all []string, err error) {
	if len(patterns) == 0 {
		return []string{"./impls/..."}, nil
	}
	for _, pattern := range patterns {
		if !filepath.IsAbs(pattern) {
			if pattern, err = filepath.Abs(pattern); err == nil {
				pattern, err = filepath.Rel(root, pattern)
			}
			if err != nil {
				return nil, err
			}
			if pattern != ".." && !strings.HasPrefix(pattern, "../") {
				pattern = "./" + pattern
			}
		}
		all = append(all, pattern)
	}
	return all, nil
}

// sequence runs both programs by turns, in an order by lot.
func (l *limits) sequence(ctx context.Context, s sequence) error {
	random := rand.New(rand.NewPCG(l.seed, 0))
	for block := range l.pairs {
		order := []string{"reactor", "libevent"}
		random.Shuffle(2, func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, program := range order {
			if l.programs[program] == "" || s.alone && program == "libevent" {
				continue
			}
			figures, err := l.process(ctx, program, s, block)
			if err != nil {
				return err
			}
			l.figures = append(l.figures, figures...)
			if err := keep(l.out, figures); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep adds figures to the record in folder, if there is to be one.
func keep(folder string, figures []loopFigure) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range figures {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	return appendTo(filepath.Join(folder, "loop.jsonl"), text.String())
}
