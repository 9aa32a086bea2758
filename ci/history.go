package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"reactorbench/results"
)

const historyHelp = `ci history keeps what a request costs over the commits, as a multiple of the server bare in the same run.

  ci history -file history.jsonl -append results/RUN     add a run, a line a series
  ci history -file history.jsonl                         the levels of each series, and what changed them
  plots -history history.jsonl DIR                       the same as charts

A run needs bare among its servers, six blocks, and a commit without local changes. Runs of different machines are never
joined. A change is seen only some runs later and is for advice; what stops a change is ci gate.

Exit status: 0 done, 2 usage, 4 the file or the run cannot be used; nothing was written then.

`

// historyCommand is ci history.
func historyCommand(_ context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("ci history", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.String("file", "", "the history: a `file` of JSON lines; needed")
	run := flags.String("append", "", "add the run in this results `folder`")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, historyHelp)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitDone, err
	case err != nil:
		return exitUsage, usagef("%w; ci history -h shows the flags", err)
	case *file == "" || flags.NArg() > 0:
		return exitUsage, usagef("say which history: ci history -file history.jsonl")
	}
	if *run != "" {
		if err := appendRun(*file, *run, stderr); err != nil {
			return exitCannotTell, err
		}
	}
	lines, err := results.ReadHistory(*file)
	if err != nil {
		return exitCannotTell, err
	}
	return exitDone, writeTrends(stdout, results.Trends(lines))
}

// appendRun tells what of the run could not be read.
func appendRun(file, folder string, stderr io.Writer) error {
	run, err := results.Open(folder)
	if err != nil {
		return err
	}
	for _, note := range run.Notes() {
		fmt.Fprintf(stderr, "ci: %s: %s\n", folder, note)
	}
	lines, err := results.HistoryOf(run)
	if err != nil {
		return err
	}
	return results.AppendHistory(file, lines)
}

// writeTrends has a line for each level; a series without a change has one.
func writeTrends(w io.Writer, trends []results.Trend) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "machine\tserver\tworkload\tsince\truns\t× bare\tchange")
	for _, trend := range trends {
		for i, level := range trend.Levels {
			change := ""
			if i > 0 {
				change = fmt.Sprintf("%+.1f %%", 100*(trend.Change(i)-1))
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%.3f\t%s\n", trend.EnvID, trend.Impl, trend.Workload,
				short(trend.Points[level.From].Commit), level.To-level.From, level.Mean, change)
		}
	}
	return t.Flush()
}
