// Command good is the least that the server contract asks for: a pattern for newcomers, and the right server of
// this package's tests.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen: HOST:PORT or unix:PATH")
	flag.Int("loops", 1, "how many loops to run (Go reads GOMAXPROCS instead)")
	flag.Parse()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT) // before it listens: from then on the signal may come
	listener, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	go func() { <-stop; listener.Close() }()

	fmt.Println("listening " + name(listener.Addr()))
	serve(listener)
}

func listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", addr)
}

func name(addr net.Addr) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return addr.String()
}

// serve echoes until the listener is closed, and then lets go of the connections: what they had sent is answered.
func serve(listener net.Listener) {
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	var echoes sync.WaitGroup
	for {
		conn, err := listener.Accept()
		if err != nil {
			break
		}
		mu.Lock()
		open[conn] = true
		mu.Unlock()
		echoes.Go(func() {
			io.Copy(conn, conn)
			conn.Close()
			mu.Lock()
			delete(open, conn)
			mu.Unlock()
		})
	}
	mu.Lock()
	for conn := range open {
		conn.(interface{ CloseRead() error }).CloseRead()
	}
	mu.Unlock()
	echoes.Wait()
}
