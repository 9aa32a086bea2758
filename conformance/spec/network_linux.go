package spec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"reactorbench/conformance/link"
	"reactorbench/impls"
)

// A network is a World that exists.
type network struct {
	server, clients *namespace // the same one where they meet on loopback
	link            *link.Link // nil there
	address         string     // that a server shall listen on
}

// The ends of a link. The addresses are of a range for private use (RFC 1918) and seen by nobody else.
const device = "link"

var (
	clientAddress = [4]byte{10, 77, 0, 2}
	serverAddress = [4]byte{10, 77, 0, 1}
)

func newNetwork(w World, seed uint64) (*network, error) {
	inside, err := newNamespace()
	if err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	n := &network{server: inside, clients: inside, address: "127.0.0.1:0"}
	if err := n.furnish(w, seed); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) furnish(w World, seed uint64) (err error) {
	if w.Link == nil {
		return n.server.set(w.Settings)
	}
	if n.clients, err = newNamespace(); err != nil {
		n.clients = n.server
		return err
	}
	if err := errors.Join(n.server.set(w.Settings), n.clients.set(w.Settings)); err != nil {
		return err
	}
	near, err := n.clients.openTUN(clientAddress)
	if err != nil {
		return err
	}
	far, err := n.server.openTUN(serverAddress)
	if err != nil {
		near.Close()
		return err
	}
	n.link = link.New(near, far, seed, *w.Link)
	n.address = netip.AddrPortFrom(netip.AddrFrom4(serverAddress), 7007).String() // all ports are free
	return nil
}

func (n *namespace) openTUN(address [4]byte) (file *os.File, err error) {
	err = n.do(func() error {
		file, err = openTUN(device, address)
		return err
	})
	return file, err
}

func (n *network) close() {
	if n.link != nil {
		n.link.Close()
	}
	if n.clients != n.server {
		n.clients.close()
	}
	n.server.close()
}

// setMTU limits the packets that either end sends on connections made from now on.
func (n *network) setMTU(bytes int) error {
	set := func() error { return setMTU(device, bytes) }
	return errors.Join(n.clients.do(set), n.server.do(set))
}

// unplug takes the interface down at one end, plug sets it up again.
func (n *namespace) unplug() error { return n.do(func() error { return lower(device) }) }
func (n *namespace) plug() error   { return n.do(func() error { return raise(device) }) }

// within makes the options of a server those of one in this network.
func (n *network) within(o impls.Options) impls.Options {
	if o.Addr == "" {
		o.Addr = n.address
	}
	inside := o.Before
	o.Before = func() error {
		if err := n.server.enter(); err != nil || inside == nil {
			return err
		}
		return inside()
	}
	return o
}

// reside makes a program whose servers live here.
func (n *network) reside(p Program) Program { return resident{p, n} }

// socketOfClient and socketOfServer make sockets at either end of the network.
func (n *network) socketOfClient(domain, kind, protocol int) (int, error) {
	return n.clients.socket(domain, kind, protocol)
}

func (n *network) socketOfServer(domain, kind, protocol int) (int, error) {
	return n.server.socket(domain, kind, protocol)
}

// forbidden reports whether err says that we may not make a network, rather than that it went wrong.
func forbidden(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) ||
		errors.Is(err, unix.ENOSPC) || errors.Is(err, fs.ErrNotExist)
}

// A resident is a program whose servers live in a network.
type resident struct {
	Program
	network *network
}

func (r resident) Start(ctx context.Context, o impls.Options) (Process, error) {
	process, err := r.Program.Start(ctx, r.network.within(o))
	if err != nil {
		return nil, err
	}
	return residentProcess{process, r.network}, nil
}

func (r resident) Run(ctx context.Context, o impls.Options) (impls.Exit, error) {
	return r.Program.Run(ctx, r.network.within(o))
}

type residentProcess struct {
	Process
	network *network
}

func (p residentProcess) home() *network { return p.network }
