package evbuffer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// The model of a buffer is a flat slice. Random operations on three buffers (two on a pool with chunks small enough that every
// boundary is met, one without a pool) and on their slices must agree after each operation.

// choices decides what happens next.
type choices interface {
	below(n int) int // in [0, n)
	more() bool
}

type rapidChoices struct {
	t    *rapid.T
	left int
}

func (c *rapidChoices) below(n int) int { return rapid.IntRange(0, n-1).Draw(c.t, "n") }
func (c *rapidChoices) more() bool      { c.left--; return c.left >= 0 }

type byteChoices struct{ data []byte }

func (c *byteChoices) more() bool { return len(c.data) > 0 }

func (c *byteChoices) below(n int) int {
	x := 0
	for limit := 1; limit < n && len(c.data) > 0; limit <<= 8 {
		x = x<<8 | int(c.data[0])
		c.data = c.data[1:]
	}
	return x % n
}

const modelChunk = 512 // so tiny chunks have 2 bytes, small ones 16, and a short buffer has less than 64

type machine struct {
	t        failer
	choose   choices
	buffers  [3]*Buffer
	models   [3][]byte
	file     string // path of a file with fileData
	sockets  [2]int
	wire     []byte // sent and not yet received
	cleanups []*int // how often each was called
	written  int    // varies what is written
}

// failer is what testing and rapid have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

func newMachine(t failer, file string, choose choices) *machine {
	pool := NewPool(modelChunk, 3)
	return &machine{
		t:       t,
		choose:  choose,
		buffers: [3]*Buffer{New(pool), New(pool), {}},
		file:    file,
		sockets: socketpair(t),
	}
}

var fileData = pattern(3 * modelChunk)

func modelFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, fileData, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pattern is text with many ends of line.
func pattern(n int) []byte { return bytes.Repeat([]byte("ab\r\nabc\n\r\x00aab\r"), n/14+1)[:n] }

type operation struct {
	name string
	run  func(m *machine, b *Buffer, model *[]byte)
}

var operations = []operation{
	{"Write", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(3 * modelChunk)
		n, err := b.Write(p)
		m.want("n", n, len(p))
		m.want("err", err, nil)
		*model = append(*model, p...)
	}},
	{"Write little", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(4)
		b.Write(p)
		*model = append(*model, p...)
	}},
	{"Prepend", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(2 * modelChunk)
		m.want("err", b.Prepend(p), nil)
		*model = append(bytes.Clone(p), *model...)
	}},
	{"Append", func(m *machine, b *Buffer, model *[]byte) {
		src, from := m.other(b)
		m.want("err", b.Append(src), nil)
		*model = append(*model, *from...)
		*from = nil
	}},
	{"Append to itself", func(m *machine, b *Buffer, model *[]byte) { b.Append(b) }},
	{"PrependBuffer", func(m *machine, b *Buffer, model *[]byte) {
		src, from := m.other(b)
		m.want("err", b.PrependBuffer(src), nil)
		*model = append(bytes.Clone(*from), *model...)
		*from = nil
	}},
	{"RemoveTo", func(m *machine, b *Buffer, model *[]byte) {
		dst, to := m.other(b)
		n := m.choose.below(len(*model) + 2)
		got := b.RemoveTo(dst, n)
		m.want("n", got, min(n, len(*model)))
		*to = append(*to, (*model)[:got]...)
		*model = bytes.Clone((*model)[got:])
	}},
	{"Read", func(m *machine, b *Buffer, model *[]byte) {
		p := make([]byte, 1+m.choose.below(2*modelChunk))
		n, err := b.Read(p)
		if len(*model) == 0 {
			m.want("err", err, io.EOF)
		}
		m.want("bytes", string(p[:n]), string(take(model, len(p))))
	}},
	{"CopyOut", func(m *machine, b *Buffer, model *[]byte) {
		p := make([]byte, m.choose.below(2*modelChunk))
		from := m.choose.below(len(*model) + 2)
		n := b.CopyOut(p, from)
		rest := (*model)[min(from, len(*model)):]
		m.want("bytes", string(p[:n]), string(rest[:min(len(p), len(rest))]))
	}},
	{"Drain", func(m *machine, b *Buffer, model *[]byte) {
		n := m.choose.below(len(*model) + 2)
		m.want("n", b.Drain(n), len(take(model, n)))
	}},
	{"Reserve", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(2 * modelChunk)
		space := b.Reserve(len(p) + 1)
		if len(space) <= len(p) {
			m.t.Fatalf("%d reserved, want more than %d", len(space), len(p))
		}
		m.check("reserving")
		copy(space, p)
		m.want("err", b.Commit(len(p)), nil)
		*model = append(*model, p...)
	}},
	{"ReserveVec", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(3 * modelChunk)
		vecs := make([][]byte, 1+m.choose.below(4))
		used := b.ReserveVec(vecs, len(p)+1)
		m.check("reserving")
		left := p
		for _, space := range vecs[:used] {
			left = left[copy(space, left):]
		}
		m.want("left over", len(left), 0)
		m.want("err", b.Commit(len(p)), nil)
		*model = append(*model, p...)
	}},
	{"Reserve, then another change", func(m *machine, b *Buffer, model *[]byte) {
		space := b.Reserve(1 + m.choose.below(2*modelChunk))
		if b.Drain(1) == 1 {
			take(model, 1)
			m.want("err", b.Commit(len(space)), ErrNotReserved)
		}
	}},
	{"Peek", func(m *machine, b *Buffer, model *[]byte) {
		limit := m.choose.below(len(*model)+2) - 1
		vecs := make([][]byte, b.Peek(nil, limit))
		m.want("needed again", b.Peek(vecs, limit), len(vecs))
		seen := *model
		if limit >= 0 {
			seen = seen[:min(limit, len(seen))]
		}
		m.want("bytes", string(bytes.Join(vecs, nil)), string(seen))
	}},
	{"Pullup", func(m *machine, b *Buffer, model *[]byte) {
		n := m.choose.below(len(*model) + 2)
		p := b.Pullup(n)
		if n > len(*model) {
			n = 0
		}
		m.want("bytes", string(p), string((*model)[:n]))
		if b.Contiguous() < n {
			m.t.Fatalf("%d bytes contiguous after Pullup(%d)", b.Contiguous(), n)
		}
	}},
	{"AddReference", func(m *machine, b *Buffer, model *[]byte) {
		p := m.bytes(2 * modelChunk)
		called := new(int)
		m.cleanups = append(m.cleanups, called)
		m.want("err", b.AddReference(p, func() { *called++ }), nil)
		*model = append(*model, p...)
	}},
	{"AddBufferReference", func(m *machine, b *Buffer, model *[]byte) {
		src, from := m.any()
		if len(*from) > 8*modelChunk {
			return // a buffer that doubles itself has no bound
		}
		m.want("err", b.AddBufferReference(src), nil)
		*model = append(*model, *from...)
	}},
	{"AddFile", func(m *machine, b *Buffer, model *[]byte) {
		fd, err := unix.Open(m.file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		m.want("open", err, nil)
		offset := m.choose.below(len(fileData) + 1)
		n := m.choose.below(len(fileData) - offset + 1)
		m.want("err", b.AddFile(fd, int64(offset), int64(n)), nil)
		*model = append(*model, fileData[offset:offset+n]...)
	}},
	{"Search", func(m *machine, b *Buffer, model *[]byte) {
		what := m.bytes(12)
		from, to := m.choose.below(len(*model)+1), m.choose.below(len(*model)+2)
		got := b.SearchRange(what, from, to)
		m.want("position", got, indexBetween(*model, what, from, min(to, len(*model))))
	}},
	{"SearchEOL", func(m *machine, b *Buffer, model *[]byte) {
		style := EOL(m.choose.below(5))
		from := m.choose.below(len(*model) + 2)
		at, size := b.SearchEOL(style, from)
		wantAt, wantSize := modelEOL(*model, style, from)
		m.want(fmt.Sprintf("end of line (style %d from %d)", style, from), [2]int{at, size}, [2]int{wantAt, wantSize})
	}},
	{"ReadLine", func(m *machine, b *Buffer, model *[]byte) {
		style := EOL(m.choose.below(5))
		at, size := modelEOL(*model, style, 0)
		line, ok := b.ReadLine(style)
		m.want("found", ok, at >= 0)
		if ok {
			m.want("line", string(line), string(take(model, at)))
			take(model, size)
		}
	}},
	{"WriteFD", func(m *machine, b *Buffer, model *[]byte) {
		limit := m.choose.below(3 * modelChunk)
		n, err := b.WriteFD(m.sockets[0], limit)
		if err != nil && err != unix.EAGAIN || limit > 0 && n > limit {
			m.t.Fatalf("WriteFD(%d) = %d, %v", limit, n, err)
		}
		m.wire = append(m.wire, take(model, n)...)
	}},
	{"ReadFD", func(m *machine, b *Buffer, model *[]byte) {
		limit := m.choose.below(3 * modelChunk)
		n, err := b.ReadFD(m.sockets[1], limit)
		if (err == unix.EAGAIN) != (len(m.wire) == 0) || limit > 0 && n > limit {
			m.t.Fatalf("ReadFD(%d) = %d, %v with %d bytes on the wire", limit, n, err, len(m.wire))
		}
		*model = append(*model, take(&m.wire, n)...)
	}},
	{"frozen front", func(m *machine, b *Buffer, model *[]byte) {
		b.Freeze(Front)
		m.want("drained", b.Drain(1), 0)
		m.want("prepend", b.Prepend([]byte("x")), ErrFrozen)
		b.Unfreeze(Front)
	}},
	{"frozen back", func(m *machine, b *Buffer, model *[]byte) {
		b.Freeze(Back)
		_, err := b.Write([]byte("x"))
		m.want("write", err, ErrFrozen)
		b.Unfreeze(Back)
	}},
	{"Reset", func(m *machine, b *Buffer, model *[]byte) {
		b.Reset()
		*model = nil
	}},
}

func (m *machine) any() (*Buffer, *[]byte) {
	i := m.choose.below(len(m.buffers))
	return m.buffers[i], &m.models[i]
}

// other returns another buffer than b.
func (m *machine) other(b *Buffer) (*Buffer, *[]byte) {
	i := m.choose.below(len(m.buffers) - 1)
	for j := 0; j <= i; j++ {
		if m.buffers[j] == b {
			i++
			break
		}
	}
	return m.buffers[i], &m.models[i]
}

// bytes returns up to limit bytes, never the same memory twice.
func (m *machine) bytes(limit int) []byte {
	n := m.choose.below(limit)
	m.written += 5
	return bytes.Clone(pattern(n + m.written%14)[m.written%14:])
}

func take(model *[]byte, n int) []byte {
	n = min(n, len(*model))
	taken := (*model)[:n]
	*model = bytes.Clone((*model)[n:])
	return taken
}

func (m *machine) want(what string, got, want any) {
	m.t.Helper()
	if got != want {
		m.t.Fatalf("%s: got %#v, want %#v", what, got, want)
	}
}

func indexBetween(p, what []byte, from, to int) int {
	if from > to {
		return -1
	}
	if i := bytes.Index(p[from:to], what); i >= 0 {
		return from + i
	}
	return -1
}

// modelEOL says what an end of line is once more, in other words.
func modelEOL(p []byte, style EOL, from int) (at, size int) {
	isLF := func(i int) bool { return i < len(p) && p[i] == '\n' }
	isCR := func(i int) bool { return i < len(p) && p[i] == '\r' }
	for i := from; i < len(p); i++ {
		switch {
		case style == CRLF && isCR(i) && isLF(i+1), style == CRLFStrict && isCR(i) && isLF(i+1):
			return i, 2
		case style == CRLF && isLF(i), style == LF && isLF(i), style == NUL && p[i] == 0:
			return i, 1
		case style == ANY && (isCR(i) || isLF(i)):
			for isCR(i+size) || isLF(i+size) {
				size++
			}
			return i, size
		}
	}
	return -1, 0
}

// run does operations until there are no more choices, then ends all buffers.
func (m *machine) run() {
	for m.choose.more() {
		op := operations[m.choose.below(len(operations))]
		i := m.choose.below(len(m.buffers))
		op.run(m, m.buffers[i], &m.models[i])
		m.check(op.name)
	}
	for i, b := range m.buffers {
		b.Reset()
		m.models[i] = nil
	}
	m.check("the end")
	for i, called := range m.cleanups {
		m.want(fmt.Sprintf("calls of cleanup %d", i), *called, 1)
	}
}

func (m *machine) check(after string) {
	m.t.Helper()
	for i, b := range m.buffers {
		if err := errors.Join(b.validate(), m.agrees(i)); err != nil {
			m.t.Fatalf("after %s: buffer %d: %v", after, i, err)
		}
	}
	if err := m.checkSources(); err != nil {
		m.t.Fatalf("after %s: %v", after, err)
	}
}

// agrees compares without loading pieces of files: looking at them after each step would leave none for sendfile.
func (m *machine) agrees(i int) error {
	b, model := m.buffers[i], m.models[i]
	if b.Len() != len(model) {
		return fmt.Errorf("Len is %d, want %d", b.Len(), len(model))
	}
	for c := b.first; c != nil; c = c.next {
		have := fileData
		if !c.isFile() {
			have = c.memory
		}
		if !bytes.Equal(have[c.start:c.end], model[:c.len()]) {
			return fmt.Errorf("differs in a chunk %d bytes before the end", len(model))
		}
		model = model[c.len():]
	}
	return nil
}

func (m *machine) checkSources() error {
	holders := map[*source]int{}
	for _, b := range m.buffers {
		for c := b.first; c != nil; c = c.next {
			if c.source != nil {
				holders[c.source]++
			}
		}
	}
	for s, n := range holders {
		if s.holders != n {
			return fmt.Errorf("a source counts %d holders and has %d", s.holders, n)
		}
	}
	for i, called := range m.cleanups {
		if *called > 1 {
			return fmt.Errorf("cleanup %d was called %d times", i, *called)
		}
	}
	return nil
}

func TestB1BufferAgreesWithAFlatSlice(t *testing.T) {
	file := modelFile(t)
	rapid.Check(t, func(rt *rapid.T) {
		newMachine(rt, file, &rapidChoices{t: rt, left: 60}).run()
	})
}

func FuzzBuffer(f *testing.F) {
	for i := range operations { // each operation once on a buffer that holds several chunks
		f.Add([]byte{0, 0, 2, 200, 0, 0, 1, 90, byte(i), 0, 1, 7, 3, 0, 0})
	}
	file := modelFile(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		newMachine(t, file, &byteChoices{data}).run()
	})
}
