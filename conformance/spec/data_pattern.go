package spec

import "time"

// dataPatternChecks: bytes that are all alike.
var dataPatternChecks = []Check{repetition}

var repetition = Check{
	Slug:   "data/compress-pattern",
	Level:  MUST,
	Says:   "A stream of zeros comes back like one of random bytes. What each of them costs the server is reported.",
	Source: "RFC 862",
	Why: "Copiers look for holes, and tunnels compress: blocks of zeros are then left out, or so cheap that a load test with them " +
		"measures something else.",
	Sound: "It waits only for bytes. The figure is the cheapest of five rounds in CPU time of the server, and nothing is demanded of it.",
	Run: func(t *T) {
		const size, rounds = 1 << 20, 5
		zeros, random := make([]byte, size), make([]byte, size)
		NewStream(t.Seed, 0).Fill(random, 0)
		c := t.Dial(quietly)
		ofZeros, ofRandom := time.Duration(1<<62), time.Duration(1<<62)
		for range rounds {
			ofZeros = min(ofZeros, t.costOf(func() { c.EchoRaw(zeros) }))
			ofRandom = min(ofRandom, t.costOf(func() { c.EchoRaw(random) }))
		}
		t.Infof("a MiB of zeros costs %.0f µs of CPU, of random bytes %.0f µs", micros(ofZeros), micros(ofRandom))
	},
}

// costOf is the server's CPU time while f runs.
func (t *T) costOf(f func()) time.Duration {
	before := t.Server().runnable().cpu
	f()
	return t.Server().runnable().cpu - before
}
