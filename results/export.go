package results

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ExportFormats are what Export can write, with the files that come out.
var ExportFormats = []struct{ Name, About string }{
	{"benchstat", "benchmarks.txt, Go benchmark text: benchstat -col /impl benchmarks.txt"},
	{"csv", "records.csv, one line a cell"},
	{"github", "github-bigger.json and github-smaller.json, medians for github-action-benchmark's tools customBiggerIsBetter and customSmallerIsBetter"},
	{"hgrm", "hdr/*.hgrm, percentile tables in µs as HdrHistogram's plotter and wrk2 have them, all blocks together"},
}

// Export writes records into the run's folder dir in another format, in one piece each. It does not touch the records themselves.
func Export(dir, format string, records []Record, machine Machine) error {
	switch format {
	case "benchstat":
		return export(filepath.Join(dir, "benchmarks.txt"), func(w io.Writer) error { return WriteBenchmarks(w, records, machine) })
	case "csv":
		return export(filepath.Join(dir, "records.csv"), func(w io.Writer) error { return WriteCSV(w, records) })
	case "github":
		return exportGithub(dir, records, machine)
	case "hgrm":
		return exportPercentiles(dir, records)
	}
	return fmt.Errorf("there is no export format %q", format)
}

func export(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// WriteBenchmarks writes records in the format of Go benchmarks, one line a cell, so that benchstat compares them over blocks. A
// cell whose client was the limit has its CPU times only, and a failed one has no line.
//
// Format: https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md
func WriteBenchmarks(w io.Writer, records []Record, machine Machine) error {
	text := fmt.Sprintf("goos: %s\ngoarch: %s\npkg: reactorbench/loadgen\n", machine.OS, machine.Architecture)
	if machine.CPUModel != "" {
		text += "cpu: " + machine.CPUModel + "\n"
	}
	for _, unit := range benchmarkUnits {
		text += fmt.Sprintf("Unit %s better=%s\n", unit.name, unit.better)
	}
	for _, r := range records {
		text += benchmarkLine(r)
	}
	_, err := io.WriteString(w, text)
	return err
}

// benchmarkUnits are the figures of a line. benchstat scales what ends in sec by itself.
var benchmarkUnits = []struct {
	name, better string
	of           figure
	scale        float64
}{
	{"server-sec/req", "lower", serverCPU, 1e-9},
	{"client-sec/req", "lower", clientCPU, 1e-9},
	{"req/s", "higher", throughput, 1},
	{"p50-sec", "lower", latencyP50, 1e-9},
	{"p99-sec", "lower", latencyP99, 1e-9},
	{"service-p99-sec", "lower", serviceP99, 1e-9},
	{"B/idle-conn", "lower", idleBytes, 1},
}

func benchmarkLine(r Record) string {
	var figures string
	for _, unit := range benchmarkUnits {
		if v, ok := unit.of(r); ok {
			figures += fmt.Sprintf(" %g %s", v*unit.scale, unit.name)
		}
	}
	if r.Failed() || figures == "" {
		return ""
	}
	return fmt.Sprintf("BenchmarkLoad/workload=%s/impl=%s %d%s\n", benchmarkWord(r.Workload), benchmarkWord(r.Impl), max(1, r.Requests), figures)
}

// benchmarkWord makes a value that fits between two slashes of a benchmark's name.
func benchmarkWord(text string) string {
	return strings.NewReplacer("/", ":", " ", "_").Replace(text)
}

// WriteCSV writes every field of every record except the histograms. A field that was not measured is empty. Columns are named as in
// records.jsonl.
func WriteCSV(w io.Writer, records []Record) error {
	columns := csvColumns()
	out := csv.NewWriter(w)
	var head []string
	for _, c := range columns {
		head = append(head, c.name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range records {
		var row []string
		for _, c := range columns {
			row = append(row, csvValue(reflect.ValueOf(r).Field(c.field), c.omitEmpty))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

type csvColumn struct {
	name      string
	field     int
	omitEmpty bool
}

func csvColumns() (columns []csvColumn) {
	t := reflect.TypeFor[Record]()
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" || name == "hdr" || strings.HasSuffix(name, "_hdr") {
			continue
		}
		columns = append(columns, csvColumn{name, i, options == "omitempty"})
	}
	return columns
}

func csvValue(v reflect.Value, omitEmpty bool) string {
	if omitEmpty && v.IsZero() {
		return ""
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch value := v.Interface().(type) {
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	case []string:
		return strings.Join(value, "; ")
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case map[string]int64:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, fmt.Sprintf("%s=%d", key, value[key]))
		}
		return strings.Join(parts, "; ")
	}
	return fmt.Sprint(v.Interface())
}

// exportPercentiles writes a table for each implementation, load and kind of latency. The counts of all blocks are added up, which
// loses nothing; what differs from block to block is for the records to say.
func exportPercentiles(dir string, records []Record) error {
	merged := make(map[string]*Histogram)
	for _, r := range records {
		for _, named := range r.histograms() {
			h, err := DecodeHistogram(named.text)
			if err != nil {
				return err
			}
			file := strings.TrimSuffix(HistogramLogName(r.Impl, r.load(), named.what), ".hlog") + ".hgrm"
			if merged[file] == nil {
				merged[file] = NewHistogram()
			}
			if err := merged[file].Merge(h); err != nil {
				return err
			}
		}
	}
	for file, h := range merged {
		err := export(filepath.Join(dir, hdrFolder, file), func(w io.Writer) error {
			_, err := h.counts.PercentilesPrint(w, 5, 1000)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckExportFormats reports the first name that is no format.
func CheckExportFormats(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(ExportFormats, func(f struct{ Name, About string }) bool { return f.Name == name }) {
			return fmt.Errorf("there is no export format %q; there are %s", name, exportNames())
		}
	}
	return nil
}

func exportNames() string {
	var names []string
	for _, f := range ExportFormats {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
