package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestPlainLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	l := &lines{w: &out, cells: 200, blocks: 2, began: now, last: now, now: func() time.Time { return now }}
	for i := range 200 {
		now = now.Add(500 * time.Millisecond)
		l.done(cell{block: i / 100})
	}
	text := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(text) != 20 { // 100 s, one in five seconds
		t.Errorf("%d lines in 100 s", len(text))
	}
	if want := "10 of 200 cells, block 1 of 2, about 1m35s left"; text[0] != want {
		t.Errorf("first line %q, want %q", text[0], want)
	}
	if last := text[len(text)-1]; !strings.HasPrefix(last, "200 of 200 cells, block 2 of 2") {
		t.Errorf("last line %q", last)
	}
}

func TestBarShowsTheTimeLeft(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, 10)
	c := cell{target: someTargets("gnet")[0], workload: Workload{Name: "closed-64"}}
	b.done(c)
	b.note("gnet closed-64: wrong byte")
	b.finish()
	for _, want := range []string{"block 1 · gnet · closed-64", "(0/10)", "wrong byte\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}
