package schedule

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// drawn is a schedule from a drawn seed, so that rapid shrinks the seed's limits and names it on failure.
func drawn(t *rapid.T) (Schedule, Limits) {
	l := Limits{
		Commands: rapid.IntRange(1, 60).Draw(t, "commands"),
		Bytes:    rapid.Int64Range(1, MaxBytes).Draw(t, "bytes"),
		Stops:    rapid.Bool().Draw(t, "stops"),
	}
	seed := rapid.Uint64().Draw(t, "seed")
	return Generate(rand.New(rand.NewPCG(seed, 0)), l), l
}

// TestGeneratedSchedules are legal, within their limits, and are read again as they were printed.
func TestGeneratedSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := drawn(t)
		if err := s.Legal(); err != nil {
			t.Fatalf("%v in\n%s", err, s)
		}
		if len(s) == 0 || len(s) > l.Commands || !l.Stops && s.Stops() {
			t.Fatalf("beyond %+v:\n%s", l, s)
		}
		for _, c := range s {
			if c.Verb == Send && c.N > l.Bytes {
				t.Fatalf("%v is more than %d bytes", c, l.Bytes)
			}
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%v: printed\n%sread\n%s", err, s, again)
		}
	})
}

func TestASeedDrawsTheSameSchedule(t *testing.T) {
	l := Limits{Commands: 40, Bytes: 1 << 20, Stops: true}
	for seed := range uint64(50) {
		one, two := Generate(rand.New(rand.NewPCG(seed, 1)), l), Generate(rand.New(rand.NewPCG(seed, 1)), l)
		if one.String() != two.String() {
			t.Fatalf("seed %d draws\n%sand\n%s", seed, one, two)
		}
	}
}

// TestTheGeneratorReachesEverything: no verb is out of its reach, and neither are the situations that the model is about.
func TestTheGeneratorReachesEverything(t *testing.T) {
	verbsSeen, most, sendThenShutdown := map[Verb]bool{}, 0, false
	for seed := range uint64(200) {
		conns := map[int]bool{}
		s := Generate(rand.New(rand.NewPCG(seed, 2)), Limits{Commands: 40, Bytes: 8 << 20, Stops: true})
		for i, c := range s {
			verbsSeen[c.Verb] = true
			conns[c.Conn] = conns[c.Conn] || c.Conn > 0
			if i > 0 && c.Verb == Shutdown && s[i-1].Verb == Send && s[i-1].N >= 8<<20 && s[i-1].Conn == c.Conn {
				sendThenShutdown = true
			}
		}
		most = max(most, len(conns))
	}
	if len(verbsSeen) != len(verbs) || most < MaxConns || !sendThenShutdown {
		t.Errorf("verbs %v, at most %d connections, a backlog at FIN: %v", verbsSeen, most, sendThenShutdown)
	}
}

// TestShrinking keeps the failure, and leaves no command that could go.
func TestShrinking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawn(t)
		verb := s[rapid.IntRange(0, len(s)-1).Draw(t, "culprit")].Verb
		fails := func(s Schedule) bool {
			for _, c := range s {
				if c.Verb == verb {
					return true
				}
			}
			return false
		}
		short := Shrink(s, 10_000, func(s Schedule) bool {
			if err := s.Legal(); err != nil {
				t.Fatalf("asked to run what cannot be: %v\n%s", err, s)
			}
			return fails(s)
		})
		if !fails(short) || len(short) > len(s) {
			t.Fatalf("\n%sbecame\n%s", s, short)
		}
		for i := range short {
			if shorter := without(short, i, i+1); len(shorter) < len(short) && len(shorter) > 0 && fails(shorter) {
				t.Fatalf("%v could go from\n%s", short[i], short)
			}
		}
	})
}
