package spec

import (
	"fmt"
	"slices"
	"time"
)

// connFairChecks: who is served while many others are.
var connFairChecks = []Check{fairManyFlood, fairThroughput, floodOfConnects, sparseDescriptors, idleMinutes}

var fairManyFlood = Check{
	Slug:   "conn/fair-many-flood",
	Level:  SHOULD,
	Says:   "Eight clients that send and read without pause do not keep the server from answering another.",
	Source: "RFC 862",
	Why: "A loop that is fair to one flooder can still starve the quiet: a list that is worked through from the front each time, a " +
		"ready queue in which the busy overtake.",
	Sound: "Counted as in conn/fair-flood: what the flooders are served while the other waits, not the time.",
	Run: func(t *T) {
		other := t.Dial()
		other.Ping()
		flood := t.Flood(t.DialMany(8))
		for range 10 {
			flood.Ping(other)
		}
	},
}

// leastShare is what the least served of equal clients must have, of what the best served one has.
const leastShare = 0.25

var fairThroughput = Check{
	Slug:   "conn/fair-throughput",
	Level:  SHOULD,
	Says:   "Of four clients that send and read without pause the least served one gets at least a quarter of what the best served one gets.",
	Source: "RFC 862",
	Why:    "A loop that reads one connection until it is empty, or always begins with the lowest descriptor, serves one and feeds the others scraps.",
	Sound: "Bytes are compared with bytes of the same time, so a slow machine slows all four; the client gives each of them the same " +
		"turns. One even stretch of three is enough.",
	Run: func(t *T) {
		conns := t.DialMany(4)
		flood := t.Flood(conns)
		var shares []int64
		for range 3 {
			shares = flood.shares(conns, int64(t.pick(64, 256))<<20)
			if least, most := shares[0], shares[len(shares)-1]; float64(least) >= leastShare*float64(most) {
				t.Eventf("%s bytes for the least served, %s for the best served", group(least), group(most))
				return
			}
		}
		t.Fatal("a quarter of what the best served client gets, for each of four",
			fmt.Sprintf("%s and %s bytes, three times in a row", group(shares[0]), group(shares[len(shares)-1])))
	},
}

// shares lets the flood go on until the server has echoed so many bytes more, and returns how much each connection got
// of that, the least first.
func (f *flood) shares(conns []*Conn, total int64) []int64 {
	before := make([]int64, len(conns))
	for i, c := range conns {
		before[i] = c.received
	}
	for goal := f.echoed() + total; f.echoed() < goal; {
		f.turn(AtOnce)
	}
	shares := make([]int64, len(conns))
	for i, c := range conns {
		shares[i] = c.received - before[i]
	}
	slices.Sort(shares)
	return shares
}

var floodOfConnects = Check{
	Slug:   "conn/flood-of-connects",
	Level:  SHOULD,
	Says:   "While new clients pour in, those who are there already are served.",
	Source: "accept(2)",
	Why: "A loop that accepts until nobody waits, and does something slow for each newcomer (a name looked up, a handshake, a line " +
		"of log), is away for as long as the crowd keeps coming.",
	Sound: "The one who is there waits for its answer with the whole patience of the suite, behind fifty newcomers at a time.",
	Run: func(t *T) {
		c := t.Dial()
		c.Ping()
		for range t.pick(8, 40) {
			crowd := t.DialBurst(50)
			c.ping()
			for _, newcomer := range crowd {
				newcomer.release()
			}
		}
	},
}

var sparseDescriptors = Check{
	Slug:  "conn/max-fd-sparse",
	Level: MUST,
	Says: "When nine of ten clients have left, and others have come in their place, those who stayed and those who came MUST each " +
		"be served as their own.",
	Source: "POSIX: open returns the lowest free descriptor",
	Why: "Tables that are kept dense move the last client into the gap, arrays by descriptor are not cleared, and one of a thousand " +
		"is then found in the wrong place.",
	Sound: "It waits until the kernel has forgotten those who left, and then for bytes, each of which says whose it is.",
	Fresh: true,
	Run: func(t *T) {
		t.Barrier()
		conns := t.DialMany(t.pick(400, 900))
		t.EchoAll(conns, 100, AtOnce)
		var staying, leaving []*Conn
		for i, c := range conns {
			if i%10 == 0 {
				staying = append(staying, c)
			} else {
				leaving = append(leaving, c)
			}
		}
		closeAll(leaving)
		t.WaitFor(t.Gone(leaving))
		t.EchoAll(staying, 1000, AtOnce)
		t.EchoAll(append(staying, t.DialMany(len(leaving)/2)...), 1000, AtOnce)
	},
}

var idleMinutes = Check{
	Slug:    "conn/idle-minutes",
	Level:   MUST,
	Says:    "The server MUST NOT end a connection that has been silent for five minutes.",
	Source:  "RFC 862: the echo goes on until the client ends it",
	Why:     "Idle timeouts of one or two minutes are common defaults, which conn/server-does-not-close-first is too short to see.",
	Sound:   "Silence gives a wrong server the time to show itself; a right one has nothing to do in it.",
	Profile: Torture,
	Budget:  10 * time.Minute,
	Quiet:   true,
	Run: func(t *T) {
		silent, used := t.Dial(), t.Dial()
		used.Ping()
		t.Sleep(t.long(5 * time.Minute))
		silent.Ping()
		used.Ping()
	},
}
