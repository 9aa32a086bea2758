//go:build !netbsd

package main

import "golang.org/x/sys/unix"

const processClock = unix.CLOCK_PROCESS_CPUTIME_ID
