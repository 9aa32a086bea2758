package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	ordinary := t.TempDir()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "conformance.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		arguments []string
		status    int
		says      string // on stderr
		lines     int    // of stderr; 0: any number
	}{
		{"help", []string{"-h"}, 0, "usage: plots DIR", 0},
		{"no folder", nil, 2, "want one results folder, got 0 arguments", 1},
		{"two folders", []string{"a", "b"}, 2, "want one results folder, got 2 arguments", 1},
		{"unknown flag", []string{"-x"}, 2, "flag provided but not defined", 0},
		{"not a results folder", []string{ordinary}, 2, "is not a results folder", 1},
		{"no such folder", []string{filepath.Join(ordinary, "none")}, 2, "is not a results folder", 1},
		{"compared with no folder", []string{"-compare", filepath.Join(ordinary, "none"), small().write(t)}, 2, "none is not a results folder", 1},
		{"history and comparison", []string{"-history", "a", "-compare", "b", "c"}, 2, "exclude each other", 1},
		{"unreadable report", []string{broken}, 1, "conformance.json: unexpected end of JSON input", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := plots(test.arguments, &stdout, &stderr); status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
			if !strings.Contains(stderr.String(), test.says) {
				t.Errorf("stderr does not say %q:\n%s", test.says, stderr.String())
			}
			if got := strings.Count(stderr.String(), "\n"); test.lines > 0 && got != test.lines {
				t.Errorf("%d lines instead of one clear sentence:\n%s", got, stderr.String())
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout: %s", stdout.String())
			}
		})
	}
}

// TestCommandNamesWhatItWrote: each line of stdout is a file that exists, and no other file of the run changed.
func TestCommandNamesWhatItWrote(t *testing.T) {
	dir := small().write(t)
	before := filesIn(t, dir)
	var stdout, stderr bytes.Buffer
	if status := plots([]string{dir}, &stdout, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	after := filesIn(t, dir)
	for _, path := range strings.Fields(stdout.String()) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		delete(after, path)
	}
	if len(after) != len(before) {
		t.Errorf("files that nobody named: had %d, have %d besides those on stdout", len(before), len(after))
	}
	for path, content := range before {
		if after[path] != content {
			t.Errorf("%s was changed", path)
		}
	}
}

func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
