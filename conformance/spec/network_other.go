//go:build !linux

package spec

import "reactorbench/conformance/link"

// A network of one's own there is only on Linux, so none of this is ever called.
type network struct {
	server, clients *namespace
	link            *link.Link
}

type namespace struct{}

func newNetwork(World, uint64) (*network, error) { return nil, errUnobservable }

func forbidden(error) bool { return true }

func (*network) close()                                  {}
func (*network) reside(p Program) Program                { return p }
func (*network) setMTU(int) error                        { return errUnobservable }
func (*network) socketOfClient(_, _, _ int) (int, error) { return -1, errUnobservable }
func (*network) socketOfServer(_, _, _ int) (int, error) { return -1, errUnobservable }

func (*namespace) unplug() error { return errUnobservable }
func (*namespace) plug() error   { return errUnobservable }
