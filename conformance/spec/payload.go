package spec

import (
	"encoding/binary"
	"math/rand/v2"
)

// A Stream is the endless byte sequence that one connection sends. It is a function, not a buffer: the word at
// offset 8w of connection k is an invertible mix of (seed, k, w), little endian. So a reader verifies any length in
// constant memory, no two places of any two connections look alike, and eight received bytes tell from which
// connection and offset they came (see diagnose).
type Stream struct {
	key  uint64
	conn uint64
}

// connShift leaves 2^40 words, 8 TiB, to each of 2^24 connections.
const connShift = 40

// NewStream returns the stream of a connection. The connection's number must be below 2^24.
func NewStream(seed uint64, connection int) Stream {
	return Stream{key: rand.New(rand.NewPCG(seed, 0)).Uint64(), conn: uint64(connection)}
}

// Fill writes the stream's bytes from offset on into p.
func (s Stream) Fill(p []byte, offset int64) {
	word := uint64(offset) / 8
	if skip := int(offset % 8); skip > 0 {
		var head [8]byte
		binary.LittleEndian.PutUint64(head[:], s.word(word))
		p = p[copy(p, head[skip:]):]
		word++
	}
	for ; len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, s.word(word))
		word++
	}
	if len(p) > 0 {
		var tail [8]byte
		binary.LittleEndian.PutUint64(tail[:], s.word(word))
		copy(p, tail[:])
	}
}

func (s Stream) word(w uint64) uint64 { return mix((s.conn<<connShift | w) ^ s.key) }

// origin inverts a word: the connection and the word's number, if the word came from a stream of this key at all.
// Any eight bytes invert to something, so the caller must ask whether that connection has sent so much.
func (s Stream) origin(word uint64) (connection int, w uint64) {
	x := unmix(word) ^ s.key
	return int(x >> connShift), x & (1<<connShift - 1)
}

// mix is the finalizer of MurmurHash3 (public domain): a bijection in which each input bit flips every output bit
// with probability near one half.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// unmix undoes mix: a shift by more than half the width undoes itself, an odd factor is undone by its inverse modulo 2^64.
func unmix(x uint64) uint64 {
	x ^= x >> 33
	x *= inverse(0xc4ceb9fe1a85ec53)
	x ^= x >> 33
	x *= inverse(0xff51afd7ed558ccd)
	return x ^ x>>33
}

// inverse finds 1/a modulo 2^64 for odd a. Each step of Newton's method doubles the number of right bits, from three.
func inverse(a uint64) uint64 {
	x := a
	for range 5 {
		x *= 2 - a*x
	}
	return x
}
