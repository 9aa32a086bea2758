package evbuffer

import (
	"bytes"
	"testing"
)

// FuzzReadLine cuts text into chunks in a way that the fuzzer chooses, and wants the lines that a naive reader finds in one piece, in
// every style, from every position.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte(mixedLines), []byte{1, 2, 3})
	f.Add([]byte("\r\r\n\n\r"), []byte{1})
	f.Add([]byte("a\x00\r\nb"), []byte{2, 1})
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		for style := CRLF; style <= ANY; style++ {
			b := pieces(cut(text, cuts)...)
			for from := range min(len(text)+2, 40) {
				at, size := b.SearchEOL(style, from)
				wantAt, wantSize := modelEOL(text, style, from)
				if at != wantAt || size != wantSize {
					t.Fatalf("style %d from %d of %q: (%d, %d), want (%d, %d)", style, from, text, at, size, wantAt, wantSize)
				}
			}
			readLines(t, b, style, text)
		}
	})
}

// cut makes pieces whose lengths repeat those in cuts.
func cut(text, cuts []byte) (parts []string) {
	for i := 0; len(text) > 0; i++ {
		n := len(text)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		parts = append(parts, string(text[:n]))
		text = text[n:]
	}
	return parts
}

func readLines(t *testing.T, b *Buffer, style EOL, text []byte) {
	t.Helper()
	for {
		at, size := modelEOL(text, style, 0)
		line, ok := b.ReadLine(style)
		if ok != (at >= 0) {
			t.Fatalf("style %d: a line in %q: %v", style, text, ok)
		}
		if !ok {
			break
		}
		if !bytes.Equal(line, text[:at]) {
			t.Fatalf("style %d: the line %q, want %q", style, line, text[:at])
		}
		text = text[at+size:]
		valid(t, b)
	}
	if b.Len() != len(text) {
		t.Fatalf("style %d: %d bytes are left, want %d", style, b.Len(), len(text))
	}
}
