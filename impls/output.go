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

// A firstLine is the writer behind a server's stdout: it hands over the first line once it is whole, and keeps what
// follows, of which the contract wants nothing.
type firstLine struct {
	line chan string // receives the line without its end, once

	mu      sync.Mutex
	first   []byte // the line so far, at last with its end
	told    bool   // it was handed over
	claimed bool   // it was the contract's line, not just some output
	rest    *tail
}

func newFirstLine() *firstLine {
	return &firstLine{line: make(chan string, 1), rest: newTail(keptOutput)}
}

func (f *firstLine) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := text
	if !f.told {
		rest = f.collect(text)
	}
	f.rest.Write(rest)
	return len(text), nil
}

// collect adds to the line and returns what stands behind its end. A line that does not end is handed over when it
// is longer than any address: it is wrong already.
func (f *firstLine) collect(text []byte) (rest []byte) {
	end := bytes.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	f.first = append(f.first, text[:end]...)
	line, whole := bytes.CutSuffix(f.first, []byte("\n"))
	if whole || len(line) > keptOutput {
		f.told = true
		f.line <- string(line[:min(len(line), keptOutput)])
	}
	return text[end:]
}

// claim says that the first line was the contract's and therefore is no extra output.
func (f *firstLine) claim() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claimed = true
}

// extra is the end of the output, without the contract's line where that came.
func (f *firstLine) extra() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := f.rest.String()
	if !f.claimed {
		text = string(f.first) + text
	}
	return text[max(0, len(text)-keptOutput):]
}

// unfinished is the part of a first line that never ended.
func (f *firstLine) unfinished() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told {
		return ""
	}
	return string(f.first)
}

// lastLines are the last few lines of an output, for an error of readable length.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
