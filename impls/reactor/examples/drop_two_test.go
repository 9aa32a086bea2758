package examples

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestDropTwoLeavesOutTheEndsOfLines(t *testing.T) {
	s := serve(t, "drop-two")
	wantSame(t, s.exchange([]byte("one\r\ntwo\r\n\n\rthree")), []byte("onetwothree"))
}

func TestDropTwoLeavesOutWhatItIsTold(t *testing.T) {
	s := serve(t, "drop-two", `-drop=a\x00`)
	wantSame(t, s.exchange([]byte("banana\x00 split\r\n")), []byte("bnn split\r\n"))
}

func TestDropTwoDoesNotCareWhereTheStreamIsCut(t *testing.T) {
	conn := serve(t, "drop-two").dial(0)
	got := make([]byte, 1)
	for _, piece := range []string{"a\r", "\nb", "\r\nc"} {
		io.WriteString(conn, piece)
		if _, err := io.ReadFull(conn, got); err != nil {
			t.Fatal(err)
		}
	}
	conn.CloseWrite()
	if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
		t.Errorf("in the end %q, %v", rest, err)
	}
}

func TestDropTwoLosesNothingElse(t *testing.T) {
	var text bytes.Buffer
	for i := 0; text.Len() < 4<<20; i++ {
		fmt.Fprintf(&text, "line %d\r\n", i)
		if i%1000 == 0 {
			text.Write(numbers(100_000)) // a long piece with nothing to leave out
		}
	}
	want := bytes.ReplaceAll(text.Bytes(), []byte("\r\n"), nil)
	wantSame(t, serve(t, "drop-two").exchange(text.Bytes()), want)
}

func TestDropTwoRefusesAnythingButTwoCharacters(t *testing.T) {
	for _, drop := range []string{"", "a", "abc", "é!", `\`} {
		out, err := exec.Command(filepath.Join(programs, "drop-two"), "-drop="+drop, "-addr=127.0.0.1:0").CombinedOutput()
		if err == nil || bytes.Count(out, []byte("\n")) != 1 {
			t.Errorf("-drop=%s: %v, %q", drop, err, out)
		}
	}
}
