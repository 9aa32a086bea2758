package spec

// acceptErrorChecks: accept fails for other reasons than a want of descriptors.
var acceptErrorChecks = []Check{acceptShortages, acceptAborted}

var acceptShortages = Check{
	Slug:   "limit/enfile-enobufs-enomem",
	Level:  MUST,
	Says:   "When accept fails for want of something else (ENFILE, ENOBUFS, ENOMEM) the server MUST live on and try again.",
	Source: "accept(2)",
	Why: "These are shortages of the whole machine, and pass. gnet and evio end their engine at them, with exit status 0; Go " +
		"itself took ENFILE for a permanent error (golang issue 35131).",
	Sound: "Every second accept fails, from outside and in words of its manual page, and the connection stays in the backlog as " +
		"it would. A server may wait before it tries again; each client has the whole patience of the suite.",
	Profile: Full,
	Fresh:   true,
	Run:     func(t *T) { t.acceptFails("ENFILE", "ENOBUFS", "ENOMEM") },
}

var acceptAborted = Check{
	Slug:  "limit/econnaborted-eproto",
	Level: MUST,
	Says: "When accept fails for a reason of the connection or of the network (ECONNABORTED, EPROTO, EPERM, ENETDOWN, " +
		"EHOSTUNREACH) the server MUST go on to the next connection.",
	Source: "accept(2): treat them like EAGAIN by retrying",
	Why: "Linux passes the pending error of a new connection on to accept, and a firewall adds EPERM. evio ends at each of them, " +
		"gnet at all but ECONNABORTED.",
	Sound: "As limit/enfile-enobufs-enomem. Other connections wait behind the one that failed, as they may in earnest: a server " +
		"that is told of the listener once only has to try again itself.",
	Profile: Full,
	Fresh:   true,
	Run:     func(t *T) { t.acceptFails("ECONNABORTED", "EPROTO", "EPERM", "ENETDOWN", "EHOSTUNREACH") },
}

// acceptFails lets every second accept fail while clients come, with one error after another.
func (t *T) acceptFails(errors ...string) {
	happened := 0
	for _, e := range errors {
		failing := t.Server().Inject(fault{calls: acceptCalls, what: "error=" + e, when: "1+2"})
		clients := t.DialMany(6)
		for _, c := range clients {
			c.ping()
		}
		happened += failing.End()
		closeAll(clients)
		t.Dial(quietly).ping()
	}
	t.demandInjections(happened, acceptCalls)
}
