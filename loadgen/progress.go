package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress tells how far the run is. It is drawn between cells only, never while one is measured.
type progress interface {
	done(c cell)
	note(format string, args ...any) // a line that stays
	finish()
}

// newProgress draws a bar on a terminal and writes plain lines elsewhere.
func newProgress(w *os.File, cells, blocks int) progress {
	if term.IsTerminal(int(w.Fd())) {
		return newBar(w, cells)
	}
	return &lines{w: w, cells: cells, blocks: blocks, began: time.Now(), last: time.Now(), now: time.Now}
}

// A bar shows the time that is left.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func newBar(w io.Writer, cells int) *bar {
	return &bar{w: w, bar: progressbar.NewOptions(cells,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionThrottle(250*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

func (b *bar) done(c cell) {
	b.bar.Describe(fmt.Sprintf("block %d · %s · %s", c.block+1, c.target.impl.Name, c.workload.Name))
	b.bar.Add(1)
}

func (b *bar) note(format string, args ...any) {
	b.bar.Clear()
	fmt.Fprintf(b.w, format+"\n", args...)
}

func (b *bar) finish() { b.bar.Finish() }

// linesEvery keeps a log short.
const linesEvery = 5 * time.Second

// lines is for logs and pipes.
type lines struct {
	w             io.Writer
	cells, blocks int
	began, last   time.Time
	count         int
	now           func() time.Time
}

func (l *lines) done(c cell) {
	l.count++
	now := l.now()
	if l.count < l.cells && now.Sub(l.last) < linesEvery {
		return
	}
	l.last = now
	left := now.Sub(l.began) / time.Duration(l.count) * time.Duration(l.cells-l.count)
	fmt.Fprintf(l.w, "%d of %d cells, block %d of %d, about %v left\n", l.count, l.cells, c.block+1, l.blocks, left.Round(time.Second))
}

func (l *lines) note(format string, args ...any) { fmt.Fprintf(l.w, format+"\n", args...) }

func (l *lines) finish() {}
