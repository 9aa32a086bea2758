// Command drop-two is an echo server with a filter in the way: its echo leaves out two characters. Those of the end of a line
// are left out unless others are chosen, so what comes from telnet, with CR LF after each line, goes back as one line.
//
// A filter has to live with what TCP is: a stream without messages or lines. The read callback gets whatever has come, half a line or three
// and a half, and where one call ends says nothing. A filter that looks at single bytes does not care. One that looked for
// longer patterns would have to leave an unfinished one in the input, and would find it there when more has come.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"
	"strconv"

	"reactorbench/impls/reactor"
	"reactorbench/impls/reactor/evbuffer"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("drop-two: ")
	addr := flag.String("addr", "127.0.0.1:7007", "`address` to listen on")
	drop := flag.String("drop", `\r\n`, "the two `characters` to leave out, with escapes as in Go: ab, \\r\\n, \\x00\\\\")
	flag.Parse()
	dropped, err := strconv.Unquote(`"` + *drop + `"`)
	if err != nil || len(dropped) != 2 {
		log.Fatalf("-drop wants two characters of one byte each, got %q", *drop)
	}

	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	filter := without(dropped[0], dropped[1])
	listener, err := base.Listen("tcp", *addr, func(fd int, _ netip.AddrPort) { serve(base, fd, filter) })
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

// A filter moves src to the end of dst, and does to it what it is there for.
type filter func(dst, src *evbuffer.Buffer)

func serve(base *reactor.Base, fd int, filter filter) {
	bev := base.NewBufferEvent(fd)
	bev.OnRead(func() { filter(bev.Output(), bev.Input()) })
	bev.OnEvent(func(what reactor.Outcome) {
		if what.Has(reactor.EOF) {
			bev.CloseAfterFlush()
			return
		}
		bev.Close()
	})
	bev.Enable(reactor.Read)
}

// without returns a filter that leaves out two characters.
func without(first, second byte) filter {
	return func(dst, src *evbuffer.Buffer) {
		for src.Len() > 0 {
			extent := src.Pullup(src.Contiguous()) // what lies in one piece, seen without copying
			n := lengthBefore(first, second, extent)
			dropping := n < len(extent)
			src.RemoveTo(dst, n)
			if dropping {
				src.Drain(1)
			}
		}
	}
}

// lengthBefore is the number of bytes before the first of two characters.
func lengthBefore(first, second byte, p []byte) int {
	for _, c := range [...]byte{first, second} {
		if i := bytes.IndexByte(p, c); i >= 0 {
			p = p[:i]
		}
	}
	return len(p)
}
