package evbuffer

import "bytes"

// EOL says what ends a line.
type EOL uint8

const (
	CRLF       EOL = iota // LF, with or without CR before it: what most text protocols call for
	CRLFStrict            // CR LF and nothing else
	LF                    // LF; a CR before it belongs to the line
	NUL                   // a zero byte
	ANY                   // any run of CR and LF, which counts as one end; where a run is cut between two reads it counts twice
)

// SearchEOL returns the position of the first end of line at from or later, and its size; (-1, 0) if there is none.
func (b *Buffer) SearchEOL(style EOL, from int) (at, size int) {
	if b.Len() == 0 {
		return -1, 0
	}
	from = max(from, 0)
	switch style {
	case CRLFStrict:
		return found(b.SearchRange([]byte("\r\n"), from, b.Len()), 2)
	case LF:
		return found(b.SearchRange([]byte{'\n'}, from, b.Len()), 1)
	case NUL:
		return found(b.SearchRange([]byte{0}, from, b.Len()), 1)
	case ANY:
		return b.searchAny(from)
	}
	at, size = found(b.SearchRange([]byte{'\n'}, from, b.Len()), 1)
	if at > from && b.byteAt(at-1) == '\r' {
		return at - 1, 2
	}
	return at, size
}

func found(at, size int) (int, int) {
	if at < 0 {
		return -1, 0
	}
	return at, size
}

// searchAny returns the first run of CR and LF.
func (b *Buffer) searchAny(from int) (at, size int) {
	at = -1
	position := 0 // of the chunk
	for c := b.first; c != nil && b.load(c) == nil; c = c.next {
		window := c.bytes()
		i := min(max(from-position, 0), len(window))
		if at < 0 {
			i += textLen(window[i:])
			if i < len(window) {
				at = position + i
			}
		}
		breaks := breakLen(window[i:])
		size += breaks
		if at >= 0 && i+breaks < len(window) {
			break
		}
		position += len(window)
	}
	return at, size
}

// textLen is the number of bytes before the first CR or LF.
func textLen(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		p = p[:i]
	}
	if i := bytes.IndexByte(p, '\r'); i >= 0 {
		p = p[:i]
	}
	return len(p)
}

// breakLen is the number of CR and LF at the beginning.
func breakLen(p []byte) int { return len(p) - len(bytes.TrimLeft(p, "\r\n")) }

func (b *Buffer) byteAt(i int) byte {
	var one [1]byte
	b.copyOut(one[:], i)
	return one[0]
}

// ReadLine removes the first line and its end and returns the line without its end. Without an end of line in the
// buffer it returns false and removes nothing.
func (b *Buffer) ReadLine(style EOL) ([]byte, bool) {
	if b.Frozen(Front) {
		return nil, false
	}
	at, size := b.SearchEOL(style, 0)
	if at < 0 {
		return nil, false
	}
	line := make([]byte, at)
	b.copyOut(line, 0)
	b.Drain(at + size)
	return line, true
}
