// Command echo-bufferevent is the same server as echo-event, on bufferevents. What was done there by hand, reading, keeping what a
// short write left over, holding back a client that does not read, is the library's here. What remains is the idea of echo,
// and one decision that no library can take: what the end of the input means.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"

	"reactorbench/impls/reactor"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("echo-bufferevent: ")
	addr := flag.String("addr", "127.0.0.1:7007", "`address` to listen on")
	flag.Parse()

	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := base.Listen("tcp", *addr, func(fd int, _ netip.AddrPort) { serve(base, fd) })
	if err != nil {
		log.Fatal(err)
	}
	var interrupt *reactor.Event
	interrupt = base.NewSignal(os.Interrupt, func() {
		listener.Close()
		interrupt.Del() // now the connections alone keep the loop going
	})
	interrupt.Add(reactor.Forever)
	fmt.Println("listening", listener.Addr())
	if err := base.Dispatch(); err != nil {
		log.Fatal(err)
	}
}

func serve(base *reactor.Base, fd int) {
	bev := base.NewBufferEvent(fd)
	bev.OnRead(func() { bev.Output().Append(bev.Input()) }) // moves the chunks, copies nothing
	bev.OnEvent(func(what reactor.Outcome) {
		if what.Has(reactor.EOF) {
			bev.CloseAfterFlush() // the client has stopped sending, not reading: Close would drop the rest of its echo
			return
		}
		bev.Close()
	})
	bev.Enable(reactor.Read)
}
