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
		zeros, random := make([]byte, 32<<10), make([]byte, 32<<10)
		NewStream(t.Seed, 0).Fill(random, 0)
		ofZeros, ofRandom := time.Duration(1<<62), time.Duration(1<<62)
		for range 5 {
			ofZeros = min(ofZeros, t.costOfBlocks(zeros))
			ofRandom = min(ofRandom, t.costOfBlocks(random))
		}
		t.Infof("a block of 32 KiB of zeros costs %.1f µs of CPU, of random bytes %.1f µs", micros(ofZeros), micros(ofRandom))
	},
}

// costOfBlocks is the server's CPU time for the echo of a block, one of some on a connection of their own.
func (t *T) costOfBlocks(block []byte) time.Duration {
	const blocks = 16
	c := t.Dial(quietly)
	c.ping()
	before := t.Server().runnable().cpu
	for range blocks {
		c.EchoRaw(block)
	}
	spent := t.Server().runnable().cpu - before
	c.Close()
	return spent / blocks
}
