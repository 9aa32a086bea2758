package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"
)

const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// A listener ends its server when descriptors run out. netpoll retries by itself, which goes well once: from the second
// shortage on it spins and fills its log, since a server never again detaches its listener. A new server can, so each
// serves until a shortage. To netpoll an error that says "closed" means that the server has ended.
type listener struct {
	netpoll.Listener
	close sync.Once
}

var errShortage = errors.New("accept: out of descriptors; closed for now")

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return nil, errShortage
	}
	return conn, err
}

// Close may come from several servers. The descriptor is closed once, for its number may belong to another by then.
func (l *listener) Close() (err error) {
	l.close.Do(func() { err = l.Listener.Close() })
	return err
}

// waitForDescriptors returns when one can be opened again: it looks soon, and then less and less often.
func waitForDescriptors() {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		time.Sleep(pause)
		if probe, err := os.Open(os.DevNull); err == nil {
			probe.Close()
			return
		}
	}
}

// listen returns the listener and the name under which clients reach it. Two of package net's choices are not those of
// the other servers of the comparison, and are taken back: keepalive probes, and Multipath TCP.
func listen(addr string) (netpoll.Listener, string, error) {
	network, where, name := "tcp", addr, ""
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, where, name = "unix", path, addr
		removeAbandoned(path)
	}
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	inner, err := config.Listen(context.Background(), network, where)
	if err != nil {
		return nil, "", err
	}
	if name == "" {
		name = inner.Addr().String()
	}
	converted, err := netpoll.ConvertListener(inner)
	if err != nil {
		return nil, "", err
	}
	return &listener{Listener: converted}, name, nil
}

// removeAbandoned removes a socket file that nobody serves any more: its name exists, but a connection is refused.
func removeAbandoned(path string) {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}
