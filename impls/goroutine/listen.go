package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// listen returns the listener and the name under which clients reach it. Package net chooses well: TCP_NODELAY and
// SO_REUSEADDR on, a backlog as long as the kernel allows. Two of its choices are not those of the other servers of
// the comparison, and are taken back: keepalive probes, and Multipath TCP.
func listen(addr string) (net.Listener, string, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		listener, err := listenUnix(path)
		return listener, addr, err
	}
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, "", err
	}
	return listener, listener.Addr().String(), nil
}

// listenUnix takes the place of a socket file that nobody serves any more, and leaves a live one alone.
func listenUnix(path string) (net.Listener, error) {
	listener, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(path) {
		os.Remove(path)
		return net.Listen("unix", path)
	}
	return listener, err
}

// abandoned tells whether a socket file is a left-over: its name exists, but a connection is refused.
func abandoned(path string) bool {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
