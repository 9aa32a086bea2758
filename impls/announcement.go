package impls

import (
	"fmt"
	"net/netip"
	"strings"
)

// An announcement is the one line of the contract, `listening ADDR`, taken apart.
type announcement struct {
	network string // "tcp" or "unix"
	address string // as net.Dial takes it: "127.0.0.1:4711", or the path of a socket
}

// unixPrefix marks the path of a Unix socket in -addr and in the line.
const unixPrefix = "unix:"

// parseAnnouncement reads the line; the error says in what it differs from the contract.
func parseAnnouncement(line string) (announcement, error) {
	text, ok := strings.CutPrefix(line, "listening ")
	if !ok {
		return announcement{}, fmt.Errorf("the first line on stdout is %q, not \"listening ADDR\"", line)
	}
	if path, ok := strings.CutPrefix(text, unixPrefix); ok && path != "" {
		return announcement{"unix", path}, nil
	}
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		return announcement{}, fmt.Errorf("%q: ADDR is neither IP:PORT nor unix:PATH", line)
	}
	if address.Port() == 0 {
		return announcement{}, fmt.Errorf("%q: nobody listens on port 0; the bound port is wanted", line)
	}
	return announcement{"tcp", address.String()}, nil
}

// answers checks that the address is one that was asked for: the same path, or the same IP address, and the same port
// unless any port would do. A host that is a name or empty leaves the choice of the IP address to the server.
func (a announcement) answers(asked string) error {
	differs := fmt.Errorf("asked to listen on %s, it announces %s", asked, a.address)
	if path, ok := strings.CutPrefix(asked, unixPrefix); ok {
		if a.network != "unix" || a.address != path {
			return differs
		}
		return nil
	}
	if a.network != "tcp" {
		return differs
	}
	bound := netip.MustParseAddrPort(a.address)
	host, port := hostPort(asked)
	if port != "0" && port != fmt.Sprint(bound.Port()) {
		return differs
	}
	if wanted, err := netip.ParseAddr(host); err == nil && !wanted.IsUnspecified() && wanted != bound.Addr() {
		return differs
	}
	return nil
}
