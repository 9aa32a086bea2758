package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOverTimeComesBack: the first cell's stretches, an empty one among them, and the number of cells.
func TestOverTimeComesBack(t *testing.T) {
	dir := t.TempDir()
	w, err := Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	began := time.Date(2026, 12, 1, 10, 22, 5, 123e6, time.UTC)
	for block := range 2 {
		over := &OverTime{Every: 100 * time.Millisecond}
		for _, n := range []int64{3, 0, 5} {
			h := NewHistogram()
			h.RecordTimes(1000*int64(block+1), n)
			over.Stretches = append(over.Stretches, h)
		}
		r := Record{Schema: SchemaNumber, Impl: "reactor/epoll", Workload: "open-5k", Time: began.Add(time.Duration(block) * time.Minute), OverTime: over}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	got, cells, err := ReadOverTime(dir, "reactor/epoll", "open-5k")
	if err != nil {
		t.Fatal(err)
	}
	if cells != 2 || got.Every != 100*time.Millisecond || len(got.Stretches) != 3 {
		t.Fatalf("%d cells, %d stretches of %v", cells, len(got.Stretches), got.Every)
	}
	for i, want := range []int64{3, 0, 5} {
		if n := got.Stretches[i].Count(); n != want {
			t.Errorf("stretch %d holds %d, want %d", i, n, want)
		}
	}
	if got, _, err := ReadOverTime(dir, "gnet", "open-5k"); got != nil || err != nil {
		t.Errorf("where nothing was kept: %v, %v", got, err)
	}
	records, err := os.ReadFile(filepath.Join(dir, "records.jsonl"))
	if err != nil || strings.Contains(string(records), "OverTime") {
		t.Errorf("stretches belong into the log and not into the record: %v", err)
	}
}

// TestBrokenOverTimeIsNamed: a line that is no histogram is an error that names the file.
func TestBrokenOverTimeIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "hdr"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "hdr", "bare.a.over-time.hlog")
	if err := os.WriteFile(path, []byte("Tag=bare,1.000,0.100,0.001,HISTFAAAnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadOverTime(dir, "bare", "a"); err == nil || !strings.Contains(err.Error(), "bare.a.over-time.hlog") {
		t.Errorf("got %v", err)
	}
}
