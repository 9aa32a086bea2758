package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const limitsHelp = `ci limits measures the reactor's loop beside libevent's: events on many descriptors, timers, idle timeouts. Both run the same
sequences in processes by turns, and the ratio of each pair counts.

  ci limits                      every sequence, eight pairs each, about five minutes
  ci limits -run timers -pairs 12
  ci limits -out results/RUN     keep the figures, in loop.jsonl there

What a whole server costs beside the least that one can is asked by: loadgen -base ./impls/bare -suite limits ./impls/...

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
	dir      string
	pairs    int
	seed     uint64
	progress io.Writer
	programs map[string]string
	figures  []loopFigure
}

func limitsCommand(ctx context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	l := &limits{progress: stderr}
	flags := flag.NewFlagSet("ci limits", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	run := flags.String("run", "", "only sequences that contain this `text`, such as timers or 'poll dispatch'")
	out := flags.String("out", "", "add the figures to loop.jsonl in this `folder`")
	flags.IntVar(&l.pairs, "pairs", 8, "`number` of pairs of processes for each sequence; six are needed for an interval")
	flags.Uint64Var(&l.seed, "seed", 1, "of the order within pairs")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, limitsHelp)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitDone, err
	case err != nil:
		return exitUsage, usagef("%w; ci limits -h shows the flags", err)
	case l.pairs < 1:
		return exitUsage, usagef("-pairs must be at least 1")
	}
	chosen := slices.DeleteFunc(sequences(), func(s sequence) bool { return !strings.Contains(s.String(), *run) })
	if len(chosen) == 0 {
		return exitUsage, usagef("no sequence contains %q", *run)
	}
	return exitDone, l.measure(ctx, chosen, *out, stdout)
}

// measure builds both programs into a folder that goes away, and keeps what was measured even of a run that is called off.
func (l *limits) measure(ctx context.Context, chosen []sequence, out string, stdout io.Writer) (err error) {
	if l.dir, err = os.MkdirTemp("", "reactorbench-limits-"); err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	if err := l.build(ctx); err != nil {
		return err
	}
	for i, s := range chosen {
		fmt.Fprintf(l.progress, "%d of %d: %s\n", i+1, len(chosen), s)
		if err = l.sequence(ctx, s); err != nil {
			break
		}
	}
	if out != "" {
		err = errors.Join(err, l.keep(out))
	}
	return errors.Join(err, l.table(stdout, chosen))
}

func (l *limits) build(ctx context.Context) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	l.programs = map[string]string{"reactor": filepath.Join(l.dir, "reactor"), "libevent": filepath.Join(l.dir, "bench")}
	if err := goBuild(ctx, root, l.programs["reactor"], "./impls/reactor/bench"); err != nil {
		return err
	}
	make := exec.CommandContext(ctx, "make", "-C", filepath.Join(root, "impls/libevent/bench"), "OUT="+l.dir)
	if text, err := make.CombinedOutput(); err != nil {
		fmt.Fprintf(l.progress, "libevent is left out, its program does not build: %s\n", lastLines(text, 1))
		delete(l.programs, "libevent")
	}
	return nil
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
		}
	}
	return nil
}

func (l *limits) keep(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range l.figures {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	return appendTo(filepath.Join(folder, "loop.jsonl"), text.String())
}
