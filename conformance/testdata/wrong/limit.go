package main

import (
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
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

	// nbio's listener goroutine returned on the first error, and the server lived on without one (nbio issue 470).
	faults["listener-dies-without-descriptors"] = func(s *server) {
		s.acceptError = func(error) { runtime.Goexit() }
	}

	// netpoll detaches its listener for the first shortage only; from the second on it spins.
	faults["spins-without-descriptors-again"] = func(s *server) {
		var shortages int
		var last time.Time
		s.acceptError = func(error) {
			if time.Since(last) > 4*acceptBackoff {
				shortages++
			}
			last = time.Now()
			if shortages > 1 {
				spin()
				return
			}
			time.Sleep(acceptBackoff)
		}
	}

	// Servers that survive the first shortage by luck: the spare descriptor that let them was not opened again.
	faults["dies-without-descriptors-again"] = func(s *server) {
		var shortages int
		var last time.Time
		s.acceptError = func(err error) {
			if time.Since(last) > 4*acceptBackoff {
				shortages++
			}
			last = time.Now()
			if shortages > 1 {
				log.Fatal(err)
			}
			time.Sleep(acceptBackoff)
		}
	}
}
