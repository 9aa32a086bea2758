// Command careless is an echo server with one of the faults that the programs of tutorials have. The tests must notice each.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor"
)

var faults = map[string]func(base *reactor.Base, fd int){
	"short-write": ignoreShortWrites,
	"close":       closeAtEOF,
	"unbounded":   holdNobodyBack,
	"cut":         cutTwoOffEachRead,
	"half-close":  neverClose,
}

func main() {
	addr := flag.String("addr", "", "")
	fault := flag.String("fault", "", "")
	flag.Parse()
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := base.Listen("tcp", *addr, func(fd int, _ netip.AddrPort) { faults[*fault](base, fd) })
	if err != nil {
		log.Fatal(err)
	}
	base.NewSignal(os.Interrupt, base.Break).Add(reactor.Forever)
	fmt.Println("listening", listener.Addr())
	base.Dispatch()
}

// ignoreShortWrites believes that a write takes everything.
func ignoreShortWrites(base *reactor.Base, fd int) {
	var event *reactor.Event
	event = base.NewEvent(fd, reactor.Read|reactor.Persist, func(reactor.What) {
		var p [64 << 10]byte
		n, _ := unix.Read(fd, p[:])
		if n <= 0 {
			event.Del()
			unix.Close(fd)
			return
		}
		unix.Write(fd, p[:n])
	})
	event.Add(reactor.Forever)
}

func echo(base *reactor.Base, fd int) *reactor.BufferEvent {
	bev := base.NewBufferEvent(fd)
	bev.OnRead(func() { bev.Output().Append(bev.Input()) })
	bev.Enable(reactor.Read)
	return bev
}

// closeAtEOF takes the end of the input for the end of the connection. It holds nobody back either: a server that does has so little
// pending at the end that it often goes well.
func closeAtEOF(base *reactor.Base, fd int) {
	bev := echo(base, fd)
	bev.SetWatermark(reactor.Write, 0, 0)
	bev.OnEvent(func(reactor.Outcome) { bev.Close() })
}

// holdNobodyBack reads whatever comes, though nobody takes the answers.
func holdNobodyBack(base *reactor.Base, fd int) {
	echo(base, fd).SetWatermark(reactor.Write, 0, 0)
}

// neverClose leaves the client waiting for the end of the stream.
func neverClose(base *reactor.Base, fd int) {
	echo(base, fd).OnEvent(func(reactor.Outcome) {})
}

// cutTwoOffEachRead believes that a read brings one line.
func cutTwoOffEachRead(base *reactor.Base, fd int) {
	bev := echo(base, fd)
	bev.OnRead(func() {
		bev.Input().Drain(2)
		bev.Output().Append(bev.Input())
	})
}
