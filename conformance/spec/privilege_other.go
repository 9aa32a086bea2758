//go:build !linux

package spec

func forbidReservedPorts() error { return errUnobservable }
