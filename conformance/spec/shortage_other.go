//go:build !linux

package spec

func (s *Server) addressSpace() uint64 { s.t.unobservable(errUnobservable); return 0 }

func limitAddressSpace(int, uint64) error { return errUnobservable }
func limitProcesses(int, uint64) error    { return errUnobservable }

func starveOfCPU(int) (release func(), err error) { return nil, errUnobservable }
