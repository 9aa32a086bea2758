package results

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runOf writes a run of two servers in six blocks, the second dearer by the given factor.
func runOf(t *testing.T, commit string, factor float64, change func(*Record)) *Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), commit)
	w, err := Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for block := range 6 {
		for impl, cost := range map[string]float64{Reference: 1000, "reactor/epoll": 1000 * factor} {
			r := Record{Schema: SchemaNumber, RunID: "run-" + commit, Time: time.Unix(int64(len(commit)), 0).UTC(), EnvID: "machine", Commit: commit,
				Impl: impl, Workload: "closed-64", Loop: "closed", Block: block, Requests: 1, ServerCPUPerRequestNs: cost * (1 + float64(block)/1000)}
			if change != nil {
				change(&r)
			}
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestHistoryIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	for _, commit := range []string{"a", "bb"} {
		lines, err := HistoryOf(runOf(t, commit, 1.1, nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := AppendHistory(path, lines); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := ReadHistory(path)
	if err != nil || len(lines) != 2 || lines[1].Commit != "bb" || lines[1].Blocks != 6 || lines[1].Ratio < 1.0999 || lines[1].Ratio > 1.1001 {
		t.Fatalf("got %+v, %v", lines, err)
	}
	again, _ := HistoryOf(runOf(t, "a", 1.1, nil))
	if err := AppendHistory(path, again); err == nil || !strings.Contains(err.Error(), "run-a already") {
		t.Errorf("a run twice: %v", err)
	}
	if now, _ := ReadHistory(path); len(now) != 2 {
		t.Errorf("a refused run has left %d lines", len(now))
	}
	more, _ := HistoryOf(runOf(t, "ccc", 1.1, nil))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	half := text[:len(text)-30]
	os.WriteFile(path, half, 0o644)
	if err := AppendHistory(path, more); err == nil || !strings.Contains(err.Error(), "breaks off in its last line") {
		t.Errorf("a file that breaks off: %v", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, half) {
		t.Error("a file that breaks off was changed")
	}
}

func TestHistoryRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Record)
		want   string
	}{
		"uncommitted changes": {func(r *Record) { r.Dirty = true }, "no commit holds"},
		"no commit":           {func(r *Record) { r.Commit = "" }, "no commit holds"},
		"several machines":    {func(r *Record) { r.EnvID = fmt.Sprint(r.Block) }, "several commits or machines"},
		"no reference":        {func(r *Record) { r.Impl = "other-" + r.Impl }, "among the servers"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := HistoryOf(runOf(t, "c", 1.1, test.change)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestHistoryFilesThatAreWrong(t *testing.T) {
	good := `{"schema":1,"run_id":"r","commit":"c","impl":"i","workload":"w","cpu_ratio":1}`
	for name, test := range map[string]struct {
		text, want string
		lines      int
	}{
		"broken off at the end": {good + "\n" + good[:20], "", 1},
		"broken in the middle":  {good[:20] + "\n" + good + "\n", "line 1", 0},
		"another schema":        {strings.Replace(good, ":1,", ":9,", 1) + "\n", "schema 9", 0},
		"two schemas":           {good + "\n" + strings.Replace(good, ":1,", ":2,", 1) + "\n", "line 2: schema 2", 0},
		"another program":       {`{"name":"x"}` + "\n", "another program wrote it", 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.jsonl")
			os.WriteFile(path, []byte(test.text), 0o644)
			lines, err := ReadHistory(path)
			if len(lines) != test.lines || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d lines, %v; want %d, %q", len(lines), err, test.lines, test.want)
			}
		})
	}
}

// TestTrendsNeverJoinMachines: a change of the machine is no change of the program.
func TestTrendsNeverJoinMachines(t *testing.T) {
	var lines []HistoryLine
	for i := range 24 {
		l := HistoryLine{EnvID: "one", Impl: "x", Workload: "w", Time: time.Unix(int64(100-i), 0), Ratio: 1 + float64(i%3)/1000}
		if i >= 12 {
			l.EnvID, l.Ratio = "two", l.Ratio*1.5
		}
		lines = append(lines, l)
	}
	trends := Trends(lines)
	if len(trends) != 2 || len(trends[0].Levels) != 1 || len(trends[1].Levels) != 1 {
		t.Fatalf("got %+v", trends)
	}
	if p := trends[0].Points; !p[0].Time.Before(p[11].Time) {
		t.Error("the oldest does not come first")
	}
}

func TestTrendTellsTheChange(t *testing.T) {
	var lines []HistoryLine
	for i := range 24 {
		l := HistoryLine{EnvID: "one", Impl: "x", Workload: "w", Time: time.Unix(int64(i), 0), Ratio: 1 + float64(i%3)/1000}
		if i >= 12 {
			l.Ratio *= 1.1
		}
		lines = append(lines, l)
	}
	trend := Trends(lines)[0]
	if len(trend.Levels) != 2 || trend.Levels[1].From != 12 || trend.Change(1) < 1.09 || trend.Change(1) > 1.11 || trend.Change(0) != 1 {
		t.Errorf("got %+v, change %v", trend.Levels, trend.Change(1))
	}
}
