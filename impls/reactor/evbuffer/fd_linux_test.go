package evbuffer

import (
	"strings"
	"testing"
)

func TestOneWritevTakesAtMost128Extents(t *testing.T) {
	fds := socketpair(t)
	text := strings.Repeat("0123456789", 30)
	b := filled(nil, chop(text, 1)...)
	for _, want := range []int{maxExtents, maxExtents, len(text) - 2*maxExtents} {
		if n, err := b.WriteFD(fds[0], 0); n != want || err != nil {
			t.Errorf("WriteFD = %d, %v, want %d", n, err, want)
		}
		valid(t, b)
	}
	got := New(nil)
	got.ReadFD(fds[1], 0)
	wantContent(t, got, text)
}
