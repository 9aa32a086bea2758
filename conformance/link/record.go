package link

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// A recorder writes packets as pcapng, which wireshark and tcpdump read.
type recorder struct {
	w      io.Writer
	failed error
}

// The blocks, options and numbers are those of draft-ietf-opsawg-pcapng. Our byte order is little endian.
const (
	sectionHeader   = 0x0a0d0d0a
	byteOrder       = 0x1a2b3c4d
	interfaceBlock  = 1
	packetBlock     = 6
	linkTypeRaw     = 101 // packets begin with IP
	optionComment   = 1
	optionName      = 2 // of an interface
	lengthUnknown   = ^uint64(0)
	formatMajor     = 1
	anyPacketLength = 0
)

func newRecorder(w io.Writer) *recorder {
	r := &recorder{w: w}
	little := binary.LittleEndian
	head := little.AppendUint32(nil, byteOrder)
	head = little.AppendUint16(head, formatMajor)
	head = little.AppendUint16(head, 0)
	r.block(sectionHeader, little.AppendUint64(head, lengthUnknown))
	for _, name := range []string{AToB: "A to B", BToA: "B to A"} {
		about := little.AppendUint16(nil, linkTypeRaw)
		about = little.AppendUint16(about, 0)
		about = little.AppendUint32(about, anyPacketLength)
		r.block(interfaceBlock, option(about, optionName, name))
	}
	return r
}

func (r *recorder) packet(d Direction, p []byte, comment string) {
	little := binary.LittleEndian
	now := uint64(time.Now().UnixMicro())
	body := little.AppendUint32(nil, uint32(d))
	body = little.AppendUint32(body, uint32(now>>32))
	body = little.AppendUint32(body, uint32(now))
	body = little.AppendUint32(body, uint32(len(p)))
	body = little.AppendUint32(body, uint32(len(p)))
	body = padded(append(body, p...))
	r.block(packetBlock, option(body, optionComment, comment))
}

// describe says what becomes of a packet.
func (f Fate) describe(silent bool) string {
	switch {
	case silent:
		return "swallowed: the link is silent"
	case f.Reset:
		return "replaced by RST"
	case f.Lost:
		return "lost"
	}
	words := []string{fmt.Sprintf("after %.1f ms", float64(f.Delay.Microseconds())/1000)}
	for _, w := range []struct {
		holds bool
		word  string
	}{{f.Late, "held back"}, {f.Doubled, "doubled"}, {f.Corrupt, "corrupted"}} {
		if w.holds {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

// block writes one block: type, length, body, length again.
func (r *recorder) block(kind uint32, body []byte) {
	const around = 12
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+around))
	b = append(b, body...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+around))
	if r.failed == nil {
		_, r.failed = r.w.Write(b)
	}
}

// option appends an option and the end of options.
func option(b []byte, code uint16, text string) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(padded(append(b, text...)), 0, 0, 0, 0)
}

// padded fills up to a multiple of four bytes.
func padded(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
