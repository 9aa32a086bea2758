package results

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestHistogramComesBackFromItsText(t *testing.T) {
	h := NewHistogram()
	for ns := int64(1); ns <= 1_000_000; ns += 7 {
		h.Record(ns)
	}
	text, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeHistogram(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []float64{0, 50, 90, 99, 99.9, 100} {
		if h.Percentile(p) != back.Percentile(p) {
			t.Errorf("p%v: %d became %d", p, h.Percentile(p), back.Percentile(p))
		}
	}
	if back.Count() != h.Count() {
		t.Errorf("count %d became %d", h.Count(), back.Count())
	}
	if _, err := DecodeHistogram("no histogram"); err == nil {
		t.Error("nonsense was decoded")
	}
}

func TestOutOfRangeIsCountedNotDropped(t *testing.T) {
	h := NewHistogram()
	h.Record(0)
	h.Record(int64(2 * time.Minute))
	h.RecordTimes(int64(time.Hour), 3)
	if h.Count() != 5 || h.Clamped() != 4 {
		t.Errorf("count %d, clamped %d; want 5 and 4", h.Count(), h.Clamped())
	}
	if max := time.Duration(h.Max()); max < time.Minute || max > time.Minute+time.Second/10 {
		t.Errorf("max %v, want the end of the range", max)
	}
}

func TestMergeLosesNothing(t *testing.T) {
	a, b := NewHistogram(), NewHistogram()
	a.RecordTimes(100, 10)
	b.RecordTimes(int64(time.Hour), 5)
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	if a.Count() != 15 || a.Clamped() != 5 {
		t.Errorf("count %d, clamped %d", a.Count(), a.Clamped())
	}
	wide := &Histogram{counts: hdrhistogram.New(1, int64(time.Hour), 3)}
	wide.counts.RecordValue(int64(30 * time.Minute))
	if err := a.Merge(wide); err == nil {
		t.Error("a value was lost in silence")
	}
}

func TestPercentileNeedsTenValuesBeyondIt(t *testing.T) {
	h := NewHistogram()
	h.RecordTimes(100, 9_999)
	if h.Shows(99.9) {
		t.Error("p99.9 of 9 999 values is shown")
	}
	h.Record(100)
	if !h.Shows(99.9) {
		t.Error("p99.9 of 10 000 values is not shown")
	}
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	h := NewHistogram()
	if n := testing.AllocsPerRun(1000, func() { h.Record(12345); h.Record(int64(time.Hour)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHistogramLogIsReadByTheLibrary(t *testing.T) {
	dir := t.TempDir()
	h := NewHistogram()
	h.RecordTimes(250_000, 40)
	for block := range 3 {
		r := sample("libevent/epoll", "closed-64", block)
		r.HDR, _ = h.Encode()
		write(t, dir, r)
	}
	f, err := os.Open(filepath.Join(dir, hdrFolder, "libevent_epoll.closed-64.hlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader := hdrhistogram.NewHistogramLogReader(f)
	for block := range 3 {
		interval, err := reader.NextIntervalHistogram()
		if err != nil || interval == nil {
			t.Fatalf("interval %d: %v, %v", block, interval, err)
		}
		if interval.TotalCount() != 40 || interval.Tag() != "libevent/epoll" {
			t.Errorf("interval %d: %d values, tag %q", block, interval.TotalCount(), interval.Tag())
		}
	}
}

// What is added up in one file has had the same load.
func TestHistogramsOfManyLoadsStandApart(t *testing.T) {
	for want, r := range map[string]Record{
		"open-5k,rate=3799": {Workload: "open-5k", Purpose: "sweep", Loop: "open", AskedPerSecond: 3799.0000000000005},
		"open-5k,closed":    {Workload: "open-5k", Purpose: "sweep", Loop: "closed"},
		"closed-64,conns=8": {Workload: "closed-64", Purpose: "scale", Loop: "closed", Conns: 8},
		"closed-64":         {Workload: "closed-64", Loop: "closed", Conns: 64},
	} {
		if got := r.load(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
