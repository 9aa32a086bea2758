package spec

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStreamIsAFunctionOfOffset: cut anywhere, filled in any pieces, the stream is the same.
func TestStreamIsAFunctionOfOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewStream(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 1<<24-1).Draw(t, "connection"))
		whole := make([]byte, 300)
		offset := rapid.Int64Range(0, 1<<42).Draw(t, "offset")
		s.Fill(whole, offset)
		from := rapid.IntRange(0, len(whole)).Draw(t, "from")
		to := rapid.IntRange(from, len(whole)).Draw(t, "to")
		part := make([]byte, to-from)
		s.Fill(part, offset+int64(from))
		if !bytes.Equal(part, whole[from:to]) {
			t.Fatalf("bytes %d to %d differ when they are made alone", from, to)
		}
	})
}

func TestMixIsInvertible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64().Draw(t, "x")
		if got := unmix(mix(x)); got != x {
			t.Fatalf("unmix(mix(%#x)) = %#x", x, got)
		}
	})
}

func TestConnectionsDiffer(t *testing.T) {
	a, b := make([]byte, 64), make([]byte, 64)
	NewStream(1, 1).Fill(a, 0)
	for name, other := range map[string]Stream{"another connection": NewStream(1, 2), "another seed": NewStream(2, 1)} {
		if other.Fill(b, 0); bytes.Equal(a, b) {
			t.Errorf("%s has the same bytes", name)
		}
	}
}

// sentEach is what every connection of these tests has sent.
const sentEach = 1 << 20

// stream1 returns n bytes of connection 1 from an offset on.
func stream1(offset int64, n int) []byte { return streamOf(1, offset, n) }

func streamOf(connection int, offset int64, n int) []byte {
	b := make([]byte, n)
	NewStream(7, connection).Fill(b, offset)
	return b
}

func TestDiagnosis(t *testing.T) {
	const at = 4099 // not the start of a word
	damaged := stream1(at, 100)
	damaged[0] ^= 0x20
	damaged[1] ^= 0x20
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"gap of a byte", stream1(at+1, 100), "a gap: 1 byte is missing, then the stream goes on at offset 4 100"},
		{"gap of a block", stream1(at+65536, 100), "a gap: 65 536 bytes are missing, then the stream goes on at offset 69 635"},
		{"repeated block", stream1(at-4096, 100), "a repeated block: the bytes of offset 3 came again"},
		{"blocks swapped", append(stream1(at+512, 512), stream1(at, 512)...),
			"reordered: the bytes of offset 4 611 before those of offset 4 099"},
		{"another client", streamOf(2, 17, 100), "the bytes of another client: connection 2, offset 17"},
		{"zero hole", append(make([]byte, 24), stream1(at+24, 100)...), "a hole: 24 zero bytes stand where data was sent"},
		{"two bytes altered", damaged, "2 bytes are altered, and what follows is right"},
		{"foreign bytes in front", append([]byte("hello, "), stream1(at+9, 100)...), "7 bytes that nobody sent, then the bytes of offset 4 108"},
		{"noise", bytes.Repeat([]byte("noise "), 20), "bytes that no connection sent"},
		{"too little to tell", []byte{0xff}, "bytes that no connection sent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := view{NewStream(7, 1), at, test.got, func(connection int) int64 {
				if connection == 1 || connection == 2 {
					return sentEach
				}
				return 0
			}}
			if got := v.diagnose(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestDiagnosisNeverInventsAnOrigin: random bytes are nobody's, because an origin must be a connection that exists and an
// offset that it has reached.
func TestDiagnosisNeverInventsAnOrigin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noise := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "noise")
		v := view{NewStream(7, 1), 0, noise, func(int) int64 { return 0 }}
		if _, _, _, ok := v.locate(); ok {
			t.Fatal("an origin was found though nobody has sent anything")
		}
	})
}

func TestHexLine(t *testing.T) {
	if got, want := hexLine([]byte("ab\x00")), "61 62 00  |ab.|"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 7864320: "7 864 320"} {
		if got := group(n); got != want {
			t.Errorf("group(%d) = %q, want %q", n, got, want)
		}
	}
	if got := plural(1, "byte", "bytes") + strings.Repeat("!", 1); got != "1 byte!" {
		t.Error(got)
	}
}
