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

The same run gives the same charts, byte for byte. Nothing else in DIR is touched.

exit status: 0 written, 1 not written, 2 wrong use or DIR is not a results folder
`

func main() { os.Exit(plots(os.Args[1:], os.Stdout, os.Stderr)) }

// plots is the command; it returns the exit status.
func plots(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("plots", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		fmt.Fprintf(stderr, "plots: want one results folder, got %d arguments; plots -h explains\n", flags.NArg())
		return 2
	}
	run, err := results.Open(flags.Arg(0))
	if err != nil {
		fmt.Fprintln(stderr, "plots:", err)
		return 2
	}
	written, err := drawRun(run)
	for _, path := range written {
		fmt.Fprintln(stdout, path)
	}
	if err != nil {
		fmt.Fprintln(stderr, "plots:", err)
		return 1
	}
	return 0
}

// drawRun writes the charts and then the page, and returns the paths of what it wrote.
func drawRun(run *results.Run) (written []string, err error) {
	s, err := newStudy(run)
	if err != nil {
		return nil, err
	}
	drawn, err := s.draw()
	if err != nil {
		return nil, err
	}
	if written, err = writeCharts(run.Dir(), drawn); err != nil {
		return written, err
	}
	page, err := writeReport(s, drawn)
	if err != nil {
		return written, err
	}
	return append(written, page), nil
}
