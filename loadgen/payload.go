package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// payloadPeriod is after how many bytes a stream repeats. It is prime, so no shift by a number of messages or by a server's
// buffer, which are powers of two, looks like no shift; and it is small enough for the table to stay in a core's cache.
const payloadPeriod = 131_071

// largestPiece is the most that one write sends and one read takes.
const largestPiece = 256 << 10

// A payload describes itself: what stands at an offset of a connection's stream follows from the seed, the connection and the
// offset alone. So every byte that comes back is compared, without keeping what was sent, and the bytes to send are a piece of
// the table that needs no copy:
//
//	byte(connection, offset) = table[(connection × payloadStride + offset) mod payloadPeriod]
type payload struct {
	table []byte // payloadPeriod random bytes, repeated so that any piece is contiguous; read-only, shared by all engines
}

// payloadStride spreads the connections over the period: the golden ratio of it, so neighbours lie far apart and, the period
// being prime, all of the first 131 071 connections differ.
const payloadStride = 81_006

func newPayload(seed uint64) *payload {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	table := make([]byte, payloadPeriod+largestPiece)
	rand.NewChaCha8(key).Read(table[:payloadPeriod])
	for i := payloadPeriod; i < len(table); {
		i += copy(table[i:], table[:payloadPeriod])
	}
	return &payload{table: table}
}

// start is the place in the table of a connection's first byte.
func (p *payload) start(connection int) int {
	return int(int64(connection) * payloadStride % payloadPeriod)
}

// piece is n bytes from a place in the table.
func (p *payload) piece(place, n int) []byte { return p.table[place : place+n] }

// advance moves a place by n bytes.
func advance(place, n int) int { return (place + n) % payloadPeriod }

// A mismatch is the first byte of an echo that is not what was sent.
type mismatch struct {
	connection int
	offset     int64 // in the connection's stream
	got, want  byte
	shift      int64 // what came belongs this many bytes later in the stream; 0: it belongs nowhere near
}

func (m *mismatch) Error() string {
	text := fmt.Sprintf("wrong byte at offset %d of connection %d: sent %#02x, got %#02x", m.offset, m.connection, m.want, m.got)
	switch {
	case m.shift > 0:
		text += fmt.Sprintf("; what came belongs %d bytes later, so %d bytes are missing", m.shift, m.shift)
	case m.shift < 0:
		text += fmt.Sprintf("; what came belongs %d bytes earlier, so bytes came twice", -m.shift)
	}
	return text
}

// verify compares got with the stream of a connection from offset on; place is the place of that offset.
func (p *payload) verify(got []byte, connection int, offset int64, place int) error {
	want := p.piece(place, len(got))
	if bytes.Equal(got, want) { // one comparison of whole vectors, far cheaper than a loop
		return nil
	}
	first := 0
	for got[first] == want[first] {
		first++
	}
	return &fault{wrongBytes, &mismatch{
		connection: connection,
		offset:     offset + int64(first),
		got:        got[first],
		want:       want[first],
		shift:      p.shift(got[first:], advance(place, first)),
	}}
}

// shift finds where in the stream the wrong bytes belong. Eight bytes are enough to be found only by right.
func (p *payload) shift(got []byte, place int) int64 {
	if len(got) < 8 {
		return 0
	}
	found := bytes.Index(p.table[:payloadPeriod+7], got[:8])
	if found < 0 {
		return 0
	}
	distance := (found - place + payloadPeriod) % payloadPeriod
	if distance > payloadPeriod/2 {
		distance -= payloadPeriod
	}
	return int64(distance)
}
