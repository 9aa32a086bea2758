package spec

// closeChecks: how a connection ends.
var closeChecks = []Check{
	halfCloseBacklog,
}

var halfCloseBacklog = Check{
	Slug:  "close/half-close-backlog",
	Level: MUST,
	Says: "After the client shuts down its sending side the server delivers every byte that it accepted " +
		"and then closes with FIN, even if its output was blocked at that moment.",
	Source: "RFC 9293 section 3.6",
	Why: "A server that closes when it reads the end of the stream throws its own output queue away, and the FIN that " +
		"follows makes the loss look like success. Measured in gnet, netpoll, libevent's and libuv's sample code.",
	Sound: "The client reads only when the kernel says that the FIN has arrived or cannot arrive yet; a slow machine " +
		"makes the backlog smaller, never the expectation different.",
	Run: func(t *T) {
		c := t.Dial(WithReceiveBuffer(4 << 10))
		n := c.SendUntilBlocked(8 << 20)
		c.CloseWrite()
		t.WaitFor(c.ServerKnowsFIN())
		c.ExpectEcho(n)
		c.ExpectFIN()
	},
}
