package reactor

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Sharing is how the connections of one address come to several bases.
type Sharing uint8

const (
	// ReusePort has each base listen for itself, and the kernel share the connections out, by a hash of the two addresses: no
	// connection changes hands, but few connections may be shared unevenly, and those that wait for a base that is busy wait for that
	// one. Where there is no such thing, on unix sockets and outside of Linux, it is RoundRobin.
	ReusePort Sharing = iota

	// RoundRobin has the first base accept, and hand the connections out in turn, which costs each a Post.
	RoundRobin

	// LeastConnections is like RoundRobin, but a connection goes where the fewest are: for some that last long among many that do not.
	LeastConnections
)

// String is reuseport, handoff (RoundRobin) or least.
func (s Sharing) String() string { return [...]string{"reuseport", "handoff", "least"}[s] }

// ParseSharing is the inverse of String, for flags.
func ParseSharing(name string) (Sharing, error) {
	for s := ReusePort; s <= LeastConnections; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("sharing %q: want %v, %v or %v", name, ReusePort, RoundRobin, LeastConnections)
}

// Listen is [Base.Listen] for all bases. It is called before Start, and refused by [ErrLooping] afterwards. The listeners, one or one for
// each base, belong to the bases that accept; all have the same address, and Shutdown closes them.
//
// An address that somebody else listens at is refused also with ReusePort: it is shared within the group, and with nobody else.
func (g *Group) Listen(network, address string, sharing Sharing, accept AcceptFunc, options ...ListenOption) ([]*Listener, error) {
	if accept == nil {
		panic("reactor: Listen without a callback")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started {
		return nil, fmt.Errorf("listen %s %s in a group: %w", network, address, ErrLooping)
	}
	if sharing == ReusePort && portsAreBalanced && network != "unix" && g.Len() > 1 {
		return g.listenEach(network, address, accept, options)
	}
	l, err := g.bases[0].Listen(network, address, g.handOut(sharing, accept), options...)
	if err != nil {
		return nil, err
	}
	g.loops[0].listeners = append(g.loops[0].listeners, l)
	return []*Listener{l}, nil
}

// listenEach has the first base claim the address, and the others join it.
func (g *Group) listenEach(network, address string, accept AcceptFunc, options []ListenOption) ([]*Listener, error) {
	var all []*Listener
	how := withClaimedPort
	for _, b := range g.bases {
		l, err := b.Listen(network, address, func(fd int, peer netip.AddrPort) { accept(b, fd, peer) }, append(options[:len(options):len(options)], how)...)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
		address, how = withPortOf(address, l.Addr()), WithReusePort()
	}
	for i, l := range all {
		g.loops[i].listeners = append(g.loops[i].listeners, l)
	}
	return all, nil
}

// withPortOf is address with the port that was bound, for an address that asked for any.
func withPortOf(address, bound string) string {
	host, _, _ := net.SplitHostPort(address)
	_, port, _ := net.SplitHostPort(bound)
	return net.JoinHostPort(host, port)
}

// handOut returns what the first base does with a connection: it serves it, or passes it on.
func (g *Group) handOut(sharing Sharing, accept AcceptFunc) func(int, netip.AddrPort) {
	next := 0
	return func(fd int, peer netip.AddrPort) {
		i := g.pick(sharing, next)
		next = (i + 1) % g.Len()
		b, member := g.bases[i], &g.loops[i]
		if i == 0 {
			accept(b, fd, peer)
			return
		}
		member.arriving.Add(1)
		err := b.Post(func() {
			member.arriving.Add(-1)
			accept(b, fd, peer)
		})
		if err != nil {
			unix.Close(fd) // that base is closed
		}
	}
}

// pick is the base that gets the next connection: the first from next on whose loop is running, or the one of them that has the fewest.
func (g *Group) pick(sharing Sharing, next int) int {
	best, fewest := 0, int64(-1)
	for k := range g.Len() {
		i := (next + k) % g.Len()
		select {
		case <-g.loops[i].ended:
			continue
		default:
		}
		if sharing != LeastConnections {
			return i
		}
		if n := g.bases[i].fds.connections.Load() + g.loops[i].arriving.Load(); fewest < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	return best
}
