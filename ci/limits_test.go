package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMediansLeaveTheFirstRoundOut(t *testing.T) {
	steps, err := medians([]byte("add 9000 10\nmove 100 10\nadd 200 10\nadd 300 10\nadd 400 10\nmove 300 10\n"))
	if err != nil || len(steps) != 2 || steps[0] != (stepFigure{"add", 30}) || steps[1] != (stepFigure{"move", 30}) {
		t.Errorf("got %v, %v", steps, err)
	}
	for _, wrong := range []string{"", "add 5", "add five 5", "add 5 0"} {
		if steps, err := medians([]byte(wrong)); err == nil {
			t.Errorf("%q gives %v", wrong, steps)
		}
	}
}

// TestLimitsRunBothPrograms runs one short sequence; where libevent cannot be built it is left out, and the table says so.
func TestLimitsRunBothPrograms(t *testing.T) {
	dir := t.TempDir()
	var out, log bytes.Buffer
	if status := command(context.Background(), []string{"limits", "-run", "idle", "-pairs", "1", "-out", dir}, &out, &log); status != exitDone {
		t.Fatalf("exit status %d\n%s", status, log.String())
	}
	t.Logf("\n%s%s", log.String(), out.String())
	kept, err := os.ReadFile(filepath.Join(dir, "loop.jsonl"))
	if err != nil || !strings.Contains(string(kept), `"program":"reactor"`) {
		t.Errorf("kept %s, %v", kept, err)
	}
	leftOut := strings.Contains(log.String(), "libevent is left out")
	if measured := strings.Contains(string(kept), `"program":"libevent"`); measured == leftOut {
		t.Errorf("libevent was measured: %v, and said to be left out: %v", measured, leftOut)
	}
}

func TestLimitsRefuse(t *testing.T) {
	for _, arguments := range [][]string{{"-run", "nothing like it"}, {"-pairs", "0"}, {"-speed"}} {
		var out, log bytes.Buffer
		if status := command(context.Background(), append([]string{"limits"}, arguments...), &out, &log); status != exitUsage || log.Len() == 0 {
			t.Errorf("%v: exit status %d, %q", arguments, status, log.String())
		}
	}
}
