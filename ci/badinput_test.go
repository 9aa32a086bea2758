package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHistoryRefusesWrongFiles: the sentence names the file and what is wrong with it, and no file is touched.
func TestHistoryRefusesWrongFiles(t *testing.T) {
	records, err := os.ReadFile(filepath.Join(committedRun, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(records, []byte("\n"))
	const line = `{"schema":1,"run_id":"r","commit":"c","impl":"i","workload":"w","cpu_ratio":1}` + "\n"
	for name, test := range map[string]struct {
		records, history, want string
	}{
		"records of another program": {"name,ns\nbare,3400\n", line, "records.jsonl:1"},
		"records without a number":   {`{"name":"bare","ns":3400}` + "\n", line, "another program wrote it"},
		"records of two schemas":     {string(first) + "\n" + strings.Replace(string(first), `"schema":`, `"schema":9`, 1) + "\n", line, "records.jsonl:2: schema 9"},
		"records that break off":     {string(first[:200]), line, "has no records"},
		"empty records":              {"", line, "has no records"},
		"a history that breaks off":  {string(records), line + line[:20], "breaks off in its last line"},
		"a history of two schemas":   {string(records), line + strings.Replace(line, ":1,", ":7,", 1), "line 2: schema 7"},
		"a foreign history":          {string(records), "date,ratio\n2026-01-01,1.1\n", "history.jsonl, line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run, file := filepath.Join(dir, "run"), filepath.Join(dir, "history.jsonl")
			contents := map[string]string{filepath.Join(run, "records.jsonl"): test.records, file: test.history}
			if err := os.Mkdir(run, 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range contents {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if status, stdout, stderr := history(t, "-file", file, "-append", run); status != exitCannotTell || !strings.Contains(stderr, test.want) || stdout != "" {
				t.Errorf("exit status %d, want %d; it said %q%q, want %q", status, exitCannotTell, stdout, stderr, test.want)
			}
			for path, text := range contents {
				if now, err := os.ReadFile(path); err != nil || string(now) != text {
					t.Errorf("%s was changed (%v)", path, err)
				}
			}
		})
	}
}

// TestALineThatBreaksOffIsTold: the rest of the run counts, and nobody has to wonder where a cell has gone.
func TestALineThatBreaksOffIsTold(t *testing.T) {
	records, err := os.ReadFile(filepath.Join(committedRun, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), records[:len(records)-100], 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := history(t, "-file", filepath.Join(dir, "history.jsonl"), "-append", dir)
	if status != exitDone || !strings.Contains(stdout, "reactor/epoll") || !strings.Contains(stderr, "breaks off after") {
		t.Errorf("exit status %d, %q, %q", status, stdout, stderr)
	}
}

func TestGateNeedsGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, log bytes.Buffer
	if status := command(context.Background(), []string{"gate", "-base", "HEAD"}, &out, &log); status != exitUsage || !strings.Contains(log.String(), "git is not installed") || out.Len() > 0 {
		t.Errorf("exit status %d, want %d; %s%s", status, exitUsage, log.String(), out.String())
	}
}

// TestRecordsOfAnEarlierRunAreNotMixedIn: statistics over two runs would be of neither.
func TestRecordsOfAnEarlierRunAreNotMixedIn(t *testing.T) {
	c := newClone(t)
	c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// changed\n")
	c.commit("Change something")
	kept := filepath.Join(t.TempDir(), "records")
	if err := os.MkdirAll(filepath.Join(kept, "01-earlier"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{{"gate", "-base", "HEAD^", "-out", kept}, {"selftest", "-out", kept}} {
		t.Chdir(c.dir)
		var out, log bytes.Buffer
		if status := command(context.Background(), arguments, &out, &log); status != exitUsage || !strings.Contains(log.String(), "holds something already") {
			t.Errorf("%v: exit status %d, want %d; %s", arguments, status, exitUsage, log.String())
		}
	}
	if files, err := os.ReadDir(kept); err != nil || len(files) != 1 {
		t.Errorf("the folder was changed: %v, %v", files, err)
	}
}

// TestWhereTheVerdictGoesIsAskedFirst, and not after minutes of measuring.
func TestWhereTheVerdictGoesIsAskedFirst(t *testing.T) {
	c := newClone(t)
	c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// changed\n")
	c.commit("Change something")
	for _, flag := range []string{"-json", "-junit"} {
		status, _, stderr := c.gate(standard, "-base", "HEAD^", "-series", "bare closed-64", flag, filepath.Join(t.TempDir(), "missing", "verdict"))
		if status != exitUsage || !strings.Contains(stderr, flag) || strings.Contains(stderr, "base ") {
			t.Errorf("%s: exit status %d, want %d; %s", flag, status, exitUsage, stderr)
		}
	}
}
