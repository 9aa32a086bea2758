package examples

import "testing"

// Both echo servers promise the same.
func forEachEcho(t *testing.T, keeps check) {
	t.Helper()
	for _, name := range []string{"echo-event", "echo-bufferevent"} {
		t.Run(name, func(t *testing.T) {
			if err := keeps(serve(t, name)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEchoAnswersWhileTheStreamIsOpen(t *testing.T) {
	pieces := []string{"hello\n", "x", "again\r\n"}
	forEachEcho(t, answersAtOnce(pieces, pieces))
}

func TestEchoDeliversEverythingAfterHalfClose(t *testing.T) {
	text := numbers(8 << 20)
	onEveryMethod(t, func(t *testing.T) { forEachEcho(t, turns(text, text)) })
}

func TestEchoOfNothingIsNothing(t *testing.T) { forEachEcho(t, turns(nil, nil)) }

func TestEchoHoldsBackAClientThatDoesNotRead(t *testing.T) { forEachEcho(t, holdsBack) }

func TestEchoDeliversItsBacklogAfterHalfClose(t *testing.T) { forEachEcho(t, deliversBacklog) }

func TestEchoServesManyAtATime(t *testing.T) { forEachEcho(t, servesMany) }

func TestEchoSurvivesAReset(t *testing.T) { forEachEcho(t, survivesReset) }
