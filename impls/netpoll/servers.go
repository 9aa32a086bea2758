package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/cloudwego/netpoll"
)

const drainTime = 5 * time.Second // what the server contract grants to clients that still read at SIGTERM

// The servers of one listener: the one that accepts, and before it one for each shortage of descriptors, which may still
// have connections.
type servers struct {
	mutex   sync.Mutex
	loops   []netpoll.EventLoop
	stopped bool
}

// serve returns when a server ends for another reason than a shortage.
func (s *servers) serve(listener net.Listener) error {
	for {
		loop, err := netpoll.NewEventLoop(echo)
		if err != nil {
			return err
		}
		if !s.add(loop) {
			return nil
		}
		if err := loop.Serve(listener); !errors.Is(err, errShortage) {
			return err
		}
		waitForDescriptors()
	}
}

func (s *servers) add(loop netpoll.EventLoop) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.loops = append(s.loops, loop)
	return !s.stopped
}

// drain closes the listener and then every connection as soon as it is idle; netpoll calls it so when it is not being
// handled and owes nothing.
func (s *servers) drain() {
	s.mutex.Lock()
	s.stopped = true
	loops := s.loops
	s.mutex.Unlock()

	patience, enough := context.WithTimeout(context.Background(), drainTime)
	defer enough()
	var draining sync.WaitGroup
	for _, loop := range loops {
		draining.Go(func() { loop.Shutdown(patience) })
	}
	draining.Wait()
}
