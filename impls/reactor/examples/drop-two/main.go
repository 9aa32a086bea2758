// Command drop-two is an echo server with a filter in the way: each line comes back without its first two characters, so that 1234567 is
// answered by 34567. The end of a line, LF or CR LF, is no part of it and always comes back.
//
// A filter has to live with what TCP is: a stream without messages or lines. The read callback gets whatever has come, half a line or three
// and a half, and where one call ends says nothing. So what the filter must remember from one call to the next is a state of the
// connection: how much of the present line is still to be left out. And it never waits for the end of a line, which may be long, or
// never come.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"os"
	"unicode/utf8"

	"reactorbench/impls/reactor"
	"reactorbench/impls/reactor/evbuffer"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("drop-two: ")
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
	line := lineStart
	bev.OnRead(func() { line.filter(bev.Output(), bev.Input()) })
	bev.OnEvent(func(what reactor.Outcome) {
		if what.Has(reactor.EOF) {
			bev.CloseAfterFlush()
			return
		}
		bev.Close()
	})
	bev.Enable(reactor.Read)
}

// A line is where the filter stands: how many characters of the present line are still to be left out, or inside.
type line int

const (
	lineStart line = 2
	inside    line = -1 // the rest of the line passes
)

// filter moves src to the end of dst, without what is to be left out.
func (l *line) filter(dst, src *evbuffer.Buffer) {
	for src.Len() > 0 {
		extent := src.Pullup(src.Contiguous()) // what lies in one piece, seen without copying
		if *l == inside {
			src.RemoveTo(dst, l.pass(extent))
		} else {
			src.Drain(l.leaveOut(extent))
		}
	}
}

// pass is the number of bytes up to the end of the line, or all.
func (l *line) pass(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		*l = lineStart
		return i + 1
	}
	return len(p)
}

// leaveOut is the number of bytes before what passes: the end of the line, or its third character. A character may have several bytes
// (UTF-8), of which all but the first say so.
func (l *line) leaveOut(p []byte) int {
	for i, c := range p {
		switch {
		case c == '\n' || c == '\r':
			*l = inside
			return i
		case *l < lineStart && !utf8.RuneStart(c): // the rest of a character that is left out
		case *l == 0:
			*l = inside
			return i
		default:
			*l--
		}
	}
	return len(p)
}
