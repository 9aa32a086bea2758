package schedule

import (
	"testing"
)

func parsed(t *testing.T, text string) Schedule {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShrinkFindsTheCore: of a long schedule only what the failure needs is left, in its plainest form.
func TestShrinkFindsTheCore(t *testing.T) {
	s := parsed(t, `
		c3: connect; c3: send 100; c5: connect 4096; pause 3ms; c5: send 77; c3: read 10; stop; c5: send 300000
		c3: close; cont; c6: connect; c5: shutdown; c6: send 4; c5: read 100; c6: reset; pause 9ms
	`)
	// The failure: a client that sends more than 64 KiB at a time and shuts down.
	fails := func(s Schedule) bool {
		var large [MaxConns + 1]bool
		for _, c := range s {
			large[c.Conn] = large[c.Conn] || c.Verb == Send && c.N > 64<<10
			if c.Verb == Shutdown && large[c.Conn] {
				return true
			}
		}
		return false
	}
	want := "c1: connect\nc1: send 131072\nc1: shutdown\n"
	if got := Shrink(s, 1000, fails).String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestShrinkKeepsWhatNeverFailsAgain: then there is nothing to go by.
func TestShrinkKeepsWhatNeverFailsAgain(t *testing.T) {
	s := parsed(t, "c2: connect; c2: send 100; pause 3ms")
	tried := 0
	if got := Shrink(s, 5, func(Schedule) bool { tried++; return false }); got.String() != s.String() || tried > 6 {
		t.Errorf("%d tries, got\n%s", tried, got)
	}
}
