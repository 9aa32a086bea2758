package spec

import "reactorbench/impls"

// connHerdChecks: who wakes for a new client.
var connHerdChecks = []Check{thunderingHerd}

// herd is how many event loops the server has: enough for a herd to show, and what machines have.
const herd = 4

var thunderingHerd = Check{
	Slug:   "conn/thundering",
	Level:  MAY,
	Says:   "How often the threads of a server with four event loops wake for a new client is reported.",
	Source: "epoll_ctl(2): EPOLLEXCLUSIVE; accept(2)",
	Why: "Every loop that watches the listener may wake for each client, and all but one find nothing: the thundering herd. evio wakes " +
		"all its loops, and lets them accept in turn.",
	Sound: "Nothing is demanded. The kernel counts the context switches; clients come one by one and send nothing.",
	// -loops is a flag of the contract.
	Feature: contractOnly,
	Starts:  true,
	Profile: Full,
	Run: func(t *T) {
		const clients = 100
		s, err := t.TryStart(impls.Options{Loops: herd})
		if err != nil {
			t.Infof("it does not start with %d event loops: %v", herd, err)
			return
		}
		t.server = s
		t.Dial(quietly).ping()
		before := t.Server().Usage().VoluntarySwitches
		for range clients {
			t.waitQuietly(t.Dial(quietly).Accepted())
		}
		after := t.Server().Usage()
		t.Infof("%.1f context switches an accepted client, among %d threads", float64(after.VoluntarySwitches-before)/clients, after.Threads)
	},
}

// Accepted: the server's process holds the connection, not its kernel alone.
func (c *Conn) Accepted() Condition {
	return c.serverSide("the server has accepted the connection", func(now Socket) bool { return now.Inode != 0 })
}
