//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bare: this server speaks to epoll itself, which only Linux has")
	os.Exit(1)
}
