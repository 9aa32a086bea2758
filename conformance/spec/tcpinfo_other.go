//go:build !linux

package spec

func bareSegments(int) (int, error) { return 0, errUnobservable }
func sentWithSYN(int) (bool, error) { return false, errUnobservable }
func connectWithData(int) error     { return errUnobservable }
