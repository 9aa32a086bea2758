package examples

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

func dropTwo(t *testing.T, keeps check, flags ...string) {
	t.Helper()
	if err := keeps(serve(t, "drop-two", flags...)); err != nil {
		t.Error(err)
	}
}

func TestDropTwoLeavesOutTheEndsOfLines(t *testing.T) {
	dropTwo(t, turns([]byte("one\r\ntwo\r\n\n\rthree"), []byte("onetwothree")))
}

func TestDropTwoLeavesOutWhatItIsTold(t *testing.T) {
	dropTwo(t, turns([]byte("banana\x00 split\r\n"), []byte("bnn split\r\n")), `-drop=a\x00`)
}

// cutInTheEndOfALine sends pieces that end where no line does.
var cutInTheEndOfALine = answersAtOnce([]string{"a\r", "\nb", "\r\nc", "def"}, []string{"a", "b", "c", "def"})

func TestDropTwoDoesNotCareWhereTheStreamIsCut(t *testing.T) { dropTwo(t, cutInTheEndOfALine) }

func TestDropTwoLosesNothingElse(t *testing.T) {
	var text bytes.Buffer
	for i := 0; text.Len() < 4<<20; i++ {
		fmt.Fprintf(&text, "line %d\r\n", i)
		if i%1000 == 0 {
			text.Write(numbers(100_000)) // a long piece with nothing to leave out
		}
	}
	dropTwo(t, turns(text.Bytes(), bytes.ReplaceAll(text.Bytes(), []byte("\r\n"), nil)))
}

func TestDropTwoDeliversItsBacklogAfterHalfClose(t *testing.T) { dropTwo(t, deliversBacklog) }

func TestDropTwoRefusesAnythingButTwoCharacters(t *testing.T) {
	for _, drop := range []string{"", "a", "abc", "é!", `\`} {
		out, err := exec.Command(filepath.Join(programs, "drop-two"), "-drop="+drop, "-addr=127.0.0.1:0").CombinedOutput()
		if err == nil || bytes.Count(out, []byte("\n")) != 1 {
			t.Errorf("-drop=%s: %v, %q", drop, err, out)
		}
	}
}
