package spec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// A network is a World that exists.
type network struct {
	server, clients *namespace // the same one where they meet on loopback
	address         string     // that a server shall listen on
}

func newNetwork(w World) (*network, error) {
	inside, err := newNamespace()
	if err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	n := &network{server: inside, clients: inside, address: "127.0.0.1:0"}
	if err := inside.set(w.Settings); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) close() { n.server.close() }

// within makes the options of a server those of one in this network.
func (n *network) within(o impls.Options) impls.Options {
	if o.Addr == "" {
		o.Addr = n.address
	}
	o.Before = n.server.enter
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
