//go:build !linux

package spec

// A network of one's own there is only on Linux.
type network struct{}

func newNetwork(World) (*network, error) { return nil, errUnobservable }

func forbidden(error) bool { return true }

func (*network) close()                                  {}
func (*network) socketOfClient(_, _, _ int) (int, error) { return -1, errUnobservable }
func (*network) socketOfServer(_, _, _ int) (int, error) { return -1, errUnobservable }
func (*network) reside(p Program) Program                { return p }
