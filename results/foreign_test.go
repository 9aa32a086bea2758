package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// foreign is hdr-histogram-js, an implementation that shares no code with the one that writes the logs. It stands in a folder with a lock
// file of its own and is asked for by hand.
const foreign = "testdata/hdrhistogram"

// A foreignLog is what it finds in a log.
type foreignLog struct {
	Intervals []struct {
		Tag         string
		Count, Max  int64
		Start       float64 `json:"start_ms"`
		End         float64 `json:"end_ms"`
		Percentiles map[string]int64
	}
	Table string
}

func readByForeign(t *testing.T, paths ...string) map[string]foreignLog {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed, so no other implementation has read the logs")
	}
	if _, err := os.Stat(filepath.Join(foreign, "node_modules/hdr-histogram-js")); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("hdr-histogram-js is not installed (npm ci in results/%s), so no other implementation has read the logs", foreign)
	}
	cmd := exec.Command(node, append([]string{"read.js"}, paths...)...)
	cmd.Dir = foreign
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var logs map[string]foreignLog
	if err := json.Unmarshal(out, &logs); err != nil {
		t.Fatal(err)
	}
	return logs
}

// wildRecord has latencies from a nanosecond to beyond the range, and one that came more often than 32 bits can count.
func wildRecord(t *testing.T, random *rand.Rand, block int) Record {
	t.Helper()
	r := sample("reactor/epoll", "open-5k", block)
	r.Loop = "open"
	r.Time = r.Time.Add(time.Duration(block) * time.Minute)
	text := func() string {
		h := NewHistogram()
		h.RecordTimes(1, 3)
		h.RecordTimes(40_000, 5_000_000_000)
		h.RecordTimes(int64(2*time.Minute), 2)
		for range 20_000 {
			h.Record(int64(40_000 * math.Exp(2*random.NormFloat64())))
		}
		encoded, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	r.HDR, r.ServiceHDR, r.SendLagHDR = text(), text(), text()
	r.OverTime = &OverTime{Every: 100 * time.Millisecond, Stretches: []*Histogram{NewHistogram(), NewHistogram()}}
	r.OverTime.Stretches[0].RecordTimes(70_000, 12) // and nothing in the second
	return r
}

// TestAnotherImplementationReadsTheLogs: the same counts, percentiles, maxima, tags and times, and of the sum of all intervals the same table.
func TestAnotherImplementationReadsTheLogs(t *testing.T) {
	const seed = 21
	t.Logf("seed %d", seed)
	dir, random := t.TempDir(), rand.New(rand.NewPCG(seed, 0))
	records := []Record{wildRecord(t, random, 0), wildRecord(t, random, 1)}
	write(t, dir, records...)
	if err := Export(dir, "hgrm", records, Machine{}); err != nil {
		t.Fatal(err)
	}
	path := func(what string) string {
		return filepath.Join(dir, hdrFolder, HistogramLogName("reactor/epoll", "open-5k", what))
	}
	logs := readByForeign(t, path(""), path("service"), path("send-lag"), path(overTimeLog))
	for what, text := range map[string]func(Record) string{
		"": func(r Record) string { return r.HDR }, "service": func(r Record) string { return r.ServiceHDR }, "send-lag": func(r Record) string { return r.SendLagHDR },
	} {
		log := logs[path(what)]
		if differ := differences(t, log, records, text); len(differ) > 0 {
			t.Errorf("%q: %q", what, differ)
		}
		if differ := differences(t, log, []Record{records[1], records[0]}, text); len(differ) == 0 {
			t.Errorf("%q: the records of another order pass for the log's", what)
		}
		table, err := os.ReadFile(strings.TrimSuffix(path(what), ".hlog") + ".hgrm")
		if err != nil {
			t.Fatal(err)
		}
		if err := sameTable(string(table), log.Table); err != nil {
			t.Errorf("%q: %v", what, err)
		}
		if err := sameTable(strings.Replace(string(table), "0.5", "0.6", 1), log.Table); err == nil {
			t.Errorf("%q: another table passes for its own", what)
		}
	}
	over := logs[path(overTimeLog)].Intervals
	if len(over) != 4 || over[0].Count != 12 || over[1].Count != 0 || math.Abs(over[1].End-over[0].Start-200) > 1 {
		t.Errorf("over time: %+v", over)
	}
}

// differences are between a log and the records that it was written from.
func differences(t *testing.T, log foreignLog, records []Record, text func(Record) string) (differ []string) {
	t.Helper()
	if len(log.Intervals) != len(records) {
		return []string{fmt.Sprintf("%d intervals of %d records", len(log.Intervals), len(records))}
	}
	for i, r := range records {
		h, err := DecodeHistogram(text(r))
		if err != nil {
			t.Fatal(err)
		}
		interval := log.Intervals[i]
		for _, c := range []struct {
			what      string
			got, want any
		}{
			{"tag", interval.Tag, r.Impl}, {"count", interval.Count, h.Count()}, {"max", interval.Max, h.Max()},
			{"p50", interval.Percentiles["50"], h.Percentile(50)}, {"p90", interval.Percentiles["90"], h.Percentile(90)},
			{"p99", interval.Percentiles["99"], h.Percentile(99)}, {"p99.9", interval.Percentiles["99.9"], h.Percentile(99.9)},
			{"begin", math.Abs(interval.Start-float64(r.Time.UnixMilli())) <= 1, true},
			{"length", math.Abs(interval.End-interval.Start-float64(r.DurationNs)/1e6) <= 1, true},
		} {
			if c.got != c.want {
				differ = append(differ, fmt.Sprintf("block %d, %s: %v and not %v", i, c.what, c.got, c.want))
			}
		}
	}
	return differ
}

// sameTable compares the numbers of two percentile tables, row by row. The value of the last row is the highest of its bucket in one and
// the lowest in the other, a thousandth apart; words and widths may differ.
func sameTable(a, b string) error {
	rowsA, rowsB := tableRows(a), tableRows(b)
	if len(rowsA) != len(rowsB) || len(rowsA) < 10 {
		return fmt.Errorf("%d rows and %d", len(rowsA), len(rowsB))
	}
	for i, row := range rowsA {
		for column, value := range row {
			allowed := [3]float64{0.001, 1e-6, 0}[column] // the percentiles are printed to six decimals and to more
			if other := rowsB[i][column]; math.Abs(value-other) > allowed*max(1, value) {
				return fmt.Errorf("row %d, column %d: %v and %v", i, column, value, other)
			}
		}
	}
	return nil
}

// tableRows are the value, percentile and count of each row.
func tableRows(table string) (rows [][3]float64) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.HasPrefix(line, "#") {
			continue
		}
		var row [3]float64
		var err error
		for i := range row {
			var one error
			row[i], one = strconv.ParseFloat(fields[i], 64)
			err = errors.Join(err, one)
		}
		if err == nil {
			rows = append(rows, row)
		}
	}
	return rows
}
