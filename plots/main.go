// Plots turns a run into charts and a page that people can send each other.
//
//	plots results/2026-12-01T10-22-05Z-1a2b3c4
//
// The way of a figure: results.Run → study (workloads, looks, correctness) → chart (a page with dots or lines) → picture (SVG,
// PNG, hotspots) → report.html. Everything before the report decides; the template only sets type.
//
// Three rules hold for every chart. It carries its interval, its sample size, its environment and its commit, or it is not
// drawn. What was measured while the load generator was the limit is shown hollow or dotted and compared with nothing. And one
// implementation has one colour and one marker everywhere.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"reactorbench/results"
)

const usage = `Plots draws the charts and the report of a run.

usage: plots DIR

DIR is a folder that loadgen or conformance wrote:

  plots results/2026-12-01T10-22-05Z-1a2b3c4

It reads records.jsonl, env.json and conformance.json there, as far as they exist, and writes

  report.html              the whole run on one page: who is right, what it costs, the charts, the machine;
                           one file without any request to a network, readable without JavaScript
  charts/cpu-*.svg         server CPU per request as a multiple of the server "bare"
  charts/throughput-*.svg  requests per second; hollow where the client was the limit
  charts/latency-*.svg     service time (closed loop) or response time (open loop) by percentile, on an axis of nines
  charts/memory-*.svg      memory per idle connection
                           each also as .png

Where the folder holds what was recorded for them, also

  charts/latency-by-load-*.svg   response time against the load, and the last load sustained   loadgen -sweep
  charts/calls-*.svg             system calls of a request, by name                            loadgen -syscalls
  charts/scaling-*.svg           CPU per request against connections                           workloads that differ in conns alone
  charts/latency-over-time-*.svg one cell as a heat map                                        loadgen -every

The same run gives the same charts, byte for byte. Nothing else in DIR is touched.

usage: plots -history FILE DIR

draws instead what ci history has gathered in FILE, and writes DIR/charts/history-*.svg and .png

usage: plots -compare OTHER DIR

draws DIR, and the report also says what has changed since the run in OTHER: each figure that both have, with both intervals, and the
verdicts of the checks. The environment is set beside OTHER's, and without -compare beside that of the run before: the newest folder
next to DIR whose name begins with an earlier time

  plots -compare results/2026-12-01T10-22-05Z-1a2b3c4 results/2026-12-08T09-00-11Z-5d6e7f8

exit status: 0 written, 1 not written, 2 wrong use, or DIR is not a results folder or holds nothing to draw; then nothing was changed
`

func main() { os.Exit(plots(os.Args[1:], os.Stdout, os.Stderr)) }

// plots is the command; it returns the exit status.
func plots(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("plots", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	history := flags.String("history", "", "")
	compare := flags.String("compare", "", "")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		fmt.Fprintf(stderr, "plots: want one results folder, got %d arguments; plots -h explains\n", flags.NArg())
		return 2
	case *history != "" && *compare != "":
		fmt.Fprintln(stderr, "plots: -history and -compare exclude each other: history has all runs already; plots -h explains")
		return 2
	}
	written, remarks, err := drawAny(*history, *compare, flags.Arg(0))
	for _, remark := range remarks {
		fmt.Fprintln(stderr, "plots:", remark)
	}
	for _, path := range written {
		fmt.Fprintln(stdout, path)
	}
	var unreadable unreadableError
	switch {
	case errors.As(err, &unreadable):
		fmt.Fprintln(stderr, "plots:", err)
		return 2
	case err != nil:
		fmt.Fprintln(stderr, "plots:", err)
		return 1
	}
	return 0
}

// An unreadableError says that there is nothing to draw from.
type unreadableError struct{ error }

// drawAny returns what it wrote, and what whoever started it should know about what it read.
func drawAny(history, compare, dir string) (written, remarks []string, err error) {
	if history != "" {
		written, err = drawHistory(history, dir)
		return written, nil, err
	}
	run, err := results.Open(dir)
	if err != nil {
		return nil, nil, unreadableError{err}
	}
	if err := nothingIn(run); err != nil {
		return nil, nil, unreadableError{err}
	}
	var other *results.Run
	if compare != "" {
		if other, err = results.Open(compare); err != nil {
			return nil, nil, unreadableError{err}
		}
	}
	written, err = drawRun(run, other)
	return written, remarksOn(run), err
}

// nothingIn refuses a run that there is nothing to draw of: an empty page over the one of yesterday would look like a result.
func nothingIn(run *results.Run) error {
	checked, err := run.Conformance()
	if err != nil || checked != nil || len(run.Records()) > 0 {
		return nil // an unreadable report has its own error
	}
	if notes := run.Notes(); len(notes) > 0 {
		return fmt.Errorf("%s holds no complete record and no conformance report: %s", run.Dir(), strings.Join(notes, "; "))
	}
	return fmt.Errorf("%s holds no records and no conformance report: measure with loadgen -out or check with conformance -report into it", run.Dir())
}

// remarksOn are the lines that were left out, and what may be compared.
func remarksOn(run *results.Run) []string {
	remarks := run.Notes()
	measured, limited := 0, 0
	for _, r := range run.Cells() {
		if r.Failed() || r.Loop == "idle" {
			continue
		}
		measured++
		if r.ClientLimited {
			limited++
		}
	}
	if measured > 0 && limited == measured {
		remarks = append(remarks, "the client was the limit in every cell: throughput and latency are shown and not compared, CPU per request is valid")
	}
	return remarks
}

// drawHistory draws a file of history into dir.
func drawHistory(file, dir string) ([]string, error) {
	lines, err := results.ReadHistory(file)
	if err != nil {
		return nil, unreadableError{err}
	}
	if len(lines) == 0 {
		return nil, unreadableError{fmt.Errorf("%s holds no runs: ci history -file %s -append RUN adds one", file, file)}
	}
	var d drawing
	for _, c := range historyCharts(lines) {
		c.File = fileName(c.File)
		p, err := render(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.File, err)
		}
		d.pictures = append(d.pictures, p)
	}
	return writeCharts(dir, []drawing{d})
}

// drawRun writes the charts and then the page, which compares the run with the other unless that is nil, and returns the paths of what it
// wrote.
func drawRun(run, other *results.Run) (written []string, err error) {
	s, err := newStudy(run)
	if err != nil {
		return nil, err
	}
	var before *study
	if other != nil {
		arranged, err := newStudy(other)
		if err != nil {
			return nil, err
		}
		before = &arranged
	}
	drawn, err := s.draw()
	if err != nil {
		return nil, err
	}
	if written, err = writeCharts(run.Dir(), drawn); err != nil {
		return written, err
	}
	page, err := writeReport(s, drawn, before)
	if err != nil {
		return written, err
	}
	return append(written, page), nil
}
