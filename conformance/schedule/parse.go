package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A SyntaxError says where a schedule cannot be understood, and what would be.
type SyntaxError struct {
	Line int    // from 1
	Word string // the one that is wrong; "" if one is missing
	Why  string
}

func (e *SyntaxError) Error() string {
	if e.Word == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Why)
	}
	return fmt.Sprintf("line %d: %q: %s", e.Line, e.Word, e.Why)
}

// Parse reads a schedule: one command a line, or several with semicolons between them. Empty lines, and what stands behind #, are
// for the reader. A schedule that asks for what no client can do (to send after shutdown) is an error too. Errors are of
// type *SyntaxError.
func Parse(text string) (Schedule, error) {
	var s Schedule
	var now state
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		for part := range strings.SplitSeq(line, ";") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			command, err := parseCommand(strings.Fields(part))
			if err == nil {
				err = now.apply(command)
			}
			if err != nil {
				err.Line = number
				return nil, err
			}
			s = append(s, command)
		}
	}
	if len(s) == 0 {
		return nil, &SyntaxError{Line: max(number, 1), Why: "there is no command; a schedule begins with c1: connect"}
	}
	return s, nil
}

func parseCommand(words []string) (Command, *SyntaxError) {
	var c Command
	name, addressed := strings.CutSuffix(words[0], ":")
	if addressed {
		n, err := strconv.Atoi(strings.TrimPrefix(name, "c"))
		if err != nil || n < 1 || n > MaxConns || name != fmt.Sprintf("c%d", n) {
			return c, &SyntaxError{Word: words[0], Why: fmt.Sprintf("connections are called c1: to c%d:", MaxConns)}
		}
		c.Conn, words = n, words[1:]
		if len(words) == 0 {
			return c, &SyntaxError{Word: name + ":", Why: "a verb is missing behind it: " + verbsOf(true)}
		}
	}
	c.Verb = Verb(words[0])
	ofConn, known := verbs[c.Verb]
	switch {
	case !known:
		return c, &SyntaxError{Word: words[0], Why: "no such verb; there are " + verbsOf(addressed)}
	case ofConn && !addressed:
		return c, &SyntaxError{Word: words[0], Why: "which connection? write c1: " + words[0]}
	case !ofConn && addressed:
		return c, &SyntaxError{Word: words[0], Why: "this is about no connection; write it without c" + strconv.Itoa(c.Conn) + ":"}
	}
	return c.withArguments(words[1:])
}

// verbs says which ones are about a connection.
var verbs = map[Verb]bool{Connect: true, Send: true, Read: true, Shutdown: true, Close: true, Reset: true, Pause: false, Stop: false, Cont: false}

func verbsOf(addressed bool) string {
	if addressed {
		return "connect, send, read, shutdown, close, reset"
	}
	return "pause, stop, cont, and c1: with connect, send, read, shutdown, close, reset"
}

func (c Command) withArguments(words []string) (Command, *SyntaxError) {
	want := 0
	if c.Verb == Send || c.Verb == Read || c.Verb == Pause || c.Verb == Connect && len(words) > 0 {
		want = 1
	}
	if len(words) > want {
		return c, &SyntaxError{Word: words[want], Why: fmt.Sprintf("nothing more is expected behind %s", c.Verb)}
	}
	if len(words) < want && c.Verb == Pause {
		return c, &SyntaxError{Word: string(c.Verb), Why: "for how long? write pause 20ms"}
	}
	if len(words) < want {
		return c, &SyntaxError{Word: string(c.Verb), Why: fmt.Sprintf("how many bytes? write %s 65536", c.Verb)}
	}
	if want == 0 {
		return c, nil
	}
	if c.Verb == Pause {
		return c.pausing(words[0])
	}
	n, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || n < 1 || n > MaxBytes {
		return c, &SyntaxError{Word: words[0], Why: fmt.Sprintf("a number of bytes from 1 to %d is expected", MaxBytes)}
	}
	c.N = n
	return c, nil
}

func (c Command) pausing(word string) (Command, *SyntaxError) {
	d, err := time.ParseDuration(word)
	if err != nil || d <= 0 || d > MaxPause {
		return c, &SyntaxError{Word: word, Why: fmt.Sprintf("a duration up to %v is expected, such as 20ms", MaxPause)}
	}
	c.For = d
	return c, nil
}
