package main

import (
	"net"
	"time"
)

func init() {
	// Loops that poll: they ask everybody, sleep for a millisecond, and ask again.
	faults["polls-for-work"] = func(*server) {
		go every(time.Millisecond, func() {
			for until := time.Now().Add(300 * time.Microsecond); time.Now().Before(until); {
			}
		})
	}

	// evio looks around ten times a second, gnet twenty times; this one a hundred times, to be seen in a moment.
	faults["ticks-when-idle"] = func(*server) { go every(10*time.Millisecond, func() {}) }

	// A timer for each client, which its end does not stop.
	faults["leaves-timers"] = func(s *server) {
		hangUp := s.hangUp
		s.hangUp = func(c *net.TCPConn, why error) {
			hangUp(c, why)
			go every(100*time.Millisecond, func() {})
		}
	}
}

// every calls do for ever.
func every(pause time.Duration, do func()) {
	for {
		time.Sleep(pause)
		do()
	}
}
