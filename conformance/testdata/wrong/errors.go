package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// isReset tells that the client ended its connection by RST.
func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// isFull tells that accept failed for want of a descriptor.
func isFull(err error) bool { return errors.Is(err, syscall.EMFILE) }

// isBusy tells that the address belongs to another listener.
func isBusy(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

func ignoreTimeout(err error) error {
	if isTimeout(err) {
		return nil
	}
	return err
}
