package main

import (
	"log"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

func init() {
	// gnet and evio end their engine, and so main, at an accept error that they do not know; the status says that all is well.
	faults["dies-without-descriptors"] = func(s *server) {
		s.acceptError = func(err error) {
			if isFull(err) {
				log.Print(err)
				os.Exit(0)
			}
		}
	}

	// `if err != nil { continue }`, and every level-triggered loop that leaves its listener armed (libevent, bun).
	faults["spins-without-descriptors"] = func(s *server) {
		s.acceptError = func(error) { spin() }
	}

	// asyncio logs a traceback for every failed accept, and it tries again soon.
	faults["floods-log-without-descriptors"] = func(s *server) {
		s.acceptError = func(err error) {
			log.Printf("accept: %v\n%s", err, strings.Repeat(string(debug.Stack()), 100))
			time.Sleep(acceptBackoff)
		}
	}

	// Loggers that panic, or end the process, when the disk is full.
	faults["dies-of-full-disk"] = func(s *server) {
		s.acceptError = func(err error) {
			if _, full := os.Stderr.WriteString(err.Error() + "\n"); full != nil {
				os.Exit(1)
			}
			time.Sleep(acceptBackoff)
		}
	}

	// A line of log for each client that was reset, written in the loop's thread.
	faults["logs-in-loop"] = func(s *server) {
		var loop sync.Mutex
		send := s.send
		s.send = func(c *net.TCPConn, block []byte) error {
			takeTurn(&loop)
			return send(c, block)
		}
		s.hangUp = func(c *net.TCPConn, why error) {
			loop.Lock()
			defer loop.Unlock()
			if isReset(why) {
				log.Print(why)
			}
			c.Close()
		}
	}

	// nbio's listener goroutine returned on the first error, and the server lived on without one (nbio issue 470).
	faults["listener-dies-without-descriptors"] = func(s *server) {
		s.acceptError = func(error) { runtime.Goexit() }
	}

	// netpoll detaches its listener for the first shortage only; from the second on it spins.
	faults["spins-without-descriptors-again"] = func(s *server) {
		shortage := countShortages(s)
		s.acceptError = func(error) {
			if shortage() > 1 {
				spin()
				return
			}
			time.Sleep(acceptBackoff)
		}
	}

	// Servers that survive the first shortage by luck: the spare descriptor that let them was not opened again.
	faults["dies-without-descriptors-again"] = func(s *server) {
		shortage := countShortages(s)
		s.acceptError = func(err error) {
			if shortage() > 1 {
				log.Fatal(err)
			}
			time.Sleep(acceptBackoff)
		}
	}
}

// countShortages returns a function that, called after a failed accept, tells in which shortage that is. A new one has
// begun if since the last one began so many clients were accepted that its whole crowd must have come and gone. They are counted
// where they are accepted: the goroutines that serve them may begin later, behind the failure that they came before.
func countShortages(s *server) func() int {
	const crowd = 36
	accepted, shortages := 0, 0
	s.await = func(*net.TCPListener) { accepted++ } // by the accept that follows, unless it fails
	return func() int {
		if accepted--; shortages == 0 || accepted >= crowd {
			shortages++
			accepted = 0
		}
		return shortages
	}
}
