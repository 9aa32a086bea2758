package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPauseLog(t *testing.T) {
	const text = "gc 1 @0.012s 2%: 0.018+0.23+0.003 ms clock, 0.018+0/0.1/0+0.003 ms cpu, 4->4->0 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 1 P\n" +
		"listening on something\n" +
		"gc 2 @1.2s 0%: 0.01+5+1.5 ms clock, 0.01+0/0/0+1.5 ms cpu, 4->4->0 MB, 4 MB goal, 1 P (forced)\n" +
		"gc is what I call it: a+b+c ms clock\n" +
		"gc 3 @1.3s 0%: 9+9+9 ms clo"
	l := new(pauseLog)
	for _, piece := range strings.SplitAfter(text, "+") { // lines come in pieces
		if _, err := io.WriteString(l, piece); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := l.soFar(), (pauses{2, 1531 * time.Microsecond, 1500 * time.Microsecond}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A server that makes garbage of every request must be seen to collect it; one that makes none, as little.
func TestPausesAreTold(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-pauses", "-workload", mine(t, "closed", 2), "-duration", "300ms", "-seed", "1", "-out", out, implementations(t, "none", "litters"))
	if code := exitCode(t, cmd); code != exitDone {
		t.Fatalf("exit status %d: %s%s", code, stderr, stdout)
	}
	t.Logf("\n%s", stdout)
	if text := stdout.String(); !strings.Contains(text, "one cell of 300ms each · ") || strings.Contains(text, "blocks of") {
		t.Errorf("the footer does not say what was run:\n%s", text)
	}
	records := open(t, out).Records()
	if len(records) != 2 {
		t.Fatalf("%d records", len(records))
	}
	for _, r := range records {
		if r.Purpose != "pauses" || r.Requests == 0 || r.RequestsPerSecond != 0 || r.Collections == nil {
			t.Errorf("%+v", r)
		}
	}
	if r := records[1]; *r.Collections == 0 || r.PauseSumNs <= 0 || r.PauseMaxNs > r.PauseSumNs || r.PauseMaxNs <= 0 {
		t.Errorf("%s: %d collections, pauses of %d ns, the longest %d", r.Impl, *r.Collections, r.PauseSumNs, r.PauseMaxNs)
	}
	if *records[0].Collections >= *records[1].Collections {
		t.Errorf("%d collections without garbage, %d with", *records[0].Collections, *records[1].Collections)
	}
}

func TestPausesNeedAServerOfOnesOwn(t *testing.T) {
	for _, arguments := range [][]string{
		{"-pauses", "-addr", "127.0.0.1:1"},
		{"-pauses", "-syscalls", "-workload", "closed-64", "../impls/bare"}, {"-pauses", "-sweep", "-workload", "open-5k", "../impls/bare"}, {"-pauses", "-workload", "idle-2000", "../impls/bare"},
	} {
		if _, err := parse(arguments, io.Discard); err == nil || !strings.Contains(err.Error(), "-pauses") {
			t.Errorf("%q: %v", arguments, err)
		}
	}
}
