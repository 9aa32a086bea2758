//go:build !linux

package spec

func inputQueue(int) (int, error) { return 0, errUnobservable }
