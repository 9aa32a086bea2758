package link

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// This file knows as much of IPv4 (RFC 791) and TCP (RFC 9293) as forging a RST or a SYN takes.

const (
	protocolTCP = 6
	flagSYN     = 2
	flagRST     = 4
)

func isIPv4(p []byte) bool { return len(p) >= 20 && p[0]>>4 == 4 }

// headers returns the lengths of the IP header and of both headers; ok is false for what is not a whole TCP segment.
func headers(p []byte) (ip, both int, ok bool) {
	ip = int(p[0]&15) * 4
	if p[9] != protocolTCP || len(p) < ip+20 {
		return 0, 0, false
	}
	both = ip + int(p[ip+12]>>4)*4
	return ip, both, both <= len(p)
}

func hasData(p []byte) bool {
	_, both, ok := headers(p)
	return ok && len(p) > both
}

// makeReset makes of a segment the RST that its sender could have sent in its place. The far kernel believes it if the
// segment is the next that it expects (RFC 5961 section 3).
func makeReset(segment []byte) []byte {
	ip, _, _ := headers(segment)
	p := bytes.Clone(segment[:ip+20])
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	tcp := p[ip:]
	clear(tcp[8:12]) // no acknowledgement
	tcp[12], tcp[13] = 5<<4, flagRST
	clear(tcp[14:20])
	seal(p, ip)
	return p
}

// SYN is the first packet of a connection over IPv4, whoever is said to open it.
func SYN(from, to netip.AddrPort, sequence uint32) []byte {
	const ip, hops, window = 20, 64, 64<<10 - 1
	p := make([]byte, ip+20)
	p[0], p[8], p[9] = 4<<4|ip/4, hops, protocolTCP
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:16], from.Addr().AsSlice())
	copy(p[16:20], to.Addr().AsSlice())
	tcp := p[ip:]
	binary.BigEndian.PutUint16(tcp[0:], from.Port())
	binary.BigEndian.PutUint16(tcp[2:], to.Port())
	binary.BigEndian.PutUint32(tcp[4:], sequence)
	tcp[12], tcp[13] = 5<<4, flagSYN
	binary.BigEndian.PutUint16(tcp[14:], window)
	seal(p, ip)
	return p
}

// seal sets the checksums of a segment whose IP header has so many bytes.
func seal(p []byte, ip int) {
	tcp := p[ip:]
	clear(tcp[16:18])
	binary.BigEndian.PutUint16(tcp[16:], checksum(pseudoHeader(p, len(tcp)), tcp))
	clear(p[10:12])
	binary.BigEndian.PutUint16(p[10:], checksum(p[:ip]))
}

// pseudoHeader is what TCP's checksum covers of IP: addresses, protocol, length.
func pseudoHeader(p []byte, length int) []byte {
	h := append(bytes.Clone(p[12:20]), 0, protocolTCP)
	return binary.BigEndian.AppendUint16(h, uint16(length))
}

// checksum is that of RFC 1071, over parts of even length.
func checksum(parts ...[]byte) uint16 {
	sum := uint32(0)
	for _, part := range parts {
		for ; len(part) >= 2; part = part[2:] {
			sum += uint32(binary.BigEndian.Uint16(part))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
