package evbuffer

import "testing"

func TestB10SearchFindsAcrossChunks(t *testing.T) {
	const text = "abcabcdabcde"
	for first := range len(text) { // every way to cut the text in three
		for second := first; second < len(text); second++ {
			b := pieces(text[:first], text[first:second], text[second:])
			for what, want := range map[string]int{
				"a": 0, "abc": 0, "abcd": 3, "abcde": 7, "cda": 5, "e": 11, "abcdef": -1, "x": -1, text: 0,
			} {
				if got := b.Search([]byte(what)); got != want {
					t.Errorf("%q in %q|%q|%q: %d, want %d", what, text[:first], text[first:second], text[second:], got, want)
				}
			}
			wantContent(t, b, text)
		}
	}
}

// pieces makes a chunk of each piece that is not empty.
func pieces(texts ...string) *Buffer {
	var full []string
	for _, text := range texts {
		if text != "" {
			full = append(full, text)
		}
	}
	return filled(nil, full...)
}

func TestB10SearchRangeHasBounds(t *testing.T) {
	b := filled(nil, "abc", "abc", "abc")
	for _, c := range []struct{ from, to, want int }{
		{0, 9, 0}, {1, 9, 3}, {3, 9, 3}, {4, 9, 6}, {7, 9, -1}, // begins at from or later
		{1, 6, 3}, {1, 5, -1}, {0, 3, 0}, {0, 2, -1}, // ends at to or earlier
		{-5, 100, 0}, {9, 9, -1}, {10, 9, -1}, {6, 3, -1},
	} {
		if got := b.SearchRange([]byte("abc"), c.from, c.to); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestB10SearchForNothing(t *testing.T) {
	b := filled(nil, "abc")
	if got := b.SearchRange(nil, 2, 3); got != 2 {
		t.Errorf("an empty pattern from 2: %d", got)
	}
	if got := b.SearchRange(nil, 3, 3); got != 3 { // one past the end
		t.Errorf("an empty pattern from 3: %d", got)
	}
	if got := b.SearchRange(nil, 4, 9); got != -1 {
		t.Errorf("an empty pattern beyond the end: %d", got)
	}
	if got := new(Buffer).Search([]byte("x")); got != -1 {
		t.Errorf("in an empty buffer: %d", got)
	}
}
