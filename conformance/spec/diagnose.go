package spec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// A view is what a reader holds when a byte is wrong: where, and what came from there on.
type view struct {
	stream Stream
	offset int64                      // of the first wrong byte
	got    []byte                     // from that byte on; the longer, the surer the diagnosis
	sent   func(connection int) int64 // how much a connection has sent; 0 for one that does not exist
}

// diagnose says in words what a stream's wrong bytes are, most specific first.
func (v view) diagnose() string {
	if n := zeroes(v.got); n >= 8 {
		return fmt.Sprintf("a hole: %s zero bytes stand where data was sent", group(int64(n)))
	}
	if n := v.changed(); n > 0 {
		return fmt.Sprintf("%s altered, and what follows is right", plural(int64(n), "byte is", "bytes are"))
	}
	connection, from, skip, ok := v.locate()
	if !ok {
		return "bytes that no connection sent"
	}
	switch {
	case skip > 0:
		return fmt.Sprintf("%s that nobody sent, then the bytes of offset %s", plural(int64(skip), "byte", "bytes"), group(from))
	case connection != int(v.stream.conn):
		return fmt.Sprintf("the bytes of another client: connection %d, offset %s", connection, group(from))
	case from < v.offset:
		return fmt.Sprintf("a repeated block: the bytes of offset %s came again", group(from))
	case v.comesLater():
		return fmt.Sprintf("reordered: the bytes of offset %s before those of offset %s", group(from), group(v.offset))
	}
	return fmt.Sprintf("a gap: %s missing, then the stream goes on at offset %s", plural(from-v.offset, "byte is", "bytes are"), group(from))
}

func zeroes(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\x00")) }

// changed counts the bytes at the start that differ before the stream is right again for a whole word.
func (v view) changed() int {
	want := make([]byte, min(len(v.got), 4096))
	v.stream.Fill(want, v.offset)
	for n := 1; n+8 <= len(want); n++ {
		if bytes.Equal(v.got[n:n+8], want[n:n+8]) {
			return n
		}
	}
	return 0
}

// locate finds the stream that the bytes belong to. A word may begin at any of the next eight bytes; skip counts bytes
// before it that do not belong to that stream.
func (v view) locate() (connection int, offset int64, skip int, ok bool) {
	for at := 0; at+8 <= len(v.got) && at < 64; at++ {
		k, w := v.stream.origin(binary.LittleEndian.Uint64(v.got[at:]))
		start := int64(w) * 8
		if sent := v.sent(k); sent == 0 || start >= sent {
			continue
		}
		skip = v.foreignBefore(k, start, at)
		return k, start - int64(at-skip), skip, true
	}
	return 0, 0, 0, false
}

// foreignBefore counts how many of the first at bytes are not the ones that precede start in connection k's stream.
func (v view) foreignBefore(k int, start int64, at int) int {
	source := v.stream
	source.conn = uint64(k)
	before := make([]byte, min(int64(at), start))
	source.Fill(before, start-int64(len(before)))
	same := 0
	for same < len(before) && before[len(before)-1-same] == v.got[at-1-same] {
		same++
	}
	return at - same
}

// comesLater reports whether the bytes that are missing here stand further down.
func (v view) comesLater() bool {
	want := make([]byte, 16)
	v.stream.Fill(want, v.offset)
	return bytes.Contains(v.got, want)
}

// hexLine shows bytes as hex and ASCII, the form in which people compare them.
func hexLine(b []byte) string {
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = '.'
		if c >= ' ' && c < 0x7f {
			text[i] = c
		}
	}
	return fmt.Sprintf("% x  |%s|", b, text)
}

// group writes a number with a space between thousands: 7 864 320.
func group(n int64) string {
	digits := fmt.Sprint(n)
	first := len(digits) % 3
	var parts []string
	if first > 0 {
		parts = append(parts, digits[:first])
	}
	for i := first; i < len(digits); i += 3 {
		parts = append(parts, digits[i:i+3])
	}
	return strings.Join(parts, " ")
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(n) + " " + many
}
