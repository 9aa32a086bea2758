// Command burn is an echo server whose requests can be made dearer by a known amount: BURN is how many times a loop goes round for
// each read. With it the gate measures its own rates of error.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	loops := flag.Int("loops", 1, "threads that run Go code at a time")
	flag.Parse()
	runtime.GOMAXPROCS(*loops)
	burn, _ := strconv.Atoi(os.Getenv("BURN"))
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "burn:", err)
		os.Exit(1)
	}
	fmt.Println("listening", l.Addr())
	go func() {
		for {
			if c, err := l.Accept(); err == nil {
				go echo(c, burn)
			}
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
}

func echo(c net.Conn, burn int) {
	defer c.Close()
	buffer := make([]byte, 64<<10)
	var burned uint64
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		for range burn {
			sink = &burned // a store to memory, which no compiler leaves out
			burned++
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

var sink *uint64
