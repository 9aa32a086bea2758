package spec

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestTheWireLogKeepsBothEnds(t *testing.T) {
	w := wireLog{began: time.Now()}
	const entries = 1000
	for i := range entries {
		w.moved(1+i%2, "→", int64(i), 1) // alternating, so that none joins another
	}
	lines := w.lines()
	if len(lines) != wireHead+1+wireTail || !strings.Contains(lines[0], "offset 0") || !strings.Contains(lines[len(lines)-1], "offset 999") ||
		!strings.Contains(lines[wireHead], "840 entries left out") {
		t.Errorf("%d lines: %s, %s, %s", len(lines), lines[0], lines[wireHead], lines[len(lines)-1])
	}
}

func TestNeighboursAreOneEntry(t *testing.T) {
	w := wireLog{began: time.Now()}
	w.note(3, "connect")
	w.moved(3, "→", 0, 1000)
	w.moved(3, "→", 1000, 500)
	w.moved(3, "←", 0, 1500)
	lines := w.lines()
	if len(lines) != 3 || !strings.Contains(lines[1], "c3    → 1 500 bytes from offset 0, in 2 calls until ") {
		t.Errorf("%q", lines)
	}
}

// TestAFailureHasItsWireLog, and a pass has none: it would only take memory.
func TestAFailureHasItsWireLog(t *testing.T) {
	target, _ := fake(t, right)
	talk := func(t *T) {
		c := t.Dial()
		c.Send(100)
		c.ExpectEcho(100)
		c.CloseWrite()
		c.ExpectFIN()
	}
	r := Runner{Target: target, Options: Options{Seed: 7}}
	defer r.Close()
	failed := r.Run(context.Background(), stub(MUST, func(t *T) { talk(t); t.Fatalf("all the same") }))
	log := strings.Join(failed.Wire, "\n")
	for _, part := range []string{"c1    connect", "→ 100 bytes from offset 0", "← 100 bytes from offset 0", "→ FIN", "← FIN"} {
		if !strings.Contains(log, part) {
			t.Errorf("no %q in\n%s", part, log)
		}
	}
	if passed := r.Run(context.Background(), stub(MUST, talk)); passed.Wire != nil {
		t.Errorf("a pass has %d lines", len(passed.Wire))
	}
}
