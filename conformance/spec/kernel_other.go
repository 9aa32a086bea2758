//go:build !linux

package spec

import "net/netip"

// Off Linux the checks see the server only from outside; those that ask the kernel about it are n/a.

func lookup(fourTuple) (Socket, error)        { return Socket{}, errUnobservable }
func usage(int) (Usage, error)                { return Usage{}, errUnobservable }
func threads(int) []thread                    { return nil }
func listeners(int) ([]netip.AddrPort, error) { return nil, errUnobservable }
func groupMembers(int) []int                  { return nil }
func limitDescriptors(int, uint64) error      { return errUnobservable }
func highestDescriptor(int) (int, error)      { return 0, errUnobservable }
