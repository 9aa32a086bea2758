//go:build unix

package backend

// pages are an array that grows without moving anything: a slice that doubles leaves its old halves to the garbage collector, and up to
// half of the new one unused.
type pages[T any] []*[pageEntries]T

const pageEntries = 256

// at is the entry of a number below len.
func (p pages[T]) at(number int) *T {
	return &p[uint(number)/pageEntries][uint(number)%pageEntries]
}

func (p pages[T]) len() int { return len(p) * pageEntries }

// grow makes room for number.
func (p *pages[T]) grow(number int) {
	for number >= p.len() {
		*p = append(*p, new([pageEntries]T))
	}
}
