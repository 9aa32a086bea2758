package main

import (
	"bytes"
	"errors"
	"testing"
)

// payloadBytes gives n bytes of a connection's payload from an offset on, by the definition and not by the table's tricks.
func payloadBytes(p *payload, connection int, offset int64, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = p.table[(int64(connection)*payloadStride+offset+int64(i))%payloadPeriod]
	}
	return out
}

func TestPayloadFollowsFromSeedConnectionAndOffset(t *testing.T) {
	p := newPayload(7)
	if !bytes.Equal(p.table, newPayload(7).table) || bytes.Equal(p.table, newPayload(8).table) {
		t.Error("the table does not follow from the seed")
	}
	starts := make(map[int]bool)
	for c := range 20_000 {
		starts[p.start(c)] = true
	}
	if len(starts) != 20_000 {
		t.Errorf("20 000 connections begin at %d places", len(starts))
	}
	place := p.start(3)
	for offset := int64(0); offset < 1_000_000; offset += 65_521 { // several periods, pieces across their ends
		at := advance(place, int(offset))
		if !bytes.Equal(p.piece(at, 70_000), payloadBytes(p, 3, offset, 70_000)) {
			t.Fatalf("the piece at offset %d differs", offset)
		}
	}
}

func TestEveryWrongByteIsFound(t *testing.T) {
	p := newPayload(1)
	right := payloadBytes(p, 5, 1000, 64)
	place := advance(p.start(5), 1000)
	if err := p.verify(right, 5, 1000, place); err != nil {
		t.Fatalf("right bytes: %v", err)
	}
	for i := range right {
		got := bytes.Clone(right)
		got[i] ^= 1
		var wrong *mismatch
		if err := p.verify(got, 5, 1000, place); !errors.As(err, &wrong) || wrong.offset != 1000+int64(i) || wrong.connection != 5 {
			t.Fatalf("byte %d wrong: %v", i, err)
		}
	}
}

func TestShiftedAndMixedUpBytesAreFoundAndExplained(t *testing.T) {
	p := newPayload(1)
	place := p.start(5)
	for name, c := range map[string]struct {
		got   []byte
		shift int64
	}{
		"64 bytes missing":           {payloadBytes(p, 5, 64, 64), 64},
		"64 bytes twice":             {payloadBytes(p, 5, payloadPeriod-64, 64), -64}, // one period on is the same place
		"zeros where data should be": {make([]byte, 64), 0},
		"a short rest":               {[]byte{^p.table[place]}, 0},
	} {
		var wrong *mismatch
		if err := p.verify(c.got, 5, 0, place); !errors.As(err, &wrong) || wrong.shift != c.shift {
			t.Errorf("%s: %v, want shift %d", name, err, c.shift)
		}
	}
	// Neither a lost buffer of any size that servers use nor a reply to somebody else looks right.
	for size := int64(1); size <= 64<<20; size *= 2 {
		if p.verify(payloadBytes(p, 5, size, 64), 5, 0, place) == nil {
			t.Errorf("%d missing bytes go unseen", size)
		}
	}
	for other := range 2000 {
		if other != 5 && p.verify(payloadBytes(p, other, 0, 64), 5, 0, place) == nil {
			t.Errorf("the echo of connection %d goes unseen on connection 5", other)
		}
	}
}
