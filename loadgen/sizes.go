package main

import "math/rand/v2"

// A sizes says how long the requests are: which, is a pure function of seed, connection and request number, and costs a look into a
// table.
type sizes struct {
	table []int64
	turn  bool // each connection takes the table in turn from its beginning; else connections begin at places of their own
}

// A SizeShare is one size of a mix.
type SizeShare struct {
	Bytes int     `json:"bytes"`
	Share float64 `json:"share"` // of the requests; all shares together are 1
}

func fixedSize(bytes int) sizes { return sizes{table: []int64{int64(bytes)}} }

func ladder(bytes []int) sizes {
	s := sizes{turn: true}
	for _, n := range bytes {
		s.table = append(s.table, int64(n))
	}
	return s
}

// mixTable is how many requests of a mix pass before it comes round again. Each share is kept exactly to 1/4096 within it, where
// a draw for each request would let a rare large size come 5 times in one run and 15 times in the next.
const mixTable = 4096

// mixed deals the shares out over a table and shuffles it.
func mixed(shares []SizeShare, seed uint64) sizes {
	table := make([]int64, 0, mixTable)
	sum := 0.0
	for _, s := range shares {
		sum += s.Share
		for len(table) < int(sum*mixTable+0.5) {
			table = append(table, int64(s.Bytes))
		}
	}
	rand.New(rand.NewPCG(seed, sizeStream)).Shuffle(len(table), func(i, j int) { table[i], table[j] = table[j], table[i] })
	return sizes{table: table}
}

// sizeStride spreads the connections over the table; it is odd, so that the table's length has no part in common with it.
const sizeStride = 2531

// at is the length of request k of a connection.
func (s sizes) at(connection int, k int64) int64 {
	if len(s.table) == 1 {
		return s.table[0]
	}
	if !s.turn {
		k += int64(connection) * sizeStride
	}
	return s.table[k%int64(len(s.table))]
}

// mean is the mean length over the table.
func (s sizes) mean() float64 {
	var sum int64
	for _, n := range s.table {
		sum += n
	}
	return float64(sum) / float64(len(s.table))
}

// largest is the longest request.
func (s sizes) largest() int {
	var most int64
	for _, n := range s.table {
		most = max(most, n)
	}
	return int(most)
}
