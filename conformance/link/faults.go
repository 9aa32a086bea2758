// Package link is a network link between two ends that loses, delays, reorders, doubles and damages packets as a seed says.
//
// What becomes of a packet is a function of the seed, its direction and its number in that direction, so a run can be
// repeated as far as the two kernels send the same packets again. Their timing is real.
package link

import (
	"math/rand/v2"
	"time"
)

// Faults say what a link does to packets. The zero value is a perfect link.
type Faults struct {
	Loss      float64 // shares of the packets, 0 to 1; see spared
	Corrupt   float64 // one bit is flipped, of which the checksums tell the far kernel
	Duplicate float64 // comes twice
	Reorder   float64 // is overtaken by those behind it
	Reset     float64 // of those from A with data: replaced by a RST of the same place in the stream

	Delay  time.Duration // of every packet
	Jitter time.Duration // the delay is within Delay ± Jitter
}

// A Direction is the way of a packet.
type Direction int

// The two directions.
const (
	AToB Direction = iota
	BToA
)

// A Fate is what becomes of one packet.
type Fate struct {
	Lost, Doubled, Late, Reset bool

	Corrupt bool
	Bit     uint64        // which bit flips, modulo the packet's bits
	Delay   time.Duration // not less than 0
}

// lateBy is how much longer than others a packet takes that is to be overtaken.
func (f Faults) lateBy() time.Duration { return 2*(f.Delay+f.Jitter) + 3*time.Millisecond }

// spared is every how manieth packet gets through unharmed. So no more than two in a row are lost, and TCP, which doubles its
// patience with every loss, comes to its third try within about a second. Without it a right server would fail once in
// some thousand runs.
const spared = 3

// Fate tells what becomes of the packet with a number, from 0.
func (f Faults) Fate(seed uint64, d Direction, number int) Fate {
	random := rand.New(rand.NewPCG(seed, uint64(d)<<62|uint64(number)))
	fate := Fate{
		Lost:    random.Float64() < f.Loss,
		Corrupt: random.Float64() < f.Corrupt,
		Doubled: random.Float64() < f.Duplicate,
		Late:    random.Float64() < f.Reorder,
		Reset:   random.Float64() < f.Reset && d == AToB,
		Bit:     random.Uint64(),
		Delay:   f.Delay,
	}
	if f.Jitter > 0 {
		fate.Delay += time.Duration(random.Int64N(int64(2*f.Jitter))) - f.Jitter
	}
	if fate.Late {
		fate.Delay += f.lateBy()
	}
	if number%spared == spared-1 {
		fate.Lost, fate.Corrupt = false, false
	}
	fate.Delay = max(fate.Delay, 0)
	return fate
}
