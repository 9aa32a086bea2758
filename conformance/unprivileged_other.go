//go:build !linux

package main

import "context"

// runUnprivileged has nothing to gain where there are no network namespaces.
func runUnprivileged(context.Context) (int, bool) { return 0, false }
