package impls

import (
	"bytes"
	"strings"
	"sync"
)

// keptOutput is how much of each output stream of a server is kept: enough for a panic's first screens, and
// a bound for a server that floods it.
const keptOutput = 4 << 10

// A tail is a writer that keeps the last bytes and counts them all.
type tail struct {
	mu    sync.Mutex
	limit int
	kept  []byte // grows to twice the limit, then its older half is dropped
	total int64
}

func newTail(limit int) *tail { return &tail{limit: limit} }

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(text))
	t.kept = append(t.kept, text[max(0, len(text)-t.limit):]...)
	if len(t.kept) > 2*t.limit {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-t.limit:]...)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept[max(0, len(t.kept)-t.limit):])
}

func (t *tail) bytes() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

// A firstLine is the writer behind a server's stdout: it hands over the first line once it is whole and keeps
// what follows, of which the contract wants nothing.
type firstLine struct {
	line chan string // receives the line without its end, once

	mu    sync.Mutex
	begun []byte // the line so far
	told  bool
	extra *tail
}

func newFirstLine() *firstLine {
	return &firstLine{line: make(chan string, 1), extra: newTail(keptOutput)}
}

// noFirstLine is for a program of which no line is expected: all that it prints is kept alike.
func noFirstLine() *firstLine {
	f := newFirstLine()
	f.told = true
	return f
}

func (f *firstLine) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := text
	if !f.told {
		rest = f.collect(text)
	}
	f.extra.Write(rest)
	return len(text), nil
}

// collect adds to the line and returns what stands behind its end. A line that does not end is handed over when it
// is longer than any address: it is wrong already.
func (f *firstLine) collect(text []byte) (rest []byte) {
	line, rest, whole := bytes.Cut(text, []byte("\n"))
	f.begun = append(f.begun, line...)
	if whole || len(f.begun) > keptOutput {
		f.told = true
		f.line <- string(f.begun[:min(len(f.begun), keptOutput)])
	}
	return rest
}

// unfinished is the part of a first line that never ended.
func (f *firstLine) unfinished() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told {
		return ""
	}
	return string(f.begun)
}

// lastLines are the last few lines of an output, for an error of readable length.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
