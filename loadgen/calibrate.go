package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// nullPath is a network without a server: each connection is a socket that is connected to itself, so the kernel hands every byte
// back that is written to it. What is left is the generator: its turns, its accounts, its verifying, and the kernel's work for them.
const nullPath = "null"

// alone is how the records call the generator by itself.
const alone = "null"

// calibrations is how often each workload is run by the generator alone. The cheapest counts: whatever else runs here only adds to it.
const calibrations = 3

// longestCalibration bounds one of them.
const longestCalibration = 200 * time.Millisecond

// calibrate runs each workload without a server, for what the generator costs by itself. The records stay in the run. No bound follows from
// them on what it reaches with one: a server takes the receiving half of the kernel's work to its own core, and was seen to be asked for more
// requests a second than the generator alone had time for.
func (r *runner) calibrate(ctx context.Context, b *bench, writer *results.Writer) error {
	own := *b
	own.window.Measure = min(b.window.Measure, longestCalibration)
	own.every = 0
	for _, w := range r.workloads {
		if r.engine == "portable" || r.engine == spinning || !w.needsNoServer() {
			continue
		}
		for n := range calibrations {
			if _, err := r.probed(ctx, &own, cell{target: nobody, workload: w, block: n, seed: r.seed}, "calibration", writer); err != nil {
				return err
			}
		}
	}
	return nil
}

// nobody is the target of a calibration.
var nobody = target{
	running: &stranger{network: nullPath, address: "itself"},
	impl:    impls.Impl{Name: alone, Folder: alone, Language: "none", Design: "no server: sockets connected to themselves"},
}

// needsNoServer reports whether a workload can be run without one: where the server has to close, to accept or to be weighed it cannot.
func (w Workload) needsNoServer() bool {
	return w.Loop != "idle" && w.RequestsPerConn == 0 && w.StalledConns == 0
}

// measured are the records of servers.
func measured(records []results.Record) []results.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r results.Record) bool { return r.Purpose == "calibration" })
}

// printAlone tells what the calibration of a workload found. An open loop is told by its lateness: its rate is the plan's.
func printAlone(w io.Writer, records []results.Record, workload string) {
	best := bestAlone(records, workload)
	if best.ClientProcessCPUPerRequestNs == 0 {
		if failure := failureAlone(records, workload); failure != "" {
			fmt.Fprintf(w, "  ✗ the generator alone could not be measured, so nothing is known of what it costs by itself: %s\n", failure)
		}
		return
	}
	text := fmt.Sprintf("%v CPU a request", rounded(int64(best.ClientProcessCPUPerRequestNs)))
	if best.Loop == "open" {
		text += fmt.Sprintf(", %v late at p99", rounded(best.LateP99Ns))
	}
	fmt.Fprintf(w, "  generator alone, its sockets connected to themselves: %s\n", text)
}

// failureAlone is the error of the first calibration of a workload that failed.
func failureAlone(records []results.Record, workload string) string {
	for _, r := range records {
		if r.Purpose == "calibration" && r.Workload == workload && r.Failed() {
			return r.Error
		}
	}
	return ""
}

// bestAlone is the calibration of a workload that cost least; the zero record if there is none.
func bestAlone(records []results.Record, workload string) (best results.Record) {
	for _, r := range records {
		if r.Purpose != "calibration" || r.Workload != workload || r.Failed() || r.ClientProcessCPUPerRequestNs == 0 {
			continue
		}
		if best.ClientProcessCPUPerRequestNs == 0 || r.ClientProcessCPUPerRequestNs < best.ClientProcessCPUPerRequestNs {
			best = r
		}
	}
	return best
}
