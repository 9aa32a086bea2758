package schedule

import "fmt"

// A phase is how far a connection has come.
type phase uint8

const (
	unused   phase = iota
	open           // both directions
	shutDown       // the client has said everything and may read
	over           // closed or reset; the name is not used again
)

// state is what a schedule has done so far: enough to say whether a command makes sense.
type state struct {
	conns   [MaxConns + 1]phase
	stopped bool
}

// apply makes a command's change, or says why no client could do that.
func (s *state) apply(c Command) *SyntaxError {
	illegal := func(format string, args ...any) *SyntaxError {
		return &SyntaxError{Word: c.String(), Why: fmt.Sprintf(format, args...)}
	}
	at := &s.conns[c.Conn]
	switch c.Verb {
	case Pause:
	case Stop, Cont:
		if s.stopped == (c.Verb == Stop) {
			return illegal("the server is %s already", map[bool]string{true: "stopped", false: "running"}[s.stopped])
		}
		s.stopped = c.Verb == Stop
	case Connect:
		if *at != unused {
			return illegal("c%d has been used; the next client needs another name", c.Conn)
		}
		*at = open
	default:
		switch {
		case *at == unused:
			return illegal("c%d is not connected; write c%d: connect before", c.Conn, c.Conn)
		case *at == over:
			return illegal("c%d has been closed", c.Conn)
		case *at == shutDown && (c.Verb == Send || c.Verb == Shutdown):
			return illegal("c%d has been shut down", c.Conn)
		}
		switch c.Verb {
		case Shutdown:
			*at = shutDown
		case Close, Reset:
			*at = over
		}
	}
	return nil
}

// Legal says why a schedule cannot be carried out, or nil.
func (s Schedule) Legal() error {
	var now state
	for i, c := range s {
		if err := now.apply(c); err != nil {
			err.Line = i + 1
			return err
		}
	}
	return nil
}

// repaired leaves out the commands that have lost their sense because others were left out.
func (s Schedule) repaired() Schedule {
	var now state
	kept := make(Schedule, 0, len(s))
	for _, c := range s {
		if now.apply(c) == nil {
			kept = append(kept, c)
		}
	}
	return kept
}
