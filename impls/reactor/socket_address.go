package reactor

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A socketAddress is where to listen or to connect to.
type socketAddress struct {
	family int
	raw    unix.Sockaddr
}

// resolve understands the networks of package net: tcp, tcp4, tcp6 with HOST:PORT, and unix with a path. A host name is looked up
// right here, and the loop stands still for that long; an address costs nothing.
func resolve(network, address string) (socketAddress, error) {
	switch network {
	case "unix":
		return socketAddress{unix.AF_UNIX, &unix.SockaddrUnix{Name: address}}, nil
	case "tcp", "tcp4", "tcp6":
		return resolveTCP(network, address)
	}
	return socketAddress{}, fmt.Errorf("network %q: want tcp, tcp4, tcp6 or unix", network)
}

func resolveTCP(network, address string) (socketAddress, error) {
	tcp, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return socketAddress{}, err
	}
	ip := tcp.AddrPort().Addr()
	if network == "tcp4" || network == "tcp" && (ip.Is4() || ip.Is4In6()) {
		return inet4(ip, tcp.Port), nil
	}
	return inet6(ip, tcp)
}

func inet4(ip netip.Addr, port int) socketAddress {
	raw := &unix.SockaddrInet4{Port: port}
	if ip.IsValid() {
		raw.Addr = ip.Unmap().As4()
	}
	return socketAddress{unix.AF_INET, raw}
}

// inet6 is also for the empty host of "tcp": on most systems one socket then serves both families.
func inet6(ip netip.Addr, tcp *net.TCPAddr) (socketAddress, error) {
	raw := &unix.SockaddrInet6{Port: tcp.Port}
	if ip.IsValid() {
		raw.Addr = ip.As16()
	}
	if tcp.Zone != "" {
		zone, err := net.InterfaceByName(tcp.Zone)
		if err != nil {
			return socketAddress{}, err
		}
		raw.ZoneId = uint32(zone.Index)
	}
	return socketAddress{unix.AF_INET6, raw}, nil
}

// addrPort is the other way about; invalid for the unix family.
func addrPort(raw unix.Sockaddr) netip.AddrPort {
	switch raw := raw.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(raw.Addr), uint16(raw.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr), uint16(raw.Port))
	}
	return netip.AddrPort{}
}
