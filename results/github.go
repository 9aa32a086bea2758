package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// A githubEntry is a benchmark as github-action-benchmark reads it in its custom tools.
//
// Format: https://github.com/benchmark-action/github-action-benchmark#examples
type githubEntry struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Range string  `json:"range,omitempty"`
	Extra string  `json:"extra,omitempty"`
}

// githubFigures are the medians that github-action-benchmark gets. Its tool for Go benchmarks takes every unit for smaller-is-better,
// which would sound the alarm when throughput rises; so there are two files, for its two custom tools.
var githubFigures = []struct {
	name, unit string
	bigger     bool // is better
	of         func(Summary) Estimate
}{
	{"server CPU per request", "ns", false, func(s Summary) Estimate { return s.CPUPerRequestNs }},
	{"server CPU per request ÷ " + Reference, "ratio", false, func(s Summary) Estimate { return s.CPURatio }},
	{"throughput", "requests/s", true, func(s Summary) Estimate { return s.RequestsPerSecond }},
	{"latency p50", "ns", false, func(s Summary) Estimate { return s.LatencyP50Ns }},
	{"latency p99", "ns", false, func(s Summary) Estimate { return s.LatencyP99Ns }},
	{"memory per idle connection", "bytes", false, func(s Summary) Estimate { return s.BytesPerIdleConn }},
}

func exportGithub(dir string, records []Record, machine Machine) error {
	var failures []error
	for name, bigger := range map[string]bool{"github-bigger.json": true, "github-smaller.json": false} {
		failures = append(failures, export(filepath.Join(dir, name), func(w io.Writer) error {
			return writeGithub(w, Summarise(records), machine, bigger)
		}))
	}
	return errors.Join(failures...)
}

func writeGithub(w io.Writer, summaries []Summary, machine Machine, bigger bool) error {
	entries := []githubEntry{}
	for _, s := range summaries {
		for _, f := range githubFigures {
			if e := f.of(s); f.bigger == bigger && e.N > 0 {
				entries = append(entries, githubEntry{
					Name: fmt.Sprintf("%s, %s: %s", s.Impl, s.Workload, f.name), Unit: f.unit, Value: e.Median, Range: e.interval(),
					Extra: fmt.Sprintf("median of %d blocks on %s/%s %s", e.N, machine.OS, machine.Architecture, machine.CPUModel),
				})
			}
		}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(entries)
}

// interval is empty where there are too few blocks for one.
func (e Estimate) interval() string {
	if !e.Trusted() {
		return ""
	}
	return fmt.Sprintf("%.6g to %.6g", e.Low, e.High)
}
