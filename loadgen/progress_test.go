package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"reactorbench/results"
)

func TestPlainLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	l := &lines{w: &out, cells: 200, blocks: 2, began: now, last: now, now: func() time.Time { return now }}
	for i := range 200 {
		now = now.Add(500 * time.Millisecond)
		l.done(cell{block: i / 100}, results.Record{})
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

// The view shows the present cell with its rate, the last one with its figures, and the time left; no row is wider than the terminal, and
// nothing of it stays.
func TestViewShowsTheCells(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, 3, 1, func() int { return 60 })
	c := cell{target: someTargets("gnet")[0], workload: Workload{Name: "closed-64"}}
	v.begin(c)
	v.watch([]engine{&epollLike{}}, time.Second)()
	v.done(c, results.Record{RequestsPerSecond: 31_200, LatencyP50Ns: 45_000, LatencyP99Ns: 212_000})
	v.note("gnet closed-64: wrong byte")
	v.begin(c)
	v.done(c, results.Record{Error: strings.Repeat("long ", 40)})
	v.done(c, results.Record{})
	v.finish()
	text := out.String()
	for _, want := range []string{"now   block 1 of 1 · gnet · closed-64", "last  gnet · closed-64 · 31.2 k/s · p50 45µs · p99 212µs", "(1/3)", "wrong byte\n", "✗ long"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	for _, row := range strings.Split(text, "\n") {
		if _, plain, ok := strings.Cut(row, "last  "); ok && utf8.RuneCountInString(plain)+6 > 59 {
			t.Errorf("a row of %d columns: %q", utf8.RuneCountInString(plain)+6, row)
		}
	}
	if !strings.HasSuffix(text, eraseBelow) {
		t.Errorf("the view stays: %q", text)
	}
}

// The row of the bar fits into the narrowest terminal that gets one, at the longest times, and is no longer than needed in a wide one.
func TestBarFits(t *testing.T) {
	for _, cells := range []int{3, 1234} {
		for _, columns := range []int{leastView, 70, 80, 200} {
			var out bytes.Buffer
			v := newView(&out, cells, 1, func() int { return columns })
			v.begin(cell{target: someTargets("gnet")[0]})
			_, bar, _ := strings.Cut(out.String(), "\r")
			bar, _, _ = strings.Cut(bar, "\x1b")
			if longest := utf8.RuneCountInString(bar) - len("[0s:0s]") + len("[9h59m59s:9h59m59s]"); !strings.Contains(bar, "| (0/") || longest >= columns {
				t.Errorf("%d cells, %d columns: %d in %q", cells, columns, longest, bar)
			}
		}
	}
}

func TestWidthThatIsNotTold(t *testing.T) {
	for _, c := range []struct {
		columns int
		err     error
		want    int
	}{{120, nil, 120}, {0, nil, 80}, {0, errors.New("no terminal"), 80}} {
		if got := knownWidth(c.columns, c.err); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// epollLike is an engine that has answered nothing.
type epollLike struct{ engine }

func (*epollLike) answered() int64 { return 0 }
