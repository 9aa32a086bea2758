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

// calibrate runs each workload without a server, for what the generator costs and reaches by itself. The records stay in the run.
func (r *runner) calibrate(ctx context.Context, b *bench, writer *results.Writer) error {
	own := *b
	own.window.Measure = min(b.window.Measure, longestCalibration)
	own.every = 0
	b.alone = make(map[string]float64)
	for _, w := range r.workloads {
		if r.engine != "epoll" || !w.needsNoServer() {
			continue
		}
		for n := range calibrations {
			if _, err := r.probed(ctx, &own, cell{target: nobody, workload: w, block: n, seed: r.seed}, "calibration", writer); err != nil {
				return err
			}
		}
		if best := bestAlone(r.records, w.Name); best.ClientCPUPerRequestNs > 0 {
			b.alone[w.Name] = reachedAlone(best) * float64(max(len(b.engineCPUs), 1))
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
	if best.ClientCPUPerRequestNs == 0 {
		if failure := failureAlone(records, workload); failure != "" {
			fmt.Fprintf(w, "  ✗ the generator alone could not be measured, so nothing is known of what it can reach: %s\n", failure)
		}
		return
	}
	text := fmt.Sprintf("%v CPU a request", rounded(int64(best.ClientCPUPerRequestNs)))
	if best.Loop == "open" {
		text += fmt.Sprintf(", %v late at p99", rounded(best.LateP99Ns))
	} else {
		text += fmt.Sprintf(", so at most %.0f requests/s a core", reachedAlone(best))
	}
	fmt.Fprintf(w, "  generator alone, its sockets connected to themselves: %s\n", text)
}

// reachedAlone is how many requests a second a core of the generator can send and receive, by what one costs it: unlike the rate of the
// calibration, that holds on a machine that others use too.
func reachedAlone(best results.Record) float64 { return 1e9 / best.ClientCPUPerRequestNs }

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
		if r.Purpose != "calibration" || r.Workload != workload || r.Failed() || r.ClientCPUPerRequestNs == 0 {
			continue
		}
		if best.ClientCPUPerRequestNs == 0 || r.ClientCPUPerRequestNs < best.ClientCPUPerRequestNs {
			best = r
		}
	}
	return best
}
