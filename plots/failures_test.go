package main

import (
	"strings"
	"testing"
)

// TestWhoFailsWhichMust: the servers that break a MUST stand with each of them before the matrix, and link to what they did.
func TestWhoFailsWhichMust(t *testing.T) {
	s := studyOf(t, small())
	var got []string
	for _, f := range s.Echo.Failing() {
		for _, c := range f.Checks {
			got = append(got, f.Impl+" "+c.Slug)
		}
	}
	want := "gnet close/half-close-backlog, gnet flow/never-reads-bounded, netpoll close/half-close-backlog, netpoll limit/emfile-recover"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}

	page := pageOf(t, small().write(t))
	for _, part := range []string{
		`id="fails-gnet"`, `<a href="#check-close%2fhalf-close-backlog">`, `id="check-close/half-close-backlog"`, `<a class="mark" href="#fails-gnet">fails 2 MUSTs</a>`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Index(page, `id="fails-gnet"`) > strings.Index(page, `class="matrix"`) {
		t.Error("who fails stands first")
	}
}

// TestSpoken: a row of the matrix can be heard, with the worst first.
func TestSpoken(t *testing.T) {
	echo := studyOf(t, small()).Echo
	for _, f := range echo.Families {
		if f.Name != "close" {
			continue
		}
		if got, want := f.Spoken(), "close, 3 checks. 5 servers met all that was asked, not gnet 2/3 and netpoll 2/3"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		want := "close/half-close-backlog (MUST). does not meet the sentence, which is known and documented: gnet, netpoll. meets the sentence: 5 servers. not checked: libevent/tutorial"
		if got := f.Checks[1].Spoken(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
