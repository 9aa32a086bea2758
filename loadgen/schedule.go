package main

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"
)

// A Schedule decides when requests are due.
//
// The closed loop (Open is nil) sends the next request on a connection when fewer than Depth are in flight, so a slow server is
// asked less often. Its latencies are service times: they do not tell what users who keep coming at a rate of their own would wait.
//
// The open loop sends at planned times, whatever came back. Depth bounds what it has in flight on each connection, 0 does not: a
// request that finds no place waits in the client, and its response time runs from its planned time all the same.
type Schedule struct {
	Depth int
	Open  *Profile
}

// Due is how many requests the closed loop sends now on a connection that has inFlight requests unanswered.
func (s Schedule) Due(inFlight int) int { return s.Depth - inFlight }

func (s Schedule) limit() int64 {
	if s.Open != nil && s.Depth == 0 {
		return noLimit
	}
	return int64(s.Depth)
}

// ringSize is how many requests of a connection have a place from the start. The closed loop never needs more; the open loop grows
// where requests pile up, and begins with room for some milliseconds of a high rate.
func (s Schedule) ringSize(conns int) int {
	if s.Open == nil {
		return powerOfTwo(s.Depth)
	}
	return powerOfTwo(max(16, 1<<16/conns))
}

func powerOfTwo(atLeast int) int { return 1 << bits.Len(uint(atLeast-1)) }

// A Profile is the plan of an open loop: rates over time, and how arrivals lie around them. Together with a seed it gives one
// sequence of planned times, always the same; nothing that happens in a run can change it.
type Profile struct {
	Poisson bool    // exponential gaps, as of many independent users; else even ones
	Pieces  []Piece // the last one's end rate goes on for ever
	Trace   []int64 // instead of both: gaps in ns, of which the first is before the first arrival, over and over again
}

// A Piece is a stretch of time in which the rate goes evenly from one value to another.
type Piece struct {
	From, To float64 // requests per second
	For      time.Duration
}

// steady is the profile of the warm-up: the rate at which p begins, at least a hundredth of the highest, so that a ramp from nothing
// does not begin with a cold server.
func (p *Profile) steady() *Profile {
	if p.Trace != nil {
		return p
	}
	var highest float64
	for _, piece := range p.Pieces {
		highest = max(highest, piece.From, piece.To)
	}
	rate := max(p.Pieces[0].From, highest/100)
	return &Profile{Poisson: p.Poisson, Pieces: []Piece{{From: rate, To: rate}}}
}

// mean is how many requests a second are expected within a window.
func (p *Profile) mean(window time.Duration) float64 {
	if p.Trace != nil {
		var sum int64
		for _, gap := range p.Trace {
			sum += gap
		}
		return float64(len(p.Trace)) / (float64(sum) / 1e9)
	}
	var expected float64
	left := window.Seconds()
	for _, piece := range p.Pieces {
		length := min(left, piece.For.Seconds())
		if length > 0 {
			end := piece.From + (piece.To-piece.From)*length/piece.For.Seconds()
			expected += (piece.From + end) / 2 * length
			left -= length
		}
	}
	return (expected + p.Pieces[len(p.Pieces)-1].To*left) / window.Seconds()
}

// Arrivals are the planned times of a profile, one after the other, in ns from its origin. It allocates nothing after its start.
//
// Several engines share one profile by dealing its arrivals out: engine i of n takes arrivals i, i+n, i+2n, ... of the same sequence.
// So n engines send exactly what one would, wherever they run; and every n-th arrival needs no more than the seed to be known.
type Arrivals struct {
	profile *Profile
	random  *rand.Rand
	stride  int

	next  int64   // planned time of the next arrival of this engine
	count int64   // arrivals of the whole profile up to and with next
	mass  float64 // expected arrivals up to next: the profile's own time, in which arrivals have rate 1
	piece int
	base  float64 // ns at which piece begins
	spent float64 // expected arrivals before piece
	trace int64   // ns of the last arrival of a trace
}

// arrivals begins the share-th of so many sequences. Draws with the same seed and stream are equal.
func (p *Profile) arrivals(seed, stream uint64, share, shares int) *Arrivals {
	a := &Arrivals{profile: p, random: rand.New(rand.NewPCG(seed, stream)), stride: shares}
	a.step(share + 1)
	return a
}

// peek is the planned time of the next arrival.
func (a *Arrivals) peek() int64 { return a.next }

// pop moves to the next arrival of this engine.
func (a *Arrivals) pop() { a.step(a.stride) }

func (a *Arrivals) step(arrivals int) {
	for range arrivals {
		switch p := a.profile; {
		case p.Trace != nil:
			a.trace += p.Trace[a.count%int64(len(p.Trace))]
		case p.Poisson:
			a.mass += a.random.ExpFloat64()
		case a.count > 0: // even arrivals begin at the origin
			a.mass++
		}
		a.count++
	}
	if a.profile.Trace != nil {
		a.next = a.trace
		return
	}
	a.next = int64(a.when())
}

// when turns mass into ns: it finds the piece and inverts the integral of its rate,
//
//	expected(t) = from·t + (to − from)·t² / (2·length)
func (a *Arrivals) when() float64 {
	pieces := a.profile.Pieces
	for a.piece < len(pieces) {
		piece := pieces[a.piece]
		from, to, length := piece.From/1e9, piece.To/1e9, float64(piece.For)
		if whole := (from + to) / 2 * length; a.mass-a.spent >= whole {
			a.spent += whole
			a.base += length
			a.piece++
			continue
		}
		expected := a.mass - a.spent
		return a.base + 2*expected/(from+math.Sqrt(max(0, from*from+2*expected*(to-from)/length)))
	}
	last := pieces[len(pieces)-1].To / 1e9
	return min(a.base+(a.mass-a.spent)/last, math.MaxInt64/2) // a profile that ends with rate 0 has no further arrival
}
