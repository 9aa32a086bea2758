//go:build !linux

package spec

import (
	"net/netip"
	"syscall"
)

const tcpKeepIdle = 0

func tgkill(int, int, syscall.Signal) error { return errUnobservable }

func inheritable(int) ([]int, error) { return nil, errUnobservable }

func blockingSockets(int) (blocking, all int, err error) { return 0, 0, errUnobservable }

func optionOf(int, fourTuple, int, int) (int, error) { return 0, errUnobservable }

func listenQueue(netip.AddrPort) (int, error) { return 0, errUnobservable }

func somaxconn() (int, error) { return 0, errUnobservable }
