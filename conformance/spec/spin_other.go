//go:build !linux

package spec

func schedstat(int) (runnable, error) { return runnable{}, errUnobservable }
