package impls

import (
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	whole := newTail(10)
	var all string
	for _, text := range []string{"", "abc", "defgh", strings.Repeat("-", 100) + "0123456789", "x", "yz"} {
		whole.Write([]byte(text))
		all += text
		if want := all[max(0, len(all)-10):]; whole.String() != want || whole.bytes() != int64(len(all)) {
			t.Errorf("after %q: %q of %d bytes, want %q of %d", text, whole.String(), whole.bytes(), want, len(all))
		}
	}
}

// TestTailIsBounded: neither many small writes nor a large one make it grow.
func TestTailIsBounded(t *testing.T) {
	bounded := newTail(1 << 10)
	for range 10_000 {
		bounded.Write([]byte("some words of a talkative server\n"))
	}
	bounded.Write(make([]byte, 1<<20))
	if cap(bounded.kept) > 8<<10 {
		t.Errorf("a tail of 1 KiB occupies %d bytes", cap(bounded.kept))
	}
}

// TestFirstLine: a stream comes in pieces of any size.
func TestFirstLine(t *testing.T) {
	long := strings.Repeat("x", 10<<10)
	for _, test := range []struct{ output, line, extra string }{
		{"listening a\n", "listening a", ""},
		{"listening a\nmore\n", "listening a", "more\n"},
		{"\n\n", "", "\n"},
		{long, long[:keptOutput], ""},
	} {
		for _, size := range []int{1, 3, 64 << 10} {
			f := newFirstLine()
			for rest := test.output; rest != ""; {
				n := min(size, len(rest))
				f.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if line := <-f.line; line != test.line {
				t.Errorf("%.20q in pieces of %d: line %.20q", test.output, size, line)
			}
			if f.unfinished() != "" {
				t.Errorf("%.20q in pieces of %d: unfinished %.20q", test.output, size, f.unfinished())
			}
			if want := test.output[max(0, len(test.output)-keptOutput):]; f.extra() != want {
				t.Errorf("%.20q in pieces of %d: a line that is nobody's is not kept, but %.20q", test.output, size, f.extra())
			}
			f.claim()
			if test.output != long && f.extra() != test.extra {
				t.Errorf("%.20q in pieces of %d: extra %q", test.output, size, f.extra())
			}
		}
	}
}
