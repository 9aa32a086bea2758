package evbuffer

import (
	"slices"
	"strings"
	"testing"
)

const mixedLines = "one\r\ntwo\nthree\r\r\n\n\rfour\x00five\r"

func TestB8ReadLineInEveryStyle(t *testing.T) {
	for style, want := range map[EOL][]string{
		CRLF:       {"one", "two", "three\r", ""},
		CRLFStrict: {"one", "two\nthree\r"},
		LF:         {"one\r", "two", "three\r\r", ""},
		NUL:        {"one\r\ntwo\nthree\r\r\n\n\rfour"},
		ANY:        {"one", "two", "three", "four\x00five"},
	} {
		for size := 1; size <= len(mixedLines); size++ { // a chunk for each size bytes
			b := pieces(chop(mixedLines, size)...)
			var lines []string
			for line, ok := b.ReadLine(style); ok; line, ok = b.ReadLine(style) {
				lines = append(lines, string(line))
				valid(t, b)
			}
			if !slices.Equal(lines, want) {
				t.Errorf("style %d in chunks of %d: %q, want %q", style, size, lines, want)
			}
		}
	}
}

func chop(text string, size int) []string {
	var parts []string
	for chunk := range slices.Chunk([]byte(text), size) {
		parts = append(parts, string(chunk))
	}
	return parts
}

func TestB8UnfinishedLineStays(t *testing.T) {
	b := filled(nil, "half a", " line\r")
	for _, style := range []EOL{CRLF, CRLFStrict, LF, NUL} {
		if line, ok := b.ReadLine(style); ok {
			t.Errorf("style %d: %q", style, line)
		}
		wantContent(t, b, "half a line\r")
	}
}

func TestB9SearchEOLStartsWhereItIsTold(t *testing.T) {
	b := filled(nil, "a\r", "\nb\r\n")
	for _, c := range []struct {
		style          EOL
		from, at, size int
	}{
		{CRLF, 0, 1, 2}, {CRLF, 1, 1, 2}, {CRLF, 2, 2, 1}, {CRLF, 3, 4, 2}, {CRLF, 6, -1, 0}, {CRLF, 99, -1, 0},
		{CRLFStrict, 0, 1, 2}, {CRLFStrict, 2, 4, 2}, {CRLFStrict, 5, -1, 0},
		{LF, 0, 2, 1}, {LF, 3, 5, 1},
		{ANY, 0, 1, 2}, {ANY, 2, 2, 1}, {ANY, 3, 4, 2}, {ANY, 6, -1, 0}, {ANY, -3, 1, 2},
		{NUL, 0, -1, 0},
	} {
		if at, size := b.SearchEOL(c.style, c.from); at != c.at || size != c.size {
			t.Errorf("style %d from %d: %d, %d, want %d, %d", c.style, c.from, at, size, c.at, c.size)
		}
	}
}

func TestB9SearchEOLBeforeTheBeginningStartsThere(t *testing.T) {
	b := filled(nil, "\n")
	for style, want := range map[EOL]int{CRLF: 0, CRLFStrict: -1, LF: 0, NUL: -1, ANY: 0} {
		if at, _ := b.SearchEOL(style, -3); at != want {
			t.Errorf("style %d: %d, want %d", style, at, want)
		}
	}
}

func TestB8ALineMayBeLongerThanAChunk(t *testing.T) {
	long := strings.Repeat("long", 100)
	b := New(NewPool(64, 8))
	b.Write([]byte(long + "\r\nnext"))
	if line, ok := b.ReadLine(CRLF); !ok || string(line) != long {
		t.Errorf("%q", line)
	}
	wantContent(t, b, "next")
}
