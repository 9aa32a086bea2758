// Command client connects, sends its standard input, and prints what comes back. It says on standard error by which method of the kernel it
// waits (REACTOR_METHOD chooses another). At the end of its input it shuts down the sending side;
// it ends when the server's end of stream comes, so everything the server has to say is printed.
//
// Standard input is read by a goroutine, not by an event. It may be a file, and a file cannot be waited for: epoll refuses it
// (EPERM), because for a file "ready" has no meaning. It may also be a terminal or a pipe that other
// programs share, and to make that non-blocking would change it for all of them. So the goroutine reads and blocks as it likes,
// and hands each piece to the loop by Post, the one method for other goroutines.
//
// A piece is sent from where it lies (AddReference), and cleanup, which the buffer calls when the last byte is gone, is the
// goroutine's permission to read the next one. That is the back-pressure: a server that does not read stops the
// reading of standard input, and memory stays at one piece.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"reactorbench/impls/reactor"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("client: ")
	addr := flag.String("addr", "127.0.0.1:7007", "`address` to connect to")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

// run connects and returns when the connection has ended, with an error unless that was by the server's end of stream.
func run(addr string) error {
	base, err := reactor.New()
	if err != nil {
		return err
	}
	defer base.Close()
	bev := base.NewBufferEvent(-1)
	var failure error
	bev.OnRead(func() {
		// This blocks the loop while the reader of our output is slow. Then nothing is read from the server either, which is right
		// here; a program with a second connection could not afford it.
		if _, err := bev.Input().WriteTo(os.Stdout); err != nil {
			failure = err
			bev.Close()
		}
	})
	bev.OnEvent(func(what reactor.Outcome) {
		if what.Has(reactor.Connected) {
			log.Printf("connected to %s, waiting by %s", addr, base.Method())
			bev.Enable(reactor.Read)
			go sendInput(base, bev)
			return
		}
		if !what.Has(reactor.EOF) {
			failure = fmt.Errorf("%s: %w", addr, bev.Err())
		}
		bev.Close() // now there is nothing left to wait for, and Dispatch returns
	})
	if err := bev.Connect("tcp", addr); err != nil {
		return err
	}
	if err := base.Dispatch(); err != nil {
		return err
	}
	return failure
}

// sendInput reads standard input and has the loop send it. It runs in a goroutine of its own and touches the connection only inside
// of Post.
func sendInput(base *reactor.Base, bev *reactor.BufferEvent) {
	piece := make([]byte, 64<<10)
	sent := make(chan struct{}, 1)
	for {
		n, err := os.Stdin.Read(piece)
		if n > 0 {
			base.Post(func() {
				bev.Output().AddReference(piece[:n], func() { sent <- struct{}{} })
			})
			<-sent
		}
		if err != nil {
			if err != io.EOF {
				log.Print(err)
			}
			base.Post(bev.CloseWrite)
			return
		}
	}
}
