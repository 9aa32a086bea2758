package spec

import "syscall"

// closeTimeWaitChecks: who keeps what is left of a connection.
var closeTimeWaitChecks = []Check{timeWaitSide}

var timeWaitSide = Check{
	Slug:   "close/time-wait-side",
	Level:  MAY,
	Says:   "On which side a connection waits out its last minute (TIME_WAIT), when the client ends it and when the server does, is reported.",
	Source: "RFC 9293 section 3.6.1",
	Why: "Whoever says FIN first keeps an entry and the port for a minute. At the server it is what makes a restart fail without " +
		"SO_REUSEADDR; a server that ends by RST leaves none, and takes what was still under way along.",
	Sound: "Nothing is demanded. The kernel is asked for both ends.",
	Fresh: true,
	Run: func(t *T) {
		first, second := t.Dial(), t.Dial()
		first.Ping()
		second.Ping()
		first.CloseWrite()
		first.ExpectResetOrFIN()
		ofClient := t.timeWait(first)
		t.Server().Signal(syscall.SIGTERM)
		second.ExpectResetOrFIN()
		t.Infof("ended by the client: %s; by the server after SIGTERM: %s", ofClient, t.timeWait(second))
	},
}

// timeWait closes the client's end of a connection whose other end is closed, and says who keeps it.
func (t *T) timeWait(c *Conn) string {
	c.Close()
	t.WaitFor(c.ServerState(TimeWait, Gone))
	if c.ServerSocket().State == TimeWait {
		return "the server keeps it"
	}
	var atClients inquiry
	defer atClients.close()
	own, err := atClients.lookup(c.server.clientSocket(), fourTuple{server: c.addresses.client, client: c.addresses.server})
	if err != nil {
		t.unobservable(err)
	}
	if own.State == TimeWait {
		return "the client keeps it"
	}
	return "nobody keeps it"
}
