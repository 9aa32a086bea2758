package main

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// socketMemory is what the kernel has charged to the established connections of the server at address, its end of them only: bytes
// received and not read, sent and not acknowledged, options, and what is set aside for more of each. The fixed size of a socket and of
// its file is not in it, nor what a way of waiting keeps for each.
//
// It asks over netlink's sock_diag, as ss -m does. Unix sockets are not accounted like that.
func socketMemory(network, address string) (sum memoryOfSockets, err error) {
	if network == "unix" {
		return sum, fmt.Errorf("the kernel's socket memory is known of TCP servers only, not of %s", address)
	}
	server, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return sum, err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return sum, fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} { // a listener of both takes IPv4 connections as sockets of IPv6
		if err := unix.Sendto(fd, memoryRequest(family, uint16(server.Port)), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return sum, fmt.Errorf("sock_diag request: %w", err)
		}
		if err := sum.addAnswers(fd); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// The layouts are those of linux/netlink.h (nlmsghdr, rtattr) and linux/inet_diag.h (inet_diag_req_v2, inet_diag_msg). Ports are big
// endian, the rest is the machine's order.
const (
	netlinkHeader = 16
	diagRequest   = 56
	diagMessage   = 72
	attribute     = 4
	skMemInfo     = 7 // INET_DIAG_SKMEMINFO
	established   = 1 // TCP_ESTABLISHED
)

// memoryRequest asks for every established socket of a family whose own port it is.
func memoryRequest(family byte, port uint16) []byte {
	b := make([]byte, netlinkHeader+diagRequest)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request := b[netlinkHeader:]
	request[0], request[1], request[2] = family, unix.IPPROTO_TCP, 1<<(skMemInfo-1)
	binary.NativeEndian.PutUint32(request[4:], 1<<established)
	binary.BigEndian.PutUint16(request[8:], port)
	return b
}

// addAnswers reads messages, several a datagram, until the kernel says that they are done.
func (m *memoryOfSockets) addAnswers(fd int) error {
	answer := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, answer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("sock_diag answer: %w", err)
		}
		for rest := answer[:n]; len(rest) >= netlinkHeader; {
			length := int(binary.NativeEndian.Uint32(rest))
			if length < netlinkHeader || length > len(rest) {
				return fmt.Errorf("sock_diag answer: a message of %d bytes in %d", length, len(rest))
			}
			switch body := rest[netlinkHeader:length]; binary.NativeEndian.Uint16(rest[4:]) {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				return fmt.Errorf("sock_diag: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
			default:
				m.add(body)
			}
			rest = rest[min(aligned(length), len(rest)):]
		}
	}
}

// add counts one socket by its inet_diag_msg and the attributes behind it.
func (m *memoryOfSockets) add(message []byte) {
	if len(message) < diagMessage {
		return
	}
	m.sockets++
	for rest := message[diagMessage:]; len(rest) >= attribute; {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < attribute || length > len(rest) {
			return
		}
		if value := rest[attribute:length]; binary.NativeEndian.Uint16(rest[2:]) == skMemInfo {
			for _, part := range []int{unix.SK_MEMINFO_RMEM_ALLOC, unix.SK_MEMINFO_WMEM_QUEUED, unix.SK_MEMINFO_FWD_ALLOC, unix.SK_MEMINFO_OPTMEM, unix.SK_MEMINFO_BACKLOG} {
				if at := 4 * part; at+4 <= len(value) {
					m.bytes += int64(int32(binary.NativeEndian.Uint32(value[at:])))
				}
			}
		}
		rest = rest[min(aligned(length), len(rest)):]
	}
}

// aligned rounds up to the four bytes at which netlink begins messages and attributes.
func aligned(n int) int { return (n + 3) &^ 3 }
