package main

import (
	"fmt"
	"log"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// A server holds the callbacks. gnet calls OnOpen, OnTraffic and OnClose on the loop that owns the connection.
type server struct {
	gnet.BuiltinEventEngine
	engine  gnet.Engine
	addr    string
	release func() // of the port that was held until every loop had bound it

	stopping atomic.Bool
	mutex    sync.Mutex
	conns    map[gnet.Conn]struct{} // for stop alone
}

// OnBoot comes when the listening socket is bound and no loop runs yet.
func (s *server) OnBoot(engine gnet.Engine) gnet.Action {
	s.engine = engine
	addr, err := boundAddress(engine)
	if err != nil {
		log.Fatal(err)
	}
	s.addr = addr
	stopOnSignal(s)
	return gnet.None
}

// OnTick comes for the first time once the loops have been started, and after this answer not again.
func (s *server) OnTick() (time.Duration, gnet.Action) {
	s.release()
	fmt.Println("listening", s.addr)
	return math.MaxInt64, gnet.None
}

// OnTraffic is the whole of echo. The bytes are the loop's until it returns; Write sends them or copies them.
func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	received, _ := c.Next(-1)
	if _, err := c.Write(received); err != nil {
		return gnet.Close
	}
	return gnet.None
}

func (s *server) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	if s.stopping.Load() {
		return nil, gnet.Close
	}
	s.mutex.Lock()
	s.conns[c] = struct{}{}
	s.mutex.Unlock()
	return nil, gnet.None
}

func (s *server) OnClose(c gnet.Conn, _ error) gnet.Action {
	s.mutex.Lock()
	delete(s.conns, c)
	s.mutex.Unlock()
	return gnet.None
}
