package main

// A storm is all connections of the engine at once, as after a restart, when every client comes back in the same moment: the handshakes
// are begun one behind the other without waiting for any, each connection sends as soon as it can, and is closed when it is spent. The next
// storm begins when the last connection of this one is over, so that each meets a server that has nothing else to do.
//
// The first request of a connection counts from before its connect. Where the server's queue is full the kernel drops handshakes and the
// client's tries again after a second: that is what users feel in a storm, and it shows here.
type storm struct {
	number int // of storms so far
	up     int // connections of this storm that are not over
}

// isStormDue reports whether the last storm is over, or none has been.
func (e *epollEngine) isStormDue() bool { return e.plan.Storm && e.storm.up == 0 && e.phase < draining }

// rise begins the next storm.
func (e *epollEngine) rise() error {
	for i := range e.streams {
		s := &e.streams[i]
		if s.lost {
			continue
		}
		if e.storm.number > 0 {
			s.renew(e.plan, e.payload)
		}
		now := clock()
		e.issue(s, now)
		if err := e.reach(i, now); err != nil {
			return err
		}
		e.storm.up++
	}
	e.storm.number++
	return nil
}
