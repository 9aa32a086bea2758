package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/panjf2000/gnet/v2"
)

const (
	drainTime = 5 * time.Second       // what the server contract grants to clients that still read at SIGTERM
	drainStep = 10 * time.Millisecond // between two looks at who has everything: no callback tells
)

// stop closes every connection as soon as it owes nothing, and then the engine.
func (s *server) stop() {
	s.stopping.Store(true)
	for end := time.Now().Add(drainTime); time.Now().Before(end); time.Sleep(drainStep) {
		waiting := s.open()
		if len(waiting) == 0 {
			break
		}
		for _, c := range waiting {
			c.EventLoop().Execute(context.Background(), closeIfDelivered(c))
		}
	}
	s.engine.Stop(context.Background())
}

func (s *server) open() []gnet.Conn {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}

// closeIfDelivered must run on the connection's own loop, where no write can come between the look and the act.
func closeIfDelivered(c gnet.Conn) gnet.RunnableFunc {
	return func(context.Context) error {
		if c.OutboundBuffered() > 0 {
			return nil
		}
		return c.EventLoop().Close(c)
	}
}
