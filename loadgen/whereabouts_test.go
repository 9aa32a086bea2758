package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRecordsDoNotTellWhereThingsLie(t *testing.T) {
	got := withoutPlaces([]string{"-out", "/home/me/suite/results/night", "-out=/home/me/suite/results/day", "-base", "/home/me/old/impls/bare", "-addr", "unix:/run/me/echo",
		"-workload", "closed-64", "-slo", "p99<=1ms", "/home/me/suite", "./impls/...", "../old/impls/bare"}, "/home/me/suite")
	want := []string{"-out", "results/night", "-out=results/day", "-base", "bare", "-addr", "unix:echo",
		"-workload", "closed-64", "-slo", "p99<=1ms", ".", "./impls/...", "../old/impls/bare"}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// The run's folder may be anywhere: the record of the run does not say where. And a flag that an idle workload cannot follow says so.
func TestRunTellsWhatItLeavesOut(t *testing.T) {
	out, idle := t.TempDir(), filepath.Join(t.TempDir(), "rest.json")
	if err := os.WriteFile(idle, []byte(`{"about":"a test","loop":"idle","conns":4,"depth":1,"message_bytes":64}`), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, _, stderr := loadgen(t, "-workload", mine(t, "closed", 2)+","+idle, "-every", "50ms", "-duration", "100ms", "-blocks", "1", "-out", out, "-addr", serve(t, echo(unchanged)))
	if err := cmd.Wait(); err != nil {
		t.Log(err, stderr) // the idle cell has no process to look at
	}
	for _, want := range []string{"2 cells: 1 server × 2 workloads × 1 block, seed", "-every does nothing for ", ": an idle workload has no latencies"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q lacks %q", stderr, want)
		}
	}
	env, err := os.ReadFile(filepath.Join(out, "env.json"))
	if err != nil || strings.Contains(string(env), filepath.Dir(out)) || !strings.Contains(string(env), `"`+filepath.Base(out)+`"`) {
		t.Errorf("%v: %s", err, env)
	}
}
