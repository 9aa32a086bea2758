package schedule

import "fmt"

// A Violation is one promise of an echo server that a history breaks.
type Violation struct {
	Clause Clause
	Step   int // of the event that shows it
	Conn   int
	Want   string
	Got    string
}

// A Clause is one sentence of the model.
type Clause string

// The model, sentence by sentence. Each is about one connection as if there were no other, so that whatever the other
// clients do excuses nothing.
const (
	Accepts     Clause = "a client is accepted"
	Prefix      Clause = "what comes is a prefix of what was sent"
	NoMore      Clause = "no more comes than was sent"
	Delivers    Clause = "while the server runs and the client reads, every byte that was taken comes"
	FINAfterFIN Clause = "FIN comes only to a client that has sent FIN"
	FINAfterAll Clause = "FIN comes only behind the last byte that was sent"
	EndsWithFIN Clause = "a client that has sent FIN and received everything receives FIN"
	NoReset     Clause = "RST comes to no client that did not send one"
	LivesOn     Clause = "the server lives on"
)

// client is what the model knows of a connection.
type client struct {
	sent, got int64
	finSent   bool
}

// Judge returns every promise that a history breaks, the first one first, at most one for each connection: what follows a
// first broken promise follows from it.
func Judge(h History) []Violation {
	var found []Violation
	clients := map[int]*client{}
	broken := map[int]bool{}
	stopped := false
	for _, e := range h {
		switch e.Kind {
		case DidStop:
			stopped = true
		case DidCont:
			stopped = false
		}
		if clients[e.Conn] == nil {
			clients[e.Conn] = &client{}
		}
		if clause, want, got := clients[e.Conn].see(e, stopped); clause != "" && !broken[e.Conn] {
			broken[e.Conn] = true
			found = append(found, Violation{clause, e.Step, e.Conn, want, got})
		}
	}
	return found
}

// see moves the client on by one event, and says which clause that breaks, if any.
func (c *client) see(e Event, stopped bool) (broken Clause, want, got string) {
	switch e.Kind {
	case DidSend:
		c.sent += e.N
	case DidShutdown:
		c.finSent = true
	case Refused:
		return Accepts, "a connection", e.Text
	case Came:
		c.got += e.N
		if c.got > c.sent {
			return NoMore, c.owed(), fmt.Sprintf("%d bytes", c.got)
		}
	case Surplus:
		return NoMore, fmt.Sprintf("%d bytes in all, as many as were sent", c.sent), e.Text
	case Wrong:
		return Prefix, "every byte as it was sent", e.Text
	case SawFIN:
		return c.fin()
	case SawRST:
		return NoReset, c.owed(), fmt.Sprintf("%d bytes, then RST (%s)", c.got, e.Text)
	case Silence:
		if !stopped {
			return c.silence(e)
		}
	case Died:
		return LivesOn, "a server that lives on", "it " + e.Text
	}
	return "", "", ""
}

func (c *client) fin() (broken Clause, want, got string) {
	switch {
	case !c.finSent:
		return FINAfterFIN, c.owed() + ", and an open connection", fmt.Sprintf("%d bytes, then FIN: the client had not finished", c.got)
	case c.got < c.sent:
		return FINAfterAll, c.owed(), fmt.Sprintf("%d bytes, then FIN: the tail is missing, what came is intact", c.got)
	}
	return "", "", ""
}

func (c *client) silence(e Event) (broken Clause, want, got string) {
	switch {
	case c.got < c.sent:
		return Delivers, c.owed(), fmt.Sprintf("%d bytes, then nothing: %s", c.got, e.Text)
	case c.finSent:
		return EndsWithFIN, c.owed(), fmt.Sprintf("%d bytes, and the connection stays open: %s", c.got, e.Text)
	}
	return "", "", "" // nothing was owed
}

// owed says what the client must receive.
func (c *client) owed() string {
	if c.finSent {
		return fmt.Sprintf("%d bytes, then FIN", c.sent)
	}
	return fmt.Sprintf("%d bytes", c.sent)
}
