package schedule

import (
	"slices"
	"testing"
)

// did makes a history about connection 1, or that of the event.
func did(events ...Event) History {
	for i := range events {
		if events[i].Conn == 0 && events[i].Kind != DidStop && events[i].Kind != DidCont && events[i].Kind != Died {
			events[i].Conn = 1
		}
	}
	return events
}

func TestTheModelAccepts(t *testing.T) {
	for name, h := range map[string]History{
		"nothing at all":                {},
		"a whole life":                  did(Event{Kind: DidConnect}, Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 5}, Event{Kind: DidShutdown}, Event{Kind: SawFIN}),
		"bytes in pieces":               did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 2}, Event{Kind: DidSend, N: 1}, Event{Kind: Came, N: 4}),
		"FIN before the rest was read":  did(Event{Kind: DidSend, N: 5}, Event{Kind: DidShutdown}, Event{Kind: Came, N: 5}, Event{Kind: SawFIN}),
		"silence when nothing is owed":  did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 5}, Event{Kind: Silence}),
		"silence of a stopped server":   did(Event{Kind: DidSend, N: 5}, Event{Kind: DidStop}, Event{Kind: Silence}, Event{Kind: DidCont}, Event{Kind: Came, N: 5}),
		"a client that resets":          did(Event{Kind: DidSend, N: 5}, Event{Kind: DidReset}),
		"a client that loses interest":  did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 1}, Event{Kind: DidClose}),
		"two clients, one of them gone": did(Event{Kind: DidReset}, Event{Conn: 2, Kind: DidSend, N: 1}, Event{Conn: 2, Kind: Came, N: 1}),
	} {
		if found := Judge(h); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestEveryClauseCanBeBroken: for each sentence of the model there is a history that breaks it, and only it.
func TestEveryClauseCanBeBroken(t *testing.T) {
	broken := map[Clause][]History{
		Accepts: {did(Event{Kind: Refused, Text: "connection refused"})},
		Prefix:  {did(Event{Kind: DidSend, N: 5}, Event{Kind: Wrong, Text: "another client's byte"})},
		NoMore: {
			did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 6}),
			did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 5}, Event{Kind: Surplus, Text: "1 byte more"}),
		},
		Delivers: {
			did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 4}, Event{Kind: Silence}),
			did(Event{Kind: DidSend, N: 5}, Event{Kind: DidShutdown}, Event{Kind: Silence}),
			did(Event{Kind: DidStop}, Event{Kind: DidSend, N: 5}, Event{Kind: DidCont}, Event{Kind: Silence}),
		},
		FINAfterFIN: {
			did(Event{Kind: SawFIN}),
			did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 5}, Event{Kind: SawFIN}, Event{Kind: DidShutdown}),
		},
		FINAfterAll: {did(Event{Kind: DidSend, N: 5}, Event{Kind: DidShutdown}, Event{Kind: Came, N: 4}, Event{Kind: SawFIN})},
		EndsWithFIN: {did(Event{Kind: DidSend, N: 5}, Event{Kind: DidShutdown}, Event{Kind: Came, N: 5}, Event{Kind: Silence})},
		NoReset: {
			did(Event{Kind: DidSend, N: 5}, Event{Kind: Came, N: 5}, Event{Kind: SawRST}),
			did(Event{Kind: DidSend, N: 5}, Event{Kind: DidShutdown}, Event{Kind: Came, N: 5}, Event{Kind: SawRST}),
			// another client's reset excuses nothing
			did(Event{Conn: 2, Kind: DidReset}, Event{Kind: DidSend, N: 5}, Event{Kind: SawRST}),
		},
		LivesOn: {did(Event{Kind: Died, Text: "exited with status 1"})},
	}
	for _, clause := range []Clause{Accepts, Prefix, NoMore, Delivers, FINAfterFIN, FINAfterAll, EndsWithFIN, NoReset, LivesOn} {
		if len(broken[clause]) == 0 {
			t.Errorf("no history breaks %q", clause)
		}
		for i, h := range broken[clause] {
			found := Judge(h)
			if len(found) != 1 || found[0].Clause != clause {
				t.Errorf("%q, history %d: %+v", clause, i, found)
			}
		}
	}
}

// TestTheFirstBrokenPromiseCounts: one for each connection, in the order in which they showed.
func TestTheFirstBrokenPromiseCounts(t *testing.T) {
	found := Judge(did(
		Event{Conn: 2, Kind: DidSend, N: 5}, Event{Conn: 2, Kind: SawFIN, Step: 3},
		Event{Kind: DidSend, N: 5}, Event{Kind: SawRST, Step: 4},
		Event{Conn: 2, Kind: SawRST, Step: 5},
	))
	var shown []int
	for _, v := range found {
		shown = append(shown, v.Step)
	}
	if !slices.Equal(shown, []int{3, 4}) {
		t.Errorf("%+v", found)
	}
}
