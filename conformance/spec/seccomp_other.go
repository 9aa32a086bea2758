//go:build !linux

package spec

func forbidIOUring() error { return errUnobservable }
