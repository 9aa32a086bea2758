package examples

import (
	"bytes"
	"fmt"
	"testing"
)

func dropTwo(t *testing.T, keeps check) {
	t.Helper()
	if err := keeps(serve(t, "drop-two")); err != nil {
		t.Error(err)
	}
}

func TestDropTwoLeavesOutTheFirstTwoCharacters(t *testing.T) {
	for sent, want := range map[string]string{
		"1234567":             "34567", // the line need not end
		"1234567\nabcdef\n":   "34567\ncdef\n",
		"12\r\n345\r\n":       "\r\n5\r\n",
		"\n1\n12\n123\n":      "\n\n\n3\n", // what is too short is empty
		"\r\n1\r\n":           "\r\n\r\n",
		"äöü\n€a€\n\x00\x00z": "ü\n€\nz",
	} {
		dropTwo(t, turns([]byte(sent), []byte(want)))
	}
}

// cutAnywhere sends pieces that end where no line does, and within a character and an end of line.
var cutAnywhere = answersAtOnce([]string{"1", "23", "\n4", "56\r", "\nä\xc3", "\xb6x", "y\n"}, []string{"", "3", "\n", "6\r", "\n", "x", "y\n"})

func TestDropTwoDoesNotCareWhereTheStreamIsCut(t *testing.T) { dropTwo(t, cutAnywhere) }

func TestDropTwoLosesNothingElse(t *testing.T) {
	var sent, want bytes.Buffer
	for i := 0; sent.Len() < 4<<20; i++ {
		line := fmt.Sprintf("line %d\r\n", i)
		if i%1000 == 0 {
			line = "12" + string(bytes.Repeat([]byte("long "), 20_000)) + "\n"
		}
		sent.WriteString(line)
		want.WriteString(line[2:])
	}
	onEveryMethod(t, func(t *testing.T) { dropTwo(t, turns(sent.Bytes(), want.Bytes())) })
}
