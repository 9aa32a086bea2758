package simulated

import "math/rand/v2"

// Choices decide whatever may come out one way or another. 0 is always the choice in which nothing odd happens.
type Choices interface {
	Below(n int) int // in [0, n), for n above 0
}

type seeded struct{ *rand.Rand }

func (s seeded) Below(n int) int { return s.IntN(n) }

// Seeded makes the choices of a seed.
func Seeded(seed uint64) Choices { return seeded{rand.New(rand.NewPCG(seed, 0))} }

// Bytes makes the choices that data spells, for a fuzzer: a byte for each 256 possibilities, and 0 for ever when they are used up.
func Bytes(data []byte) Choices { return &bytes{data} }

type bytes struct{ data []byte }

func (b *bytes) Below(n int) int {
	x := 0
	for limit := 1; limit < n && len(b.data) > 0; limit <<= 8 {
		x = x<<8 | int(b.data[0])
		b.data = b.data[1:]
	}
	return x % n
}

// Faults are how often something odd but legal happens, of 256 times that it could.
type Faults struct {
	Interrupt  int // EINTR, from a wait or a call
	Spurious   int // a wait reports what is not ready
	Few        int // a wait reports only some of what is ready
	Late       int // a wait sleeps longer than it was asked to
	Short      int // a read or write takes less than it could
	Again      int // EAGAIN although ready
	Refuse     int // the backend has no memory for an interest
	Accept     int // accept fails for want of something, or because the connection has died
	Descriptor int // no descriptor is left, for one call
}

// strikes decides whether a fault happens now.
func (k *Kernel) strikes(of256 int) bool {
	return of256 > 0 && k.choose.Below(256) >= 256-of256
}
