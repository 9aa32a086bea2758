package schedule

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	s, err := Parse(`
		# everything that can be said
		c1: connect 4096
		c2: connect ; c2: send 65536   # and two on a line
		pause 20ms
		stop; cont
		c2: read 100; c2: shutdown; c2: close
		c1: reset
	`)
	if err != nil {
		t.Fatal(err)
	}
	want := "c1: connect 4096\nc2: connect\nc2: send 65536\npause 20ms\nstop\ncont\nc2: read 100\nc2: shutdown\nc2: close\nc1: reset\n"
	if s.String() != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if !s.Stops() || s[:4].Stops() {
		t.Error("whether the server is stopped")
	}
}

// TestErrorsNameLineAndWord: whoever wrote the script finds the place.
func TestErrorsNameLineAndWord(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", `line 1: there is no command`},
		{"# nothing\n\n", `line 2: there is no command`},
		{"c1: connect\nc1: sned 5", `line 2: "sned": no such verb; there are connect, send, read`},
		{"connect", `line 1: "connect": which connection? write c1: connect`},
		{"c1: stop", `line 1: "stop": this is about no connection`},
		{"c9: connect", `line 1: "c9:": connections are called c1: to c8:`},
		{"c01: connect", `line 1: "c01:": connections are called c1: to c8:`},
		{"x: connect", `line 1: "x:": connections are called`},
		{"c1:", `line 1: "c1:": a verb is missing`},
		{"c1: connect\nc1: send", `line 2: "send": how many bytes? write send 65536`},
		{"c1: connect\nc1: send many", `line 2: "many": a number of bytes from 1 to 67108864`},
		{"c1: connect\nc1: send 0", `line 2: "0": a number of bytes`},
		{"c1: connect\nc1: send 99999999999", `line 2: "99999999999": a number of bytes`},
		{"c1: connect\nc1: shutdown now", `line 2: "now": nothing more is expected behind shutdown`},
		{"pause", `line 1: "pause": for how long? write pause 20ms`},
		{"pause 5", `line 1: "5": a duration up to 10s is expected, such as 20ms`},
		{"pause 1h", `line 1: "1h": a duration`},
		{"c1: send 5", `line 1: "c1: send 5": c1 is not connected`},
		{"c1: connect; c1: connect", `line 1: "c1: connect": c1 has been used`},
		{"c1: connect\nc1: shutdown\nc1: send 5", `line 3: "c1: send 5": c1 has been shut down`},
		{"c1: connect\nc1: reset\nc1: read 5", `line 3: "c1: read 5": c1 has been closed`},
		{"stop\nstop", `line 2: "stop": the server is stopped already`},
		{"cont", `line 1: "cont": the server is running already`},
	} {
		_, err := Parse(test.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s...", test.text, err, test.want)
		}
	}
}

// FuzzParse: no text makes the parser panic, and what it takes it can print and read again.
func FuzzParse(f *testing.F) {
	f.Add("c1: connect 4096\nc1: send 8388608\nc1: shutdown\n")
	f.Add("stop; c1: connect; pause 3ms; cont # x")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q becomes %q: %v", text, s, err)
		}
	})
}
