package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// committedRun is the run that the README shows.
const committedRun = "../results/2026-11-23T05-57-24Z-75de92b"

func history(t *testing.T, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = command(context.Background(), append([]string{"history"}, arguments...), &out, &log)
	return status, out.String(), log.String()
}

func TestHistoryAddsARun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.jsonl")
	status, stdout, stderr := history(t, "-file", file, "-append", committedRun)
	if status != exitDone || !strings.Contains(stdout, "reactor/epoll") || !strings.Contains(stdout, "75de92b") || strings.Contains(stdout, "  bare  ") {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := history(t, "-file", file, "-append", committedRun); status != exitCannotTell || !strings.Contains(stderr, "already") {
		t.Errorf("the same run again: exit status %d, %q", status, stderr)
	}
	if after, _ := os.ReadFile(file); !bytes.Equal(after, before) {
		t.Error("a refused run has changed the file")
	}
}

func TestHistoryRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.jsonl")
	for name, test := range map[string]struct {
		arguments []string
		status    int
		want      string
	}{
		"no file":        {nil, exitUsage, "-file history.jsonl"},
		"a missing file": {[]string{"-file", file}, exitCannotTell, "history.jsonl"},
		"no run":         {[]string{"-file", file, "-append", t.TempDir()}, exitCannotTell, "not a results folder"},
		"a bad flag":     {[]string{"-speed"}, exitUsage, "ci history -h"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, _, stderr := history(t, test.arguments...); status != test.status || !strings.Contains(stderr, test.want) {
				t.Errorf("exit status %d, %q; want %d, %q", status, stderr, test.status, test.want)
			}
			if _, err := os.Stat(file); err == nil {
				t.Error("a refused call has made the file")
			}
		})
	}
}
