package main

import (
	"errors"
	"fmt"
	"net/netip"
)

// mostSources keeps the list short: with 28 000 ports at each address they are seven million connections.
const mostSources = 256

// sourceAddresses are the addresses of prefix, which connections take in turn as their own. One address has some 28 000 ports for one server, and
// a connection that was closed keeps its port for a second or a minute, so churn and storms need several. Every address of 127.0.0.0/8 is
// one of this machine's. No prefix is no list: the kernel chooses.
func sourceAddresses(prefix netip.Prefix) (list []netip.Addr) {
	if !prefix.IsValid() {
		return nil
	}
	for a := prefix.Masked().Addr(); prefix.Contains(a); a = a.Next() {
		list = append(list, a)
	}
	return list
}

// validateSources refuses what no connection can begin at.
func validateSources(prefix netip.Prefix) error {
	switch {
	case !prefix.IsValid():
		return nil
	case prefix.Addr().BitLen()-prefix.Bits() > 8:
		return fmt.Errorf("field sources is %v; it may be up to %d addresses, such as 127.0.1.0/28", prefix, mostSources)
	case prefix.Masked().Contains(netip.MustParseAddr("127.0.0.0")):
		return fmt.Errorf("field sources is %v and begins at 127.0.0.0, which is no address; take 127.0.1.0/%d", prefix, prefix.Bits())
	}
	return nil
}

// source is the address of the connection with this number, the zero Addr if the kernel may choose.
func (p Plan) source(number int) netip.Addr {
	if len(p.Sources) == 0 {
		return netip.Addr{}
	}
	return p.Sources[number%len(p.Sources)]
}

// errNoPort is the end of a generator that has used up its ports.
var errNoPort = errors.New("the local ports are used up: closed connections keep theirs for a second or more; " +
	"take a lower rate, a larger requests_per_conn, or more addresses, such as -set sources=127.0.1.0/28")
