package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/results"
)

// refused runs the command on a folder that it must not draw: it says why in one sentence and leaves every file as it is.
func refused(t *testing.T, dir string, status int, says string) {
	t.Helper()
	before := filesIn(t, dir)
	var stdout, stderr bytes.Buffer
	if got := plots([]string{dir}, &stdout, &stderr); got != status {
		t.Errorf("exit status %d, want %d", got, status)
	}
	if !strings.Contains(stderr.String(), says) || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("want one sentence with %q, got:\n%s", says, stderr.String())
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout names files: %s", stdout.String())
	}
	after := filesIn(t, dir)
	for path, content := range before {
		if after[path] != content {
			t.Errorf("%s was changed", path)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, had %d", len(after), len(before))
	}
}

// drawnBefore is a run with a report and charts, so that a refusal has something to overwrite.
func drawnBefore(t *testing.T) (dir string, records []byte) {
	t.Helper()
	dir = small().write(t)
	var stdout, stderr bytes.Buffer
	if status := plots([]string{dir}, &stdout, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	records, err := os.ReadFile(filepath.Join(dir, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, records
}

// TestBadRecordsAreRefused: what cannot be read whole, or was written by something else, is not drawn in parts.
func TestBadRecordsAreRefused(t *testing.T) {
	dir, good := drawnBefore(t)
	newer := fmt.Sprintf(`"schema":%d`, results.SchemaNumber+1)
	for name, test := range map[string]struct {
		records string
		says    string
	}{
		"another program's lines":  {`{"name":"BenchmarkEcho","ns_per_op":512}` + "\n", "records.jsonl:1: there is no schema number"},
		"no JSON at all":           {"goos: linux\nBenchmarkEcho 1 512 ns/op\n", "records.jsonl:1: "},
		"a newer schema among old": {string(good) + strings.Replace(firstLine(good), `"schema":1`, newer, 1), "this program reads 1 to"},
		"a field of another type":  {strings.Replace(string(good), `"conns":64`, `"conns":"many"`, 1), "conns"},
		"empty":                    {"", "holds no records and no conformance report"},
		"a half line alone":        {string(good[:40]), "holds no complete record"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), []byte(test.records), 0o644); err != nil {
				t.Fatal(err)
			}
			if test.records == "" || test.says == "holds no complete record" {
				os.Remove(filepath.Join(dir, "conformance.json"))
			}
			refused(t, dir, 2, test.says)
			if err := small().conformance().WriteFile(filepath.Join(dir, "conformance.json")); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line) + "\n"
}

// TestTornLastLineIsDrawnAndTold: a run that was interrupted has whole records before the half one, and they stay worth a page.
func TestTornLastLineIsDrawnAndTold(t *testing.T) {
	dir, good := drawnBefore(t)
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), good[:len(good)-100], 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := plots([]string{dir}, &stdout, &stderr); status != 0 {
		t.Errorf("exit status %d: %s", status, stderr.String())
	}
	if !strings.Contains(stderr.String(), "breaks off") {
		t.Errorf("nobody is told of the half line: %q", stderr.String())
	}
}

// TestOnlyClientLimitedCells: such a run compares no throughput and no latency, and says so on every chart of them.
func TestOnlyClientLimitedCells(t *testing.T) {
	s := small()
	s.limited = func(string, string, int) bool { return true }
	for name, p := range pictures(t, s) {
		if strings.HasPrefix(name, "cpu-") || strings.HasPrefix(name, "memory-") {
			continue
		}
		if words := svgWords(t, p.svg); !strings.Contains(words, "client was the limit") || !strings.Contains(words, "compared") {
			t.Errorf("%s: %s", name, words)
		}
	}
}

// TestMixedSchemasAreDrawn: an old run that was continued by a newer program is one run.
func TestMixedSchemasAreDrawn(t *testing.T) {
	dir, good := drawnBefore(t)
	mixed := bytes.Replace(good, []byte(`"schema":1`), fmt.Appendf(nil, `"schema":%d`, results.SchemaNumber), 3)
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), mixed, 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := plots([]string{dir}, &stdout, &stderr); status != 0 {
		t.Error(stderr.String())
	}
}

// TestBadHistoryIsRefused: a history that cannot be read whole leaves the charts of the last one as they are.
func TestBadHistoryIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"empty":             {"", "holds no runs"},
		"another program's": {`{"name":"BenchmarkEcho"}` + "\n", "line 1: there is no schema number"},
		"a half line alone": {`{"schema":1,"run_id":"r`, "holds no runs"},
		"a torn line":       {`{"schema":1,"run_id":"r` + "\n", "line 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file, old := filepath.Join(dir, "history.jsonl"), filepath.Join(dir, "charts", "history-closed-64-0123456789ab.svg")
			if err := os.Mkdir(filepath.Dir(old), 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{file: test.text, old: "of yesterday"} {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := filesIn(t, dir)
			var stdout, stderr bytes.Buffer
			if status := plots([]string{"-history", file, dir}, &stdout, &stderr); status != 2 {
				t.Errorf("exit status %d, want 2", status)
			}
			if !strings.Contains(stderr.String(), test.says) || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("want one sentence with %q, got:\n%s", test.says, stderr.String())
			}
			for path, content := range filesIn(t, dir) {
				if before[path] != content {
					t.Errorf("%s was written", path)
				}
			}
		})
	}
}
