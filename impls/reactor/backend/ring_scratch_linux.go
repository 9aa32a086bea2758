package backend

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// scratch is memory that submissions point to, and that the kernel has read when it has taken them. Where it is full the
// submissions so far have to be handed over first.
type scratch struct {
	messages []unix.Msghdr
	vectors  []unix.Iovec
	names    []unix.RawSockaddrAny
}

const (
	scratchMessages = 64
	scratchVectors  = 1024
	scratchNames    = 16

	// mostExtents is how many pieces of memory one send takes: as many as writev is given by package evbuffer.
	mostExtents = 128
)

func newScratch() scratch {
	return scratch{make([]unix.Msghdr, 0, scratchMessages), make([]unix.Iovec, 0, scratchVectors), make([]unix.RawSockaddrAny, 0, scratchNames)}
}

func (s *scratch) clear() {
	clear(s.vectors) // they hold memory of others
	s.messages, s.vectors, s.names = s.messages[:0], s.vectors[:0], s.names[:0]
}

// full reports whether there is no room for one more of each.
func (s *scratch) full() bool {
	return len(s.messages) == scratchMessages || len(s.vectors)+mostExtents > scratchVectors || len(s.names) == scratchNames
}

// message returns the description of a send from several places.
func (s *scratch) message(extents [][]byte) *unix.Msghdr {
	from := len(s.vectors)
	for _, p := range extents {
		v := unix.Iovec{Base: unsafe.SliceData(p)}
		v.SetLen(len(p))
		s.vectors = append(s.vectors, v)
	}
	m := unix.Msghdr{Iov: &s.vectors[from]}
	m.SetIovlen(len(extents))
	s.messages = append(s.messages, m)
	return &s.messages[len(s.messages)-1]
}

// name returns an address in the form of the kernel.
func (s *scratch) name(address unix.Sockaddr) (*unix.RawSockaddrAny, int, error) {
	var raw unix.RawSockaddrAny
	var length int
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&raw))
		in.Family, in.Addr, length = unix.AF_INET, a.Addr, unix.SizeofSockaddrInet4
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&in.Port))[:], uint16(a.Port))
	case *unix.SockaddrInet6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(&raw))
		in.Family, in.Addr, in.Scope_id, length = unix.AF_INET6, a.Addr, a.ZoneId, unix.SizeofSockaddrInet6
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&in.Port))[:], uint16(a.Port))
	case *unix.SockaddrUnix:
		un := (*unix.RawSockaddrUnix)(unsafe.Pointer(&raw))
		if len(a.Name) >= len(un.Path) {
			return nil, 0, unix.ENAMETOOLONG
		}
		un.Family = unix.AF_UNIX
		for i := range len(a.Name) {
			un.Path[i] = int8(a.Name[i])
		}
		length = 2 + len(a.Name) + 1
		if a.Name != "" && a.Name[0] == '@' { // the abstract name space: a zero byte in front, and none behind
			un.Path[0] = 0
			length--
		}
	default:
		return nil, 0, fmt.Errorf("connect to an address of type %T: %w", address, unix.EAFNOSUPPORT)
	}
	s.names = append(s.names, raw)
	return &s.names[len(s.names)-1], length, nil
}
